"""The outbox' publishers: every event once and in order, however many relay."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from nats.aio.client import Client
from sqlalchemy import text

from core import outbox
from core.base import new_id
from core.database_async import Database
from core.outbox import OutboxRow, OutboxStream
from events import placing, publisher, streams
from events.placing import Placer
from events.subjects import DEAD_LETTER
from tests.test_events.bodies import Rows, Written
from tests.test_events.conftest import connected, fresh_streams
from tests.test_events.outboxes import (
    Relaying,
    event_row,
    history,
    numbers,
    store,
    store_task,
    task_row,
    tasks,
    waiting,
)

JOBS = 8
EVENTS_EACH = 25
RELAYS = 4


@pytest.fixture
async def relays(nats_url: str, database: Database) -> AsyncIterator[list[Relaying]]:
    """Give several publishers, each with a connection of its own."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(connected(nats_url)) for _ in range(RELAYS)
        ]
        yield [Relaying(database, client) for client in clients]


async def forget_message_ids(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the streams anew so that they forget message ids after 0.1 s."""
    monkeypatch.setattr(streams, "DUPLICATE_WINDOW_SECONDS", 0.1)
    await fresh_streams(client)


async def relay_with_crashes(
    relay: Relaying, database: Database, chance: random.Random
) -> int:
    """Publish until the outbox is empty, often dying in the middle; count the deaths."""
    deaths = 0
    while await waiting(database):
        try:
            await relay.reborn().empties(patience=chance.choice([0.02, 0.06, 0.2, 5]))
        except TimeoutError:
            deaths += 1
    return deaths


async def test_several_dying_publishers_store_each_event_once(
    client: Client, database: Database, relays: list[Relaying]
) -> None:
    rows = Rows()
    jobs = [history(rows, EVENTS_EACH) for _ in range(JOBS)]
    bodies = [f"task {number}".encode() for number in range(20)]
    for body in bodies:
        await store_task(database, body)
    for column in zip(*jobs, strict=True):
        await store(database, *column)

    chance = random.Random(20)
    deaths = await asyncio.gather(
        *(relay_with_crashes(relay, database, chance) for relay in relays)
    )

    assert sum(deaths) > 0
    assert await numbers(client) == {
        events[0].job_id: list(range(1, EVENTS_EACH + 1)) for events in jobs
    }
    assert sorted(await tasks(client)) == sorted(bodies)
    assert await waiting(database) == 0


async def test_events_that_are_born_meanwhile_follow_in_order(
    client: Client, database: Database, relays: list[Relaying]
) -> None:
    rows = Rows()
    jobs = [history(rows, EVENTS_EACH) for _ in range(JOBS)]

    async def write(events: list[Written]) -> None:
        for event in events:
            await store(database, event)

    publishing = [asyncio.create_task(relay.run()) for relay in relays]
    await asyncio.gather(*map(write, jobs))
    await asyncio.gather(*(relay.reborn().empties() for relay in relays))
    for task in publishing:
        task.cancel()
    await asyncio.gather(*publishing, return_exceptions=True)

    assert await numbers(client) == {
        events[0].job_id: list(range(1, EVENTS_EACH + 1)) for events in jobs
    }


@pytest.mark.parametrize("is_new", [True, False], ids=["new", "frozen"])
async def test_a_publisher_with_old_rows_stores_nothing_twice(
    client: Client,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    is_new: bool,
) -> None:
    await forget_message_ids(client, monkeypatch)
    events = history(Rows(), 6)
    await store(database, *events)
    async with database.transaction() as session:
        old = await outbox.due(session, OutboxStream.EVENTS, 100)
    placer = Placer(client)
    for row in old:
        await placer.place(row)
    await asyncio.sleep(0.3)

    late = Placer(client) if is_new else placer
    for row in [*old, *reversed(old), *old]:
        await late.place(row)

    assert await numbers(client) == {events[0].job_id: [1, 2, 3, 4, 5, 6]}


async def test_a_row_that_could_not_be_deleted_is_not_stored_again(
    client: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await forget_message_ids(client, monkeypatch)
    events = history(Rows(), 3)
    relay = Relaying(database, client)
    for event in events:
        await store(database, event)
        async with database.transaction() as session:
            (row,) = await outbox.due(session, OutboxStream.EVENTS, 100)
        await Placer(client).place(row)  # acknowledged, and then PostgreSQL is away
        await asyncio.sleep(0.2)
        await relay.empties()

    assert await numbers(client) == {events[0].job_id: [1, 2, 3]}
    assert await waiting(database) == 0


async def test_an_event_lost_by_the_stream_does_not_stop_the_next(
    client: Client, database: Database
) -> None:
    events = history(Rows(), 5)
    relay = Relaying(database, client)
    await store(database, *events[:3])
    await relay.empties()
    await client.jetstream().delete_msg("EVENTS", 3)
    await store(database, *events[3:])

    await relay.empties()
    assert await numbers(client) == {events[0].job_id: [1, 2, 4, 5]}


async def test_events_are_due_in_their_order_whatever_the_clocks_say(
    database: Database,
) -> None:
    first, second = history(Rows(), 2)
    begin = text("select now()")
    async with database.transaction() as late, database.transaction() as reader:
        await late.execute(begin)
        await asyncio.sleep(0.01)
        await reader.execute(begin)
        await asyncio.sleep(0.01)
        await store(database, first)
        await outbox.append(late, [event_row(second)])
        await late.commit()
        due = await outbox.due(reader, OutboxStream.EVENTS, 10)

    assert [row.job_seq for row in due] == [1, 2]


async def test_a_delayed_task_waits_and_holds_no_event_up(
    client: Client, database: Database
) -> None:
    rows = Rows()
    async with database.transaction() as session:
        soon = await session.scalar(text("select now() + interval '0.4 s'"))
        later = task_row(new_id("job"), b"later")._replace(not_before=soon)
        await outbox.append(session, [later])
    events = history(rows, 2)
    await store(database, *events)
    relay = Relaying(database, client)

    await relay.empties(left=1)
    assert await tasks(client) == []
    assert await numbers(client) == {events[0].job_id: [1, 2]}
    await relay.empties()
    assert await tasks(client) == [b"later"]


async def test_an_event_that_is_no_job_s_is_stored_once(
    client: Client, database: Database
) -> None:
    letter, message_id = new_id("deadletter"), new_id("event")
    async with database.transaction() as session:
        event = OutboxRow(
            OutboxStream.EVENTS, DEAD_LETTER.subject(letter), b"{}", message_id
        )
        await outbox.append(session, [event])
        (row,) = await outbox.due(session, OutboxStream.EVENTS, 10)
    await Placer(client).place(row)
    await Relaying(database, client).empties()

    jetstream = client.jetstream()
    assert (await jetstream.stream_info("EVENTS")).state.messages == 1
    stored = await jetstream.get_msg("EVENTS", seq=1)
    assert stored.subject == f"events.tasks.dead.failed.{letter}"
    assert stored.headers == {
        "Nats-Expected-Stream": "EVENTS",
        "Nats-Msg-Id": message_id,
    }


async def test_the_headers_are_the_contract_s(
    client: Client, database: Database
) -> None:
    events = history(Rows(), 2)
    job_id = events[0].job_id
    await store(database, *events)
    await Relaying(database, client).empties()

    stored = [await client.jetstream().get_msg("EVENTS", seq=seq) for seq in (1, 2)]
    assert [message.headers for message in stored] == [
        {
            "Nats-Expected-Last-Subject-Sequence": str(before),
            "Nats-Expected-Last-Subject-Sequence-Subject": f"events.*.*.*.{job_id}",
            "Nats-Expected-Stream": "EVENTS",
            "Nats-Msg-Id": f"{job_id}:{before + 1}",
        }
        for before in (0, 1)
    ]


async def test_more_rows_than_a_batch_all_go(
    client: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "BATCH_ROWS", 7)
    monkeypatch.setattr(placing, "REMEMBERED_JOBS", 1)
    rows = Rows()
    jobs = [history(rows, 5) for _ in range(4)]
    for column in zip(*jobs, strict=True):
        await store(database, *column)
    await Relaying(database, client).empties()

    assert await numbers(client) == {
        events[0].job_id: [1, 2, 3, 4, 5] for events in jobs
    }
