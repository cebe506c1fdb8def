"""`jobEvents` from all kinds of cursors: what holds, and what is told as a gap."""

import asyncio

import pytest
from nats.aio.client import Client

from core.base import new_id, utc_now
from core.errors import AppError, ErrorCode
from events.cursor import EventCursor, Position
from events.live.hub import Hub
from events.readers.job_reader import Gap, read_row
from events.subjects import EVENTS
from tests.test_events.bodies import Rows
from tests.test_events.conftest import shrink_ring
from tests.test_events.happening import (
    FOREIGN,
    caught_up,
    end,
    happen,
    mutation_cursor,
    words,
)
from tests.test_events.reading import JobReading

pytestmark = pytest.mark.usefixtures("quick")


async def test_a_place_in_the_log_stands_for_the_job_s_last_event_there(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    start = EventCursor(utc_now(), hub.position)
    await happen(client, rows, job, 2)
    await caught_up(hub)
    middle = EventCursor(utc_now(), hub.position, new_id("job"), 9)
    await happen(client, rows, job, 2)
    await caught_up(hub)
    latest = EventCursor(utc_now(), hub.position)
    await end(client, rows, job)
    await caught_up(hub)

    assert await JobReading(hub, rows, job, start).completes() == words(1, 5)
    assert await JobReading(hub, rows, job, middle).completes() == words(3, 5)
    assert await JobReading(hub, rows, job, latest).completes() == words(5, 5)
    assert (
        await JobReading(
            hub, rows, job, EventCursor(utc_now(), hub.position)
        ).completes()
        == []
    )


async def test_a_place_from_before_the_job_s_first_event_starts_there(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    reading = JobReading(hub, rows, job, EventCursor(utc_now(), hub.position))
    await asyncio.sleep(0.2)
    await happen(client, rows, job, 2)
    await end(client, rows, job)

    assert await reading.completes() == words(1, 3)


@pytest.mark.parametrize("position", [None, FOREIGN], ids=["none", "foreign"])
@pytest.mark.parametrize("other", [None, new_id("job")], ids=["log", "other"])
async def test_a_place_that_does_not_hold_is_a_gap(
    client: Client, hub: Hub, rows: Rows, position: Position | None, other: str | None
) -> None:
    job = rows.add()
    await happen(client, rows, job, 3)
    cursor = EventCursor(utc_now(), position, other, 5)
    reading = JobReading(hub, rows, job, cursor)
    assert await reading.reaches(2) == ["gap 3", "snapshot 3"]
    gap, snapshot = reading.items
    await end(client, rows, job)

    assert isinstance(gap, Gap)
    assert gap.cursor == cursor
    assert (snapshot.cursor.job_id, snapshot.cursor.job_seq) == (job, 3)
    assert await reading.completes() == ["gap 3", "snapshot 3", "event 4"]


async def test_a_drop_between_gap_and_snapshot_repeats_the_gap(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    await happen(client, rows, job, 3)
    first = JobReading(hub, rows, job, EventCursor(utc_now(), FOREIGN))
    await first.reaches(2)
    second = JobReading(hub, rows, job, first.items[0].cursor)

    assert await second.reaches(2) == ["gap 3", "snapshot 3"]
    await first.drop()
    await second.drop()


@pytest.mark.parametrize("position", [None, FOREIGN], ids=["none", "foreign"])
async def test_a_job_s_own_number_holds_where_the_place_does_not(
    client: Client, hub: Hub, rows: Rows, position: Position | None
) -> None:
    job = rows.add()
    await happen(client, rows, job, 4)
    await end(client, rows, job)
    cursor = EventCursor(utc_now(), position, job, 2)

    assert await JobReading(hub, rows, job, cursor).completes() == words(3, 5)


async def test_what_has_expired_is_a_gap(
    client: Client, hub: Hub, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink_ring(monkeypatch, 2)
    job = rows.add()
    cursor = mutation_cursor(hub, job)
    await happen(client, rows, job, 5)
    await caught_up(hub)
    await client.jetstream().purge_stream(EVENTS, seq=4)
    reading = JobReading(hub, rows, job, cursor)
    assert await reading.reaches(2) == ["gap 5", "snapshot 5"]
    await end(client, rows, job)

    assert await reading.completes() == ["gap 5", "snapshot 5", "event 6"]


async def test_what_has_expired_is_told_from_the_ring_while_it_is_there(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    cursor = mutation_cursor(hub, job)
    await happen(client, rows, job, 5)
    await caught_up(hub)
    await client.jetstream().purge_stream(EVENTS, seq=4)
    reading = JobReading(hub, rows, job, cursor)
    await end(client, rows, job)

    assert await reading.completes() == words(1, 6)


async def test_what_has_expired_behind_the_cursor_is_no_gap(
    client: Client, hub: Hub, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink_ring(monkeypatch, 2)
    job = rows.add()
    reading = JobReading(hub, rows, job, mutation_cursor(hub, job))
    await happen(client, rows, job, 5)
    await reading.reaches(5)
    await reading.drop()
    await client.jetstream().purge_stream(EVENTS, seq=6)
    await end(client, rows, job)
    again = JobReading(hub, rows, job, reading.items[2].cursor)

    assert await again.completes() == words(4, 6)


async def test_a_job_of_which_the_log_holds_nothing_any_more_is_a_gap(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    cursor = EventCursor(utc_now(), hub.position)
    await happen(client, rows, job, 1)
    await end(client, rows, job)
    await client.jetstream().purge_stream(EVENTS)

    reading = JobReading(hub, rows, job, cursor)
    assert await reading.completes() == ["gap 2", "snapshot 2"]


async def test_a_number_that_postgresql_does_not_know_is_a_gap(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    await happen(client, rows, job, 2)
    cursor = EventCursor(utc_now(), hub.position, job, 7)
    reading = JobReading(hub, rows, job, cursor)

    assert await reading.reaches(2) == ["gap 2", "snapshot 2"]
    await reading.drop()


async def test_a_job_that_is_not_there_has_no_row(hub: Hub, rows: Rows) -> None:
    assert await read_row(hub, rows, new_id("job")) is None


async def test_a_job_whose_row_vanishes_is_not_found(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    reading = JobReading(hub, rows, job)
    await reading.reaches(1)
    await happen(client, rows, job, 2)
    assert await reading.reaches(3) == ["snapshot 0", *words(1, 2)]
    del rows.jobs[job]
    hub.request_check()

    with pytest.raises(AppError, match="This job is no more") as caught:
        await reading.completes()
    assert caught.value.code == ErrorCode.NOT_FOUND
    assert reading.words == ["snapshot 0", *words(1, 2)]
    assert len(hub.watchers) == 0


async def test_a_job_whose_row_vanishes_before_its_gap_is_not_found(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    await happen(client, rows, job, 2)
    reading = JobReading(hub, rows, job, EventCursor(utc_now(), FOREIGN))
    await asyncio.sleep(0)  # its row is read; what the cursor stands for, not yet
    del rows.jobs[job]

    with pytest.raises(AppError, match="This job is no more") as caught:
        await reading.completes()
    assert caught.value.code == ErrorCode.NOT_FOUND
    assert (reading.words, len(hub.watchers)) == ([], 0)
