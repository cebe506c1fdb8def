"""Pools for tests, and what tests ask of processes."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import psutil
import pytest_asyncio

from core.processes import ProcessPool
from tests.test_core import child_functions
from tests.test_core.child_functions import Item, Number, pid

MEMORY = 512 * 1024**2
GRACE = 1.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[ProcessPool]:
    """One pool for all: whatever happens in a test, the next finds it whole."""
    pool = ProcessPool(2, memory_bytes=MEMORY, preload=[child_functions.__name__])
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
        if not any(map(lives, pids)):
            return True
        await asyncio.sleep(0.01)
    return False


def children(owner: int | None = None) -> set[int]:
    return {child.pid for child in psutil.Process(owner).children()}


def lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
