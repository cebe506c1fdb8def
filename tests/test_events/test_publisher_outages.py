"""The outbox' publishers while NATS is killed, restarted and robbed of its data."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from nats.aio.client import Client

from core.database_async import Database
from events.streams import ensure_streams
from tests.test_events.bodies import Rows
from tests.test_events.conftest import Mortal, connected
from tests.test_events.outboxes import (
    Relaying,
    history,
    numbers,
    store,
    store_task,
    tasks,
)

JOBS = 5
EVENTS_EACH = 40


@pytest.fixture
async def relays(
    mortal: Mortal, mortal_client: Client, database: Database
) -> AsyncIterator[list[Relaying]]:
    """Give two publishers, each with a connection of its own."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(connected(mortal.url)) for _ in range(2)
        ]
        yield [Relaying(database, client) for client in clients]


async def test_a_killed_nats_costs_no_event_and_repeats_none(
    mortal: Mortal,
    mortal_client: Client,
    database: Database,
    relays: list[Relaying],
) -> None:
    rows = Rows()
    jobs = [history(rows, EVENTS_EACH) for _ in range(JOBS)]
    for column in zip(*jobs, strict=True):
        await store(database, *column)
    for number in range(10):
        await store_task(database, b"%d" % number)
    jetstream = mortal_client.jetstream(timeout=5)

    work = asyncio.gather(*(relay.empties() for relay in relays))
    while (await jetstream.stream_info("EVENTS")).state.messages < 40:
        await asyncio.sleep(0.005)
    mortal.kill()
    await asyncio.sleep(0.3)
    assert not work.done()
    await mortal.restart()
    async with asyncio.timeout(30):
        await work

    assert await numbers(mortal_client) == {
        events[0].job_id: list(range(1, EVENTS_EACH + 1)) for events in jobs
    }
    assert sorted(await tasks(mortal_client)) == [b"%d" % n for n in range(10)]


async def test_after_the_loss_of_all_of_nats_data_events_go_on(
    mortal: Mortal,
    mortal_client: Client,
    database: Database,
    relays: list[Relaying],
) -> None:
    rows = Rows()
    jobs = [history(rows, 10) for _ in range(JOBS)]
    for events in jobs:
        await store(database, *events[:4])
    await relays[0].empties()
    mortal.kill()
    for events in jobs:
        await store(database, *events[4:7])
    mortal.wipe()
    await mortal.restart()
    await ensure_streams(mortal_client, 1)
    await asyncio.gather(*(relay.empties() for relay in relays))
    for events in jobs:
        await store(database, *events[7:])
    await asyncio.gather(*(relay.empties() for relay in relays))

    assert await numbers(mortal_client) == {
        events[0].job_id: [5, 6, 7, 8, 9, 10] for events in jobs
    }


async def test_without_streams_rows_wait_and_then_go(
    mortal_client: Client, database: Database, relays: list[Relaying]
) -> None:
    await mortal_client.jetstream().delete_stream("EVENTS")
    events = history(Rows(), 3)
    await store(database, *events)
    work = asyncio.create_task(relays[0].empties())
    done, _ = await asyncio.wait([work], timeout=0.5)
    assert not done
    await ensure_streams(mortal_client, 1)

    await asyncio.wait_for(work, 10)
    assert await numbers(mortal_client) == {events[0].job_id: [1, 2, 3]}
