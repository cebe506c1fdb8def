"""How processes end: killed, dead by themselves, or with their owner."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from core.processes import ProcessDied, ProcessPool, ProcessTimeout
from tests.test_core.child_functions import (
    Blob,
    Item,
    Number,
    abort_for_want_of_memory,
    crash,
    eat,
    exit_at_once,
    kill_oneself,
    mixed,
    pid_then,
    spin,
    spin_in_c_holding_the_gil,
    spin_in_c_without_the_gil,
    swallow_everything,
)
from tests.test_core.pools import MEMORY, children, gone, lives, pid_of, pool, run

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_closing_the_pool_leaves_no_process() -> None:
    pool = ProcessPool(2, memory_bytes=MEMORY)
    others = children()
    await pool.start()
    stream = pool.stream(pid_then, spin, result_type=Item, timeout=30)
    first = await anext(stream)
    assert isinstance(first, Number)
    assert len(children() - others) == 2
    await pool.close()
    assert children() <= others
    with pytest.raises(ProcessDied):
        await anext(stream)
    with pytest.raises(RuntimeError, match="^the process pool is not open$"):
        await pid_of(pool)


async def test_a_module_that_is_not_there_fails_the_start() -> None:
    pool = ProcessPool(1, memory_bytes=MEMORY, preload=["no_such_module"])
    others = children()
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        await pool.start()
    assert children() <= others


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
    assert lives(first.value)
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


async def test_signals_to_the_group_are_left_to_the_owner(pool: ProcessPool) -> None:
    stream = pool.stream(pid_then, spin, result_type=Item, timeout=30)
    async with aclosing(stream) as items:
        first = await anext(items)
        assert isinstance(first, Number)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(first.value, number)
        assert os.getpgid(first.value) != os.getpgid(0)
        assert not await gone(first.value, within=0.3)


OWNER = """
import asyncio, sys
from core.processes import ProcessPool
from tests.test_core import child_functions as functions

async def main():
    pool = ProcessPool(3, memory_bytes=2**29)
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
    started = children(owner.pid)
    assert len(started) == 3 and set(working) < started
    await asyncio.sleep(0.3)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert await gone(*started)
