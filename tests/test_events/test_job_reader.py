"""`jobEvents` on a real stream: where it starts, what it sends, when it completes."""

import asyncio

import msgspec
import pytest
from nats.aio.client import Client

from core.base import utc_now
from events.cursor import EventCursor, Position
from events.live.hub import Hub
from events.log import EventLog
from events.readers.job_reader import Snapshot
from events.recorded import Happened
from events.subjects import Transition
from tests.test_events.bodies import Rows
from tests.test_events.conftest import fresh_streams, shrink_ring
from tests.test_events.following import follow_job
from tests.test_events.happening import caught_up, end, happen, mutation_cursor, words
from tests.test_events.publishing import publish
from tests.test_events.reading import JobReading, running_hub, word

pytestmark = pytest.mark.usefixtures("quick")


async def test_a_snapshot_then_all_that_follows_to_the_end(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    await happen(client, rows, job, 3)
    reading = JobReading(hub, rows, job)
    assert await reading.reaches(1) == ["snapshot 3"]
    await happen(client, rows, job, 4)
    await end(client, rows, job)

    assert await reading.completes() == ["snapshot 3", *words(4, 8)]


async def test_an_ended_job_is_a_snapshot_and_complete(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    await happen(client, rows, job, 2)
    await end(client, rows, job)

    assert await JobReading(hub, rows, job).completes() == ["snapshot 3"]


@pytest.mark.parametrize("last", [one for one in Transition if one.is_terminal])
async def test_every_terminal_event_completes(
    client: Client, hub: Hub, rows: Rows, last: Transition
) -> None:
    job = rows.add()
    reading = JobReading(hub, rows, job)
    await reading.reaches(1)
    await publish(client, rows, rows.emit(job, last))

    assert await reading.completes() == ["snapshot 0", "event 1"]


async def test_the_mutation_s_cursor_misses_nothing(
    client: Client, hub: Hub, rows: Rows
) -> None:
    await happen(client, rows, rows.add(), 5)
    job = rows.add()
    cursor = mutation_cursor(hub, job)
    await happen(client, rows, job, 3)
    reading = JobReading(hub, rows, job, cursor)
    assert await reading.reaches(3) == words(1, 3)
    await end(client, rows, job)

    assert await reading.completes() == words(1, 4)


async def test_the_mutation_s_cursor_reads_an_ended_job_to_its_end(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    cursor = mutation_cursor(hub, job)
    await happen(client, rows, job, 3)
    await end(client, rows, job)

    assert await JobReading(hub, rows, job, cursor).completes() == words(1, 4)


async def test_a_cursor_from_before_any_connection_to_nats_is_valid(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    cursor = EventCursor(utc_now(), None, job, 0)
    await happen(client, rows, job, 3)
    await end(client, rows, job)

    assert await JobReading(hub, rows, job, cursor).completes() == words(1, 4)


async def test_a_cursor_of_the_last_event_completes_at_once(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    reading = JobReading(hub, rows, job)
    await reading.reaches(1)
    await happen(client, rows, job, 2)
    await end(client, rows, job)
    await reading.completes()

    assert await JobReading(hub, rows, job, reading.cursor).completes() == []


@pytest.mark.parametrize("seen", range(1, 5))
async def test_every_event_s_cursor_resumes_behind_it(
    client: Client, hub: Hub, rows: Rows, seen: int
) -> None:
    job = rows.add()
    first = JobReading(hub, rows, job, mutation_cursor(hub, job))
    await happen(client, rows, job, 4)
    await first.reaches(4)
    await first.drop()
    second = JobReading(hub, rows, job, first.items[seen - 1].cursor)
    await end(client, rows, job)

    assert await second.completes() == words(seen + 1, 5)


async def test_a_replay_is_what_was_live(client: Client, hub: Hub, rows: Rows) -> None:
    job = rows.add()
    cursor = mutation_cursor(hub, job)
    live = JobReading(hub, rows, job, cursor)
    await asyncio.sleep(0.1)
    await happen(client, rows, job, 5)
    await end(client, rows, job)
    await live.completes()
    replayed = JobReading(hub, rows, job, cursor)
    await replayed.completes()

    def told(reading: JobReading) -> list[tuple[object, ...]]:
        return [
            (
                i.event.sequence,
                i.event.time,
                i.event.data,
                i.event.payload,
                i.job,
                i.cursor,
            )
            for i in reading.items
            if isinstance(i, Happened)
        ]

    assert len(told(live)) == 6
    assert told(replayed) == told(live)
    assert [job for *_, job, _ in told(live)] == rows.history[job][1:]


async def test_items_say_what_is_so(client: Client, hub: Hub, rows: Rows) -> None:
    job = rows.add()
    await happen(client, rows, job, 1)
    await caught_up(hub)
    position = hub.position
    reading = JobReading(hub, rows, job)
    await reading.reaches(1)
    await publish(client, rows, rows.emit(job))
    await reading.reaches(2)
    snapshot, happened = reading.items

    assert isinstance(snapshot, Snapshot) and isinstance(happened, Happened)
    assert snapshot.job == rows.history[job][1]
    assert snapshot.cursor == EventCursor(snapshot.at, position, job, 1)
    stored = await EventLog(client).at(3)
    assert stored is not None and position is not None
    assert happened.cursor == EventCursor(
        stored.at, Position(position.creation, 3, stored.time), job, 2
    )
    assert happened.event.payload == msgspec.json.decode(stored.data)
    await reading.drop()


async def test_two_gateways_continue_one_another(
    client: Client, hub: Hub, rows: Rows
) -> None:
    async with running_hub(client, rows) as other:
        job = rows.add()
        cursor = mutation_cursor(hub, job)
        told: list[str] = []
        for number in range(6):
            reading = JobReading((hub, other)[number % 2], rows, job, cursor)
            await publish(client, rows, rows.emit(job))
            told += await reading.reaches(1)
            cursor = reading.cursor
            await reading.drop()

    assert told == words(1, 6)


async def test_a_slow_client_reads_on_from_the_log(
    client: Client, hub: Hub, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink_ring(monkeypatch, 10)
    job = rows.add()
    reader = follow_job(hub, rows, job, room=1)
    first = await anext(reader)
    await happen(client, rows, job, 40)
    await end(client, rows, job)
    await caught_up(hub)
    told = [word(first), *[word(item) async for item in reader]]

    assert told == ["snapshot 0", *words(1, 41)]


async def test_a_new_stream_is_no_gap_where_nothing_was_missed(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    reading = JobReading(hub, rows, job, mutation_cursor(hub, job))
    await happen(client, rows, job, 3)
    await reading.reaches(3)
    await fresh_streams(client)
    await happen(client, rows, job, 2)
    await end(client, rows, job)

    assert await reading.completes() == words(1, 6)
