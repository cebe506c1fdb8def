"""The silence check: a lost event is told, and a slow outbox is not taken for one."""

import asyncio

import pytest
from nats.aio.client import Client

from events.live import silence
from events.live.hub import Hub
from events.subjects import EVENTS, Transition
from tests.test_events.bodies import Rows
from tests.test_events.conftest import Mortal, fresh_streams
from tests.test_events.happening import (
    deafen,
    end,
    happen,
    lose,
    mutation_cursor,
    words,
)
from tests.test_events.publishing import eventually, publish, send
from tests.test_events.reading import JobReading, running_hub

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def watchful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the hub check many times a second."""
    monkeypatch.setattr(silence, "CHECK_SECONDS", 0.05)


async def test_a_lost_last_event_is_told(client: Client, hub: Hub, rows: Rows) -> None:
    job = rows.add()
    reading = JobReading(hub, rows, job, mutation_cursor(hub, job))
    await happen(client, rows, job, 2)
    await reading.reaches(2)
    await deafen(client)
    await lose(client, rows, job)

    assert await reading.reaches(4) == [*words(1, 2), "gap 3", "snapshot 3"]
    assert reading.items[2].cursor == reading.items[1].cursor
    await end(client, rows, job)
    assert (await reading.completes())[4:] == ["event 4"]


async def test_a_hole_is_told(client: Client, hub: Hub, rows: Rows) -> None:
    job = rows.add()
    reading = JobReading(hub, rows, job, mutation_cursor(hub, job))
    await happen(client, rows, job, 2)
    await reading.reaches(2)
    await deafen(client)
    await lose(client, rows, job)
    await publish(client, rows, rows.emit(job))
    told = await reading.reaches(4)

    assert told == [*words(1, 2), "gap 4", "snapshot 4"]
    await reading.drop()


async def test_a_lost_terminal_event_is_told_and_completes(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    reading = JobReading(hub, rows, job, mutation_cursor(hub, job))
    await happen(client, rows, job, 2)
    await reading.reaches(2)
    await deafen(client)
    sequence = await publish(client, rows, rows.emit(job, Transition.FAILED))
    await client.jetstream(timeout=5).delete_msg(EVENTS, sequence)

    assert await reading.completes() == [*words(1, 2), "gap 3", "snapshot 3"]


async def test_a_loss_before_the_start_is_told(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    cursor = mutation_cursor(hub, job)
    await happen(client, rows, job, 2)
    await deafen(client)
    await lose(client, rows, job)
    reading = JobReading(hub, rows, job, cursor)

    assert await reading.reaches(4) == [*words(1, 2), "gap 3", "snapshot 3"]
    await reading.drop()


async def test_a_wiped_stream_is_told_to_whoever_missed_something(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job, idle = rows.add(), rows.add()
    reading = JobReading(hub, rows, job, mutation_cursor(hub, job))
    unharmed = JobReading(hub, rows, idle)
    await happen(client, rows, job, 2)
    await reading.reaches(2)
    await deafen(client)
    await happen(client, rows, job, 2)
    await fresh_streams(client)

    assert await reading.reaches(4) == [*words(1, 2), "gap 4", "snapshot 4"]
    assert await unharmed.reaches(1) == ["snapshot 0"]
    await reading.drop()
    await unharmed.drop()


async def test_a_slow_outbox_is_no_loss(
    client: Client, rows: Rows, watchful: None
) -> None:
    async with running_hub(client, rows) as hub:
        job = rows.add()
        reading = JobReading(hub, rows, job, mutation_cursor(hub, job))
        await happen(client, rows, job, 2)
        waiting = [rows.emit(job) for _ in range(3)]
        assert await reading.reaches(2) == words(1, 2)
        await asyncio.sleep(0.5)
        assert reading.words == words(1, 2)
        await publish(client, rows, *waiting)
        await end(client, rows, job)

        assert await reading.completes() == words(1, 6)


async def test_a_row_that_outlives_its_event_is_no_loss(
    client: Client, rows: Rows, watchful: None
) -> None:
    async with running_hub(client, rows) as hub:
        job = rows.add()
        reading = JobReading(hub, rows, job, mutation_cursor(hub, job))
        await happen(client, rows, job, 2)
        kept = rows.emit(job)
        await send(client, kept)
        assert await reading.reaches(3) == words(1, 3)
        await asyncio.sleep(0.3)
        rows.outbox.remove(kept)
        await asyncio.sleep(0.3)
        await end(client, rows, job)

        assert await reading.completes() == words(1, 4)


async def test_busy_jobs_are_never_thought_lost(
    client: Client, rows: Rows, watchful: None
) -> None:
    async with running_hub(client, rows) as hub:
        jobs = [rows.add() for _ in range(5)]
        readings = [
            JobReading(hub, rows, job, mutation_cursor(hub, job)) for job in jobs
        ]
        for _ in range(60):
            for job in jobs:
                await publish(client, rows, rows.emit(job))
        for job in jobs:
            await end(client, rows, job)

        told = [await reading.completes() for reading in readings]
        assert told == [words(1, 61)] * 5


async def test_an_outage_of_nats_is_no_loss(
    mortal: Mortal, mortal_client: Client, rows: Rows, watchful: None
) -> None:
    async with running_hub(mortal_client, rows) as hub:
        job = rows.add()
        reading = JobReading(hub, rows, job, mutation_cursor(hub, job))
        await happen(mortal_client, rows, job, 2)
        assert await reading.reaches(2) == words(1, 2)
        mortal.kill()
        waiting = [rows.emit(job) for _ in range(3)]
        late = JobReading(hub, rows, job)
        await eventually(lambda: late.words == ["snapshot 5"])
        await asyncio.sleep(0.3)
        await mortal.restart()
        await publish(mortal_client, rows, *waiting)
        await end(mortal_client, rows, job)

        assert await reading.completes() == words(1, 6)
        assert await late.completes() == ["snapshot 5", "event 6"]


async def test_the_loss_of_all_of_nats_data_is_told(
    mortal: Mortal, mortal_client: Client, rows: Rows
) -> None:
    async with running_hub(mortal_client, rows) as hub:
        job = rows.add()
        reading = JobReading(hub, rows, job, mutation_cursor(hub, job))
        await happen(mortal_client, rows, job, 2)
        await reading.reaches(2)
        await deafen(mortal_client)
        await happen(mortal_client, rows, job, 2)
        mortal.kill()
        mortal.wipe()
        await mortal.restart()
        await fresh_streams(mortal_client)

        assert await reading.reaches(4) == [*words(1, 2), "gap 4", "snapshot 4"]
        await end(mortal_client, rows, job)
        assert (await reading.completes())[4:] == ["event 5"]
