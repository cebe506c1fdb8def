"""One call shared by several processes: all items once, one end for all."""

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from core.errors import AppError
from core.processes import ProcessPool, ProcessTimeout, share
from tests.test_core import child_functions
from tests.test_core.child_functions import (
    Item,
    Number,
    fail_when,
    pid,
    pid_after,
    pid_then,
)
from tests.test_core.pools import MEMORY, children, gone, pid_of, run

ENDLESS = partial(pid_then, partial(time.sleep, 60))


@pytest_asyncio.fixture
async def pool() -> AsyncIterator[ProcessPool]:
    preload = [child_functions.__name__]
    pool = ProcessPool(1, memory_bytes=MEMORY, preload=preload, spare=1)
    await pool.start()
    yield pool
    await pool.close()


class Takes:
    """Notes the items; may be told to fail at one of them."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.pids: list[int] = []
        self._fails_at = fails_at

    async def __call__(self, item: Item) -> None:
        assert isinstance(item, Number)
        self.pids.append(item.value)
        if len(self.pids) == self._fails_at:
            raise KeyError("taken")

    async def both(self) -> None:
        """Wait until two processes are at work."""
        async with asyncio.timeout(30):
            while len(self.pids) < 2:
                await asyncio.sleep(0.01)


def _share(
    function: object, helper: object, takes: Takes, pool: ProcessPool, **how: float
) -> "asyncio.Task[None]":
    sharing = share(
        pool,
        function,  # type: ignore[arg-type]
        helper,  # type: ignore[arg-type]
        takes,
        helpers=int(how.get("helpers", 1)),
        result_type=Item,
        timeout=how.get("timeout", 30),
    )
    return asyncio.create_task(sharing)


async def test_both_work_and_what_is_first_is_taken_first(pool: ProcessPool) -> None:
    takes = Takes()
    await _share(partial(pid_then, partial(time.sleep, 0.2)), pid, takes, pool)
    first, second = takes.pids
    assert {first, second} <= children()
    assert first != second


async def test_without_a_spare_process_nobody_waits_for_one(pool: ProcessPool) -> None:
    takes = Takes()
    await _share(pid, pid, takes, pool, helpers=5)
    assert len(takes.pids) == 2


async def test_a_call_never_waits_for_a_helper(
    pool: ProcessPool, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    helping = partial(pid_after, 60, str(log), "helps")
    takes = Takes()
    sharing = _share(pid, helping, takes, pool)
    while not log.exists():
        await asyncio.sleep(0.01)
    assert await pid_of(pool) in children()
    assert not await _assisted(pool)
    sharing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sharing


async def _assisted(pool: ProcessPool) -> list[Item]:
    return [item async for item in pool.assist(pid, result_type=Item, timeout=30)]


@pytest.mark.parametrize("who", ["function", "helper"])
async def test_an_error_of_either_ends_both(
    pool: ProcessPool, tmp_path: Path, who: str
) -> None:
    sign = tmp_path / "sign"
    works = {"function": ENDLESS, "helper": ENDLESS}
    works[who] = partial(fail_when, str(sign))
    takes = Takes()
    sharing = _share(works["function"], works["helper"], takes, pool)
    await takes.both()
    sign.touch()
    with pytest.raises(AppError, match="^it broke"):
        await sharing
    assert await gone(takes.pids[who == "function"])
    assert len(await run(pool, pid)) == 1


async def test_a_cancelled_share_ends_both(pool: ProcessPool) -> None:
    takes = Takes()
    sharing = _share(ENDLESS, ENDLESS, takes, pool)
    await takes.both()
    sharing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sharing
    assert await gone(*takes.pids)


async def test_what_taking_raises_ends_both(pool: ProcessPool) -> None:
    takes = Takes(fails_at=2)
    with pytest.raises(KeyError, match="taken"):
        await _share(ENDLESS, ENDLESS, takes, pool)
    assert await gone(*takes.pids)


async def test_time_runs_out_for_both(pool: ProcessPool) -> None:
    takes = Takes()
    with pytest.raises(ProcessTimeout):
        await _share(ENDLESS, ENDLESS, takes, pool, timeout=3)
    assert await gone(*takes.pids)
