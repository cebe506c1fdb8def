"""The child's side: ``python -m core.processes.child FD OWNER_PID MEMORY_BYTES``.

Waits for calls, runs them one after the other, and streams what they yield. It dies
with its owner: on Linux the kernel sees to that, whatever the process is doing;
elsewhere a thread does, as soon as the interpreter lets it run.
"""

import contextlib
import ctypes
import importlib
import os
import pickle
import resource
import signal
import sys
import threading
from queue import SimpleQueue
from socket import socket
from typing import Any, Final

import msgspec

from core.processes import child_logging
from core.processes.errors import dump_error
from core.processes.frames import Frame, Kind, read_blocking, write_blocking

_PR_SET_PDEATHSIG: Final = 1
_OOM_SCORE: Final = "500"


def main() -> None:
    """Serve the owner at the other end of the socket until it goes away."""
    descriptor, owner, memory_bytes = map(int, sys.argv[1:4])
    connection = socket(fileno=descriptor)
    _die_with(owner)
    _ignore_signals()
    _limit(memory_bytes)
    child_logging.configure()
    inbox: SimpleQueue[Frame] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, inbox), daemon=True).start()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        _serve(connection, inbox)


def _serve(connection: socket, inbox: SimpleQueue[Frame]) -> None:
    while True:
        kind, body = inbox.get()
        try:
            if kind is Kind.SETUP:
                _prepare(body)
                write_blocking(connection, Kind.READY)
            else:
                _run(connection, body)
                write_blocking(connection, Kind.DONE)
        except (BrokenPipeError, ConnectionResetError):
            raise
        except BaseException as error:
            failure = dump_error(error)
            del error
            write_blocking(connection, Kind.ERROR, failure)


def _prepare(body: bytes) -> None:
    sys.path[:], modules = pickle.loads(body)
    for module in modules:
        importlib.import_module(module)


def _run(connection: socket, body: bytes) -> None:
    function, args, kwargs = pickle.loads(body)
    encoder = msgspec.msgpack.Encoder()
    items: Any = function(*args, **kwargs)
    for item in items:
        write_blocking(connection, Kind.ITEM, encoder.encode(item))


def _listen(connection: socket, inbox: SimpleQueue[Frame]) -> None:
    """Take what the owner sends; end the process, whatever it does, when it is gone."""
    try:
        while True:
            inbox.put(read_blocking(connection))
    except BaseException:
        os._exit(0)


def _die_with(owner: int) -> None:
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != owner:
        os._exit(0)


def _ignore_signals() -> None:
    """Leave it to the owner to end what runs, when a terminal or a service stops it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _limit(memory_bytes: int) -> None:
    """Bound the process' own memory, and make it the one that the kernel ends first.

    RLIMIT_DATA counts what the process may write to, not the files that it maps.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    except (ValueError, OSError):
        if sys.platform == "linux":
            raise
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write(_OOM_SCORE)


if __name__ == "__main__":
    main()
