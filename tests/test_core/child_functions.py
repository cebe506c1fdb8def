"""What the tests of the process pool run in its processes."""

import ctypes
import hashlib
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from loguru import logger

from core.errors import AppError, ErrorCode


class Number(msgspec.Struct, tag="number"):
    value: int


class Blob(msgspec.Struct, tag="blob"):
    data: bytes


Item = Number | Blob


def mixed(count: int, *, size: int) -> Iterator[Item]:
    for value in range(count):
        yield Number(value)
        yield Blob(bytes([value]) * size)


def pid() -> Iterator[Item]:
    yield Number(os.getpid())


def pid_after(seconds: float, log: str, mark: str) -> Iterator[Item]:
    with open(log, "a") as file:
        file.write(mark + "\n")
    time.sleep(seconds)
    yield Number(os.getpid())


def count_into(path: str, total: int, size: int) -> Iterator[Item]:
    """Yield blobs, and note in a file how many were taken so far."""
    for value in range(total):
        yield Blob(bytes(size))
        Path(path).write_text(str(value + 1))


def pid_then(busy: Callable[[], None]) -> Iterator[Item]:
    yield Number(os.getpid())
    busy()


def spin() -> None:
    while True:
        pass


def spin_in_c_holding_the_gil() -> None:
    re.match(r"(a+)+$", "a" * 64 + "b")


def spin_in_c_without_the_gil() -> None:
    hashlib.pbkdf2_hmac("sha512", b"password", b"salt", 10**9)


def swallow_everything() -> None:
    while True:
        try:
            time.sleep(60)
        except BaseException:
            continue


def exit_at_once(code: int) -> Iterator[Item]:
    yield Number(1)
    os._exit(code)


def kill_oneself(number: int) -> Iterator[Item]:
    yield Number(1)
    os.kill(os.getpid(), number)
    time.sleep(60)


def crash() -> Iterator[Item]:
    yield Number(1)
    ctypes.string_at(0)


def abort_for_want_of_memory() -> Iterator[Item]:
    yield Number(1)
    os.write(2, b"terminate called after throwing 'std::bad_alloc'\n")
    os.abort()


def eat(byte_count: int) -> Iterator[Item]:
    blocks = [bytearray(1024**2) for _ in range(byte_count // 1024**2)]
    yield Number(len(blocks))


class Detailed(Exception):
    """Pickle alone cannot bring it back: it hands its parent less than it takes."""

    def __init__(self, code: int, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


class Stubborn(Exception):
    def __reduce__(self) -> Any:
        raise TypeError("not for export")

    def __init__(self) -> None:
        super().__init__("I stay here")
        self.lock = threading.Lock()


def fail_with_app_error() -> Iterator[Item]:
    yield Number(1)
    raise AppError(ErrorCode.CORRUPT_FILE, "文件已损坏", field=("input", "fileId"))


def fail_when(path: str) -> Iterator[Item]:
    """Fail once the file is there."""
    yield Number(os.getpid())
    while not Path(path).exists():
        time.sleep(0.01)
    raise AppError(ErrorCode.CORRUPT_FILE, "it broke")


def fail_in_detail() -> Iterator[Item]:
    yield Number(1)
    raise Detailed(7, "seven", hint="try eight") from ValueError("the cause")


def fail_stubbornly() -> Iterator[Item]:
    yield Number(1)
    raise Stubborn


def leave() -> Iterator[Item]:
    yield Number(1)
    sys.exit("goodbye")


def say(words: str) -> Iterator[Item]:
    logger.warning(words)
    print("on stdout", flush=True)
    os.write(2, b"one\ntwo\n")
    yield Number(1)


def yield_nonsense() -> Iterator[Any]:
    yield {"type": "unknown"}
