"""The outbox' publishers in trouble: one job's, one stream's, one row's."""

import asyncio
import time

import msgspec
import pytest
from loguru import logger
from nats.aio.client import Client
from sqlalchemy import text

from core import outbox
from core.database_async import Database
from core.outbox import DueMessage, OutboxStream
from core.task_queue import TaskPriority, task_subject
from events import placing, publisher
from events.placing import Placer
from tests.test_events.bodies import Rows, Written
from tests.test_events.outboxes import (
    Relaying,
    history,
    numbers,
    store,
    store_task,
    waiting,
)


async def test_a_row_that_cannot_be_published_holds_its_own_job_up_alone(
    client: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "BATCH_ROWS", 4)
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(str(message)), level="ERROR")
    rows = Rows()
    bad = [history(rows, 5) for _ in range(6)]
    good = [history(rows, 5) for _ in range(3)]
    for events in bad:
        await store(database, events[0], misdirected(events[1]), *events[2:4])
    for events in good:
        await store(database, *events)

    await Relaying(database, client).empties(left=6 * 3)
    for events in bad:
        await store(database, events[4])
    await Relaying(database, client).empties(left=6 * 4)
    logger.remove(sink)

    assert await numbers(client) == {
        **{events[0].job_id: [1] for events in bad},
        **{events[0].job_id: [1, 2, 3, 4, 5] for events in good},
    }
    assert len(lines) == 6
    for line, events in zip(lines, bad, strict=True):
        subject = task_subject(TaskPriority.BULK, events[0].job_id)
        assert f"for {subject} cannot be published; again in 1 s: " in line
        assert len(line) < 1000


async def test_a_row_is_put_off_for_longer_each_time_and_goes_when_it_can(
    client: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "FIRST_DELAY_SECONDS", 0.2)
    delays: list[str] = []
    sink = logger.add(
        lambda message: delays.append(str(message).split("again in ")[1][:5]),
        level="ERROR",
    )
    events = history(Rows(), 3)
    await store(database, events[0], misdirected(events[1]), events[2])
    relay = Relaying(database, client)
    work = asyncio.create_task(relay.run())
    async with asyncio.timeout(10):
        while len(delays) < 3:
            await asyncio.sleep(0.02)
    async with database.transaction() as session:
        await session.execute(
            text("update outbox set subject = :subject where job_seq = 2"),
            {"subject": events[1].subject},
        )
    async with asyncio.timeout(10):
        while await waiting(database):
            await asyncio.sleep(0.02)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    logger.remove(sink)

    assert delays == ["0.2 s", "0.4 s", "0.8 s"]
    assert await numbers(client) == {events[0].job_id: [1, 2, 3]}


def misdirected(event: Written) -> Written:
    """Return the event with a subject that is another stream's: NATS refuses it."""
    return msgspec.structs.replace(
        event, subject=task_subject(TaskPriority.BULK, event.job_id)
    )


async def test_a_stream_that_takes_nothing_holds_the_other_not_up(
    client: Client, database: Database
) -> None:
    await client.jetstream().delete_stream("TASKS")
    events = history(Rows(), 30)
    for number in range(publisher.BATCH_ROWS + 1):
        await store_task(database, b"%d" % number)
    relay = Relaying(database, client)
    work = asyncio.create_task(relay.run())
    await asyncio.sleep(0.5)
    delays: list[float] = []
    for event in events:
        await store(database, event)
        born = time.monotonic()
        relay.events.wake()
        while await waiting(database) > publisher.BATCH_ROWS + 1:
            await asyncio.sleep(0.005)
        delays.append(time.monotonic() - born)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)

    assert await numbers(client) == {events[0].job_id: list(range(1, 31))}
    assert max(delays) < 2


async def test_a_job_in_trouble_holds_no_other_up(
    client: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "BATCH_ROWS", 10)
    rows = Rows()
    stuck, *others = [history(rows, 10) for _ in range(4)]
    relay = Relaying(database, client)
    place = relay.events._placer.place

    async def slow(row: DueMessage) -> None:
        if row.job_id == stuck[0].job_id:
            await asyncio.sleep(60)
        await place(row)

    monkeypatch.setattr(relay.events._placer, "place", slow)
    for events in (stuck, *others):
        await store(database, *events)
    await relay.empties(left=10, patience=10)

    assert await numbers(client) == {
        events[0].job_id: list(range(1, 11)) for events in others
    }


async def test_relays_that_refuse_each_other_do_not_spin(
    client: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "RETRY_SECONDS", 0.2)
    events = history(Rows(), 3)
    await store(database, *events)
    async with database.transaction() as session:
        due = await outbox.due(session, OutboxStream.EVENTS, 10)
    placer = Placer(client)
    await placer.place(due[0])
    asked: list[str] = []

    async def wrong(job_id: str) -> tuple[int, int]:
        asked.append(job_id)
        return 99, 1

    monkeypatch.setattr(placer, "_newest", wrong)
    placer._last.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await placer.place(due[1])
    assert 3 <= len(asked) <= 6
