"""What the process pool carries: items, order, errors, logs."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from loguru import logger

from core.errors import AppError, ErrorCode
from core.processes import ProcessFailed, ProcessPool
from tests.test_core import child_functions
from tests.test_core.child_functions import (
    Blob,
    Detailed,
    Item,
    Number,
    count_into,
    fail_in_detail,
    fail_stubbornly,
    fail_with_app_error,
    leave,
    mixed,
    pid,
    pid_after,
    pid_then,
    say,
    spin,
    swallow_everything,
    yield_nonsense,
)
from tests.test_core.pools import MEMORY, pid_of, pool, run

pytestmark = pytest.mark.asyncio(loop_scope="module")


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
        early, now = "", taken.read_text()
        async with asyncio.timeout(20):
            while not now or now != early:
                await asyncio.sleep(0.3)
                early, now = now, taken.read_text()
        # The owner reads 8 MiB ahead, and the items have 100 kB.
        assert int(now) < 100
        assert [type(item) async for item in items] == [Blob] * 999


async def test_consecutive_calls_reuse_the_process(pool: ProcessPool) -> None:
    assert len({await pid_of(pool) for _ in range(10)}) == 1


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
    pool = ProcessPool(2, memory_bytes=MEMORY, preload=[child_functions.__name__])
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
