"""`jobFeed` where something is lost: for each job a gap and where it stands."""

import asyncio
from datetime import timedelta

import pytest
from nats.aio.client import Client

from events.cursor import EventCursor, Position
from events.live import silence
from events.live.hub import Hub
from events.subjects import EVENTS, Transition
from tests.test_events.bodies import BORN, OWNER, Rows
from tests.test_events.conftest import fresh_streams, shrink_ring
from tests.test_events.happening import FOREIGN, caught_up, deafen, lose
from tests.test_events.publishing import eventually, publish
from tests.test_events.reading import JobFeedReading, here, job_feed

pytestmark = pytest.mark.usefixtures("quick")

NEVER_HELD = EventCursor(BORN, FOREIGN)


def gaps(*jobs: tuple[str, int]) -> list[tuple[str, str]]:
    """Return what a gap tells of jobs that stand at these numbers."""
    return [
        (job, f"{what} {number}")
        for job, number in jobs
        for what in ("gap", "snapshot")
    ]


@pytest.mark.parametrize("position", [None, FOREIGN], ids=["none", "foreign"])
async def test_a_place_that_does_not_hold_is_a_gap_of_all_that_run_or_changed(
    client: Client, hub: Hub, rows: Rows, position: Position | None
) -> None:
    running, long_ended, ended = rows.add(), rows.add(), rows.add()
    await publish(client, rows, rows.emit(running))
    await publish(client, rows, rows.emit(long_ended, Transition.FAILED))
    for transition in (Transition.STARTED, Transition.RETRYING, Transition.COMPLETED):
        await publish(client, rows, rows.emit(ended, transition))
    await caught_up(hub)
    had = EventCursor(BORN + timedelta(seconds=2), position, running, 0)
    reading = job_feed(hub, rows, had)
    told = await reading.reaches(4)

    assert told == gaps((running, 1), (ended, 3))
    assert [item.cursor == had for item in reading.items] == [True, True, True, False]
    last = reading.items[-1].cursor
    assert (last.position, last.job_id, last.job_seq) == (hub.position, ended, 3)
    await publish(client, rows, rows.emit(running))
    assert await reading.reaches(5) == [*told, (running, "event 2")]
    await reading.drop()


async def test_a_drop_among_the_gaps_repeats_them(
    client: Client, hub: Hub, rows: Rows
) -> None:
    jobs = [rows.add() for _ in range(3)]
    await publish(client, rows, *(rows.emit(job) for job in jobs))
    first = job_feed(hub, rows, NEVER_HELD)
    everything = await first.reaches(6)
    assert everything == gaps(*((job, 1) for job in jobs))
    await first.drop()

    for item in first.items[:-1]:
        again = job_feed(hub, rows, item.cursor)
        assert await again.reaches(6) == everything
        await again.drop()
    last = job_feed(hub, rows, first.items[-1].cursor)
    await publish(client, rows, rows.emit(jobs[0]))
    assert await last.reaches(1) == [(jobs[0], "event 2")]
    await last.drop()


async def test_a_gap_of_no_jobs_tells_nothing_and_goes_on(
    client: Client, hub: Hub, rows: Rows
) -> None:
    reading = job_feed(hub, rows, NEVER_HELD)
    await asyncio.sleep(0.2)
    job = rows.add()
    await publish(client, rows, rows.emit(job))

    assert await reading.reaches(1) == [(job, "event 1")]
    await reading.drop()


@pytest.mark.parametrize("last", [Transition.PROGRESSED, Transition.CANCELED])
async def test_events_that_a_snapshot_was_ahead_of_are_not_told(
    client: Client, hub: Hub, rows: Rows, last: Transition
) -> None:
    job, other = rows.add(), rows.add()
    await publish(client, rows, rows.emit(job))
    waiting = [rows.emit(job), rows.emit(job, last)]
    reading = job_feed(hub, rows, NEVER_HELD)
    assert await reading.reaches(4) == gaps((job, 3), (other, 0))
    await publish(client, rows, waiting[0], rows.emit(other), waiting[1])

    assert await reading.reaches(5) == [*gaps((job, 3), (other, 0)), (other, "event 1")]
    hub.request_check()
    still = {other} if last is Transition.CANCELED else {job, other}
    await eventually(lambda: set(reading.reader.checked_jobs()) == still)
    await reading.drop()


async def test_the_cursor_s_own_job_never_falls(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    await publish(client, rows, rows.emit(job))
    waiting = [rows.emit(job), rows.emit(job)]
    first = job_feed(hub, rows, NEVER_HELD)
    assert await first.reaches(2) == gaps((job, 3))
    await first.drop()
    again = job_feed(hub, rows, first.items[-1].cursor)
    await publish(client, rows, *waiting, rows.emit(job))

    assert await again.reaches(1) == [(job, "event 4")]
    await again.drop()


async def test_a_hole_is_a_gap_of_its_job_alone(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job, other = rows.add(), rows.add()
    reading = job_feed(hub, rows, here(hub))
    await publish(client, rows, rows.emit(job), rows.emit(other))
    await reading.until(2)
    await deafen(client)
    await lose(client, rows, job)
    await publish(client, rows, rows.emit(job), rows.emit(other))
    told = await reading.reaches(5)

    assert told[2:] == [*gaps((job, 3)), (other, "event 2")]
    assert reading.items[2].cursor == reading.items[1].cursor
    own = reading.items[3].cursor
    assert (own.job_id, own.job_seq) == (job, 3)
    await publish(client, rows, rows.emit(job))
    assert (await reading.reaches(6))[5:] == [(job, "event 4")]
    await reading.drop()


async def test_a_drop_behind_one_job_s_gap_repeats_nothing(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job, other = rows.add(), rows.add()
    first = job_feed(hub, rows, here(hub))
    await publish(client, rows, rows.emit(other), rows.emit(job))
    await first.until(2)
    await deafen(client)
    await lose(client, rows, job)
    await publish(client, rows, rows.emit(job))
    assert (await first.reaches(4))[2:] == gaps((job, 3))
    await first.drop()

    gap, snapshot = first.items[2:]
    again = job_feed(hub, rows, gap.cursor)
    assert await again.reaches(2) == gaps((job, 3))
    await again.drop()
    behind = job_feed(hub, rows, snapshot.cursor)
    await publish(client, rows, rows.emit(job))
    assert await behind.reaches(1) == [(job, "event 4")]
    await behind.drop()


@pytest.mark.parametrize("last", [Transition.PROGRESSED, Transition.COMPLETED])
async def test_silence_is_a_gap_of_its_job_alone(
    client: Client,
    hub: Hub,
    rows: Rows,
    last: Transition,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job, other = rows.add(), rows.add()
    reading = job_feed(hub, rows, here(hub))
    await publish(client, rows, rows.emit(job), rows.emit(other))
    await reading.until(2)
    await deafen(client)
    sequence = await publish(client, rows, rows.emit(job, last))
    assert await client.jetstream(timeout=5).delete_msg(EVENTS, sequence)

    assert (await reading.reaches(4))[2:] == gaps((job, 2))
    assert reading.items[2].cursor == reading.items[1].cursor
    await reading.drop()


async def test_many_jobs_lost_at_once_are_told_by_one_check(
    client: Client, hub: Hub, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "CHECK_SECONDS", 3600)
    jobs = [rows.add() for _ in range(5)]
    reading = job_feed(hub, rows, here(hub))
    await publish(client, rows, *(rows.emit(job) for job in jobs))
    await reading.until(5)
    await deafen(client)
    for job in jobs:
        await lose(client, rows, job)
    told = (await reading.reaches(15))[5:]

    assert sorted(told) == sorted(gaps(*((job, 2) for job in jobs)))
    assert [told[place : place + 2] for place in range(0, 10, 2)] == [
        gaps((job, 2)) for job, what in told if what == "gap 2"
    ]
    await reading.drop()


async def test_a_slow_outbox_is_no_silence(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    reading = job_feed(hub, rows, here(hub))
    await publish(client, rows, rows.emit(job))
    waiting = rows.emit(job)
    await reading.until(1)
    for _ in range(3):
        hub.request_check()
        await asyncio.sleep(0.1)
    await publish(client, rows, waiting)

    assert await reading.reaches(2) == [(job, "event 1"), (job, "event 2")]
    await reading.drop()


async def _watching_two(
    client: Client, hub: Hub, rows: Rows
) -> tuple[JobFeedReading, list[tuple[str, int]]]:
    one, two = rows.add(), rows.add()
    reading = job_feed(hub, rows, here(hub))
    await publish(client, rows, rows.emit(one), rows.emit(two), rows.emit(two))
    await reading.until(3)
    return reading, [(one, 1), (two, 2)]


async def test_a_new_stream_is_a_gap_of_all(
    client: Client, hub: Hub, rows: Rows
) -> None:
    reading, stand = await _watching_two(client, hub, rows)
    unseen = rows.add()
    before = reading.items[-1].cursor
    await fresh_streams(client)
    told = await reading.reaches(9)
    assert told[3:] == gaps(*stand, (unseen, 0))
    cursors = [item.cursor == before for item in reading.items[3:]]
    assert cursors == [True] * 5 + [False]

    await publish(client, rows, rows.emit(unseen))
    assert (await reading.reaches(10))[9:] == [(unseen, "event 1")]
    await reading.drop()


async def test_what_has_expired_is_a_gap_of_all(
    client: Client, hub: Hub, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink_ring(monkeypatch, 2)
    job, start = rows.add(), here(hub)
    await publish(client, rows, *(rows.emit(job) for _ in range(5)))
    await caught_up(hub)
    await client.jetstream().purge_stream(EVENTS, seq=4)
    reading = job_feed(hub, rows, start)

    assert await reading.reaches(2) == gaps((job, 5))
    await publish(client, rows, rows.emit(job))
    assert (await reading.reaches(3))[2:] == [(job, "event 6")]
    await reading.drop()


async def test_a_job_whose_row_is_gone_is_told_no_more(
    client: Client, hub: Hub, rows: Rows
) -> None:
    gone, job = rows.add(), rows.add()
    reading = job_feed(hub, rows, here(hub), owner=OWNER)
    await publish(client, rows, rows.emit(gone), rows.emit(job))
    await reading.until(2)
    del rows.jobs[gone]
    hub.request_check()
    await eventually(lambda: reading.reader.checked_jobs() == (job,))
    await publish(client, rows, rows.emit(job))

    assert (await reading.reaches(3))[2:] == [(job, "event 2")]
    await reading.drop()
