"""The process pool, with real processes that are really killed."""

import asyncio
import ctypes
import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
import pytest_asyncio
from loguru import logger

from core.errors import AppError, ErrorCode
from core.processes import ProcessDied, ProcessFailed, ProcessPool, ProcessTimeout

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEMORY = 512 * 1024**2
GRACE = 1.0


class Number(msgspec.Struct, tag="number"):
    value: int


class Blob(msgspec.Struct, tag="blob"):
    data: bytes


Item = Number | Blob


# --------------------------------------------------------- what runs in the children


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


# ------------------------------------------------------------------------ the tests


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[ProcessPool]:
    """One pool for all: whatever happens in a test, the next finds it whole."""
    pool = ProcessPool(2, memory_bytes=MEMORY, preload=[__name__])
    await pool.start()
    yield pool
    await pool.close()


async def run(
    pool: ProcessPool,
    function: Callable[..., Iterator[Any]],
    *args: Any,
    timeout: float = 30,
    **kwargs: Any,
) -> list[Item]:
    stream = pool.stream(function, *args, result_type=Item, timeout=timeout, **kwargs)
    return [item async for item in stream]


async def pid_of(pool: ProcessPool) -> int:
    [item] = await run(pool, pid)
    assert isinstance(item, Number)
    return item.value


async def gone(*pids: int, within: float = GRACE) -> bool:
    """Tell whether all processes end in time (one that is not reaped counts as ended)."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if not any(map(_lives, pids)):
            return True
        await asyncio.sleep(0.01)
    return False


def _children(owner: int | None = None) -> set[int]:
    return {child.pid for child in psutil.Process(owner).children()}


def _lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


async def test_closing_the_pool_leaves_no_process() -> None:
    pool = ProcessPool(2, memory_bytes=MEMORY)
    others = _children()
    await pool.start()
    stream = pool.stream(pid_then, spin, result_type=Item, timeout=30)
    first = await anext(stream)
    assert isinstance(first, Number)
    assert len(_children() - others) == 2
    await pool.close()
    assert _children() <= others
    with pytest.raises(ProcessDied):
        await anext(stream)
    with pytest.raises(RuntimeError, match="^the process pool is not open$"):
        await pid_of(pool)


async def test_a_module_that_is_not_there_fails_the_start() -> None:
    pool = ProcessPool(1, memory_bytes=MEMORY, preload=["no_such_module"])
    others = _children()
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        await pool.start()
    assert _children() <= others


async def test_items_come_in_order_and_as_their_own_types(pool: ProcessPool) -> None:
    items = await run(pool, mixed, 50, size=200_000)
    assert items[::2] == [Number(value) for value in range(50)]
    assert items[1::2] == [Blob(bytes([value]) * 200_000) for value in range(50)]


async def test_items_arrive_while_the_function_still_runs(pool: ProcessPool) -> None:
    stream = pool.stream(pid_then, spin, result_type=Item, timeout=30)
    async with aclosing(stream) as items:
        first = await asyncio.wait_for(anext(items), 5)
    assert isinstance(first, Number)


async def test_a_slow_consumer_holds_the_function_up(
    pool: ProcessPool, tmp_path: Path
) -> None:
    taken = tmp_path / "taken"
    stream = pool.stream(
        count_into, str(taken), 1000, 100_000, result_type=Item, timeout=30
    )
    async with aclosing(stream) as items:
        await anext(items)
        await asyncio.sleep(0.3)
        early = int(taken.read_text())
        await asyncio.sleep(0.3)
        assert int(taken.read_text()) == early < 20
        assert [type(item) async for item in items] == [Blob] * 999


async def test_consecutive_calls_reuse_the_process(pool: ProcessPool) -> None:
    assert len({await pid_of(pool) for _ in range(10)}) == 1


BUSY = [
    spin,
    spin_in_c_holding_the_gil,
    spin_in_c_without_the_gil,
    swallow_everything,
]


@pytest.mark.parametrize("busy", BUSY)
async def test_closing_the_generator_kills_the_process(
    pool: ProcessPool, busy: Callable[[], None]
) -> None:
    stream = pool.stream(pid_then, busy, result_type=Item, timeout=30)
    first = await anext(stream)
    assert isinstance(first, Number)
    await asyncio.sleep(0.2)
    assert _lives(first.value)
    await stream.aclose()
    assert await gone(first.value)
    assert first.value not in {await pid_of(pool) for _ in range(3)}


@pytest.mark.parametrize("busy", BUSY)
async def test_cancelling_the_task_kills_the_process(
    pool: ProcessPool, busy: Callable[[], None]
) -> None:
    seen: asyncio.Queue[Any] = asyncio.Queue()

    async def consume() -> None:
        async for item in pool.stream(pid_then, busy, result_type=Item, timeout=30):
            seen.put_nowait(item)

    task = asyncio.create_task(consume())
    first = await seen.get()
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone(first.value)
    assert seen.empty()


async def test_the_timeout_kills_the_process(pool: ProcessPool) -> None:
    stream = pool.stream(pid_then, spin, result_type=Item, timeout=0.5)
    first = await anext(stream)
    began = time.monotonic()
    assert isinstance(first, Number)
    with pytest.raises(ProcessTimeout, match=r"^no end after 0\.5 s: .* was killed$"):
        await anext(stream)
    assert 0.3 < time.monotonic() - began < 1.5
    assert await gone(first.value)


@pytest.mark.parametrize(
    ("function", "args", "exit_code", "how", "out_of_memory"),
    [
        (exit_at_once, (3,), 3, "exit code 3", False),
        (exit_at_once, (0,), 0, "exit code 0", False),
        (kill_oneself, (signal.SIGKILL,), -9, "SIGKILL", False),
        (crash, (), -11, "SIGSEGV", False),
        (abort_for_want_of_memory, (), -6, "SIGABRT", True),
    ],
)
async def test_a_death_is_told_and_the_pool_goes_on(
    pool: ProcessPool,
    function: Callable[..., Iterator[Item]],
    args: tuple[int, ...],
    exit_code: int,
    how: str,
    out_of_memory: bool,
) -> None:
    stream = pool.stream(function, *args, result_type=Item, timeout=30)
    assert await anext(stream) == Number(1)
    with pytest.raises(ProcessDied) as caught:
        await anext(stream)
    assert (caught.value.exit_code, caught.value.how) == (exit_code, how)
    assert caught.value.out_of_memory is out_of_memory
    reason = ", probably for want of memory" if out_of_memory else ""
    assert str(caught.value) == f"the process died: {how}{reason}"
    assert await run(pool, mixed, 1, size=1) == [Number(0), Blob(b"\0")]


async def test_a_process_that_died_at_rest_is_not_given_to_a_call(
    pool: ProcessPool,
) -> None:
    for _ in range(3):
        resting = await pid_of(pool)
        os.kill(resting, signal.SIGKILL)
        assert await gone(resting)
        await asyncio.sleep(0.05)
        assert await pid_of(pool) != resting


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is enforced on Linux")
async def test_the_memory_limit_is_a_memory_error(pool: ProcessPool) -> None:
    before = await pid_of(pool)
    with pytest.raises(MemoryError) as caught:
        await run(pool, eat, 2 * MEMORY)
    assert caught.value.args == ("out of memory",)
    assert await gone(before)
    assert await run(pool, eat, MEMORY // 4) == [Number(MEMORY // 4 // 1024**2)]


async def test_an_app_error_keeps_all_it_has(pool: ProcessPool) -> None:
    before = await pid_of(pool)
    with pytest.raises(AppError) as caught:
        await run(pool, fail_with_app_error)
    assert str(caught.value) == "文件已损坏"
    assert caught.value.code is ErrorCode.CORRUPT_FILE
    assert caught.value.message == "文件已损坏"
    assert caught.value.field == ("input", "fileId")
    assert await pid_of(pool) == before


async def test_an_exception_that_pickle_loses_keeps_its_attributes(
    pool: ProcessPool,
) -> None:
    with pytest.raises(Detailed) as caught:
        await run(pool, fail_in_detail)
    assert str(caught.value) == "seven"
    assert vars(caught.value) == {
        "code": 7,
        "message": "seven",
        "hint": "try eight",
        "__notes__": caught.value.__notes__,
    }
    [note] = caught.value.__notes__
    assert "fail_in_detail" in note and "ValueError: the cause" in note


@pytest.mark.parametrize(
    ("function", "type_name", "message"),
    [
        (fail_stubbornly, "Stubborn", "I stay here"),
        (leave, "SystemExit", "goodbye"),
    ],
)
async def test_what_cannot_cross_is_told_by_name(
    pool: ProcessPool,
    function: Callable[..., Iterator[Item]],
    type_name: str,
    message: str,
) -> None:
    before = await pid_of(pool)
    with pytest.raises(ProcessFailed) as caught:
        await run(pool, function)
    assert caught.value.args == (type_name, message)
    assert await pid_of(pool) == before


async def test_a_result_of_another_type_is_refused(pool: ProcessPool) -> None:
    with pytest.raises(msgspec.ValidationError, match="Invalid value 'unknown'"):
        await run(pool, yield_nonsense)
    assert await run(pool, mixed, 1, size=1) == [Number(0), Blob(b"\0")]


async def test_calls_get_their_turn_in_order(tmp_path: Path) -> None:
    log = tmp_path / "order"
    pool = ProcessPool(2, memory_bytes=MEMORY, preload=[__name__])
    await pool.start()
    calls = [run(pool, pid_after, 0.05, str(log), str(n)) for n in range(20)]
    results = await asyncio.gather(*calls)
    await pool.close()
    pids = {item.value for [item] in results if isinstance(item, Number)}
    assert len(results) == 20 and len(pids) == 2
    order = [int(mark) for mark in log.read_text().split()]
    assert sorted(order) == list(range(20))
    # Two run at once, so those next to each other may change places as they write.
    assert all(abs(place - mark) <= 2 for place, mark in enumerate(order))


async def test_a_cancelled_wait_gives_its_turn_to_the_next(pool: ProcessPool) -> None:
    busy = [
        pool.stream(pid_then, swallow_everything, result_type=Item, timeout=30)
        for _ in range(2)
    ]
    for stream in busy:
        await anext(stream)
    waiting = [asyncio.create_task(pid_of(pool)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    for stream in busy:
        await stream.aclose()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert all(isinstance(result, int) for result in results[1:])


async def test_signals_to_the_group_are_left_to_the_owner(pool: ProcessPool) -> None:
    stream = pool.stream(pid_then, spin, result_type=Item, timeout=30)
    async with aclosing(stream) as items:
        first = await anext(items)
        assert isinstance(first, Number)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(first.value, number)
        assert os.getpgid(first.value) != os.getpgid(0)
        assert not await gone(first.value, within=0.3)


async def test_what_a_child_says_is_logged_in_the_callers_context(
    pool: ProcessPool,
) -> None:
    records: list[tuple[str, str, Any]] = []

    def sink(message: Any) -> None:
        record = message.record
        records.append(
            (record["level"].name, record["message"], record["extra"].get("job"))
        )

    sink_id = logger.add(sink)
    try:
        with logger.contextualize(job="job_1"):
            await run(pool, say, "mind\nthe gap")
        await asyncio.sleep(0.1)
        await run(pool, pid)
    finally:
        logger.remove(sink_id)
    assert records == [
        ("WARNING", "mind\nthe gap", "job_1"),
        ("WARNING", "on stdout\none\ntwo", "job_1"),
    ]


OWNER = """
import asyncio, sys
from core.processes import ProcessPool
from tests.test_core import test_processes as functions

async def main():
    pool = ProcessPool(3, memory_bytes=functions.MEMORY)
    await pool.start()
    streams = []
    for name in sys.argv[1:]:
        busy = getattr(functions, name)
        streams.append(
            pool.stream(
                functions.pid_then, busy, result_type=functions.Item, timeout=60
            )
        )
        print((await anext(streams[-1])).value, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
async def test_no_child_outlives_an_owner_that_is_killed() -> None:
    busy = [spin_in_c_holding_the_gil, spin_in_c_without_the_gil]
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, *(function.__name__ for function in busy)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    )
    assert owner.stdout is not None
    working = [int(owner.stdout.readline()) for _ in busy]
    children = _children(owner.pid)
    assert len(children) == 3 and set(working) < children
    await asyncio.sleep(0.3)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert await gone(*children)


async def test_a_warm_call_is_quick(
    pool: ProcessPool, record_property: Callable[[str, object], None]
) -> None:
    await pid_of(pool)
    began = time.perf_counter()
    for _ in range(200):
        await pid_of(pool)
    milliseconds = (time.perf_counter() - began) * 1000 / 200
    record_property("warm_call_ms", milliseconds)
    print(f"a trivial call on a warm process: {milliseconds:.2f} ms")
    assert milliseconds < 100
