"""What happens to the log between a look at it and the next: nothing is missed."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from nats.aio.client import Client

from core.base import utc_now
from events.batches import BatchReader
from events.cursor import EventCursor, Position
from events.live import tail
from events.live.hub import Hub
from events.log import EventLog, LogState
from events.recorded import Recorded
from events.subjects import EVENTS, Transition
from tests.test_events.bodies import Rows
from tests.test_events.conftest import connected, fresh_streams, shrink_ring
from tests.test_events.happening import caught_up, mutation_cursor, words
from tests.test_events.publishing import eventually, publish
from tests.test_events.reading import (
    JobReading,
    feed,
    here,
    job_feed,
    resumed,
    running_hub,
)

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def at_end(
    client: Client, hub: Hub, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Give jobs to which something happens when the leader has said: this is all.

    The hub has told it to all who are live before the answer arrives.
    """
    jobs: list[str] = []
    following = hub.log.next

    async def busy(subject_filter: str, after: int) -> Recorded | None:
        found = await following(subject_filter, after)
        while found is None and jobs:
            last = await publish(client, rows, rows.emit(jobs.pop()))
            await eventually(lambda last=last: hub.mark.sequence >= last)  # type: ignore[misc]
        return found

    monkeypatch.setattr(hub.log, "next", busy)
    return jobs


@pytest.mark.parametrize("kind", ["jobEvents", "jobFeed", "events"])
async def test_what_comes_while_the_end_is_asked_for_is_not_missed(
    client: Client,
    hub: Hub,
    rows: Rows,
    at_end: list[str],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shrink_ring(monkeypatch, 3)
    job, start = rows.add(), mutation_cursor(hub, rows.add())
    start = EventCursor(start.made_at, start.position, job, 0)
    await publish(client, rows, *(rows.emit(job) for _ in range(6)))
    await caught_up(hub)
    at_end += [job, job]
    match kind:
        case "jobEvents":
            one = JobReading(hub, rows, job, start)
            assert await one.reaches(8) == words(1, 8)
            await one.drop()
        case "jobFeed":
            jobs = job_feed(hub, rows, start)
            assert await jobs.reaches(8) == [(job, word) for word in words(1, 8)]
            await jobs.drop()
        case _:
            events = feed(hub, after=start)
            assert await events.reaches(8) == [(job, n) for n in range(1, 9)]
            await events.drop()
    assert at_end == []


@pytest.fixture
def replaced(client: Client, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give jobs; the stream is replaced, once, before a batch is read that was due.

    The new one holds ten events of each.
    """
    jobs: list[str] = []
    read = BatchReader.read

    async def late(
        self: BatchReader, after: int, subject_filter: str, creation: int
    ) -> list[Recorded]:
        given = [*jobs]
        jobs.clear()
        if given:
            await fresh_streams(client)
        for job in given:
            await publish(client, rows, *(rows.emit(job) for _ in range(10)))
        return await read(self, after, subject_filter, creation)

    monkeypatch.setattr(BatchReader, "read", late)
    return jobs


async def test_a_feed_takes_no_other_stream_s_batch_for_the_next(
    client: Client,
    hub: Hub,
    rows: Rows,
    replaced: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shrink_ring(monkeypatch, 2)
    job, start = rows.add(), here(hub)
    await publish(client, rows, *(rows.emit(job) for _ in range(5)))
    await caught_up(hub)
    replaced.append(job)
    reading = feed(hub, after=start)

    assert await reading.reaches(11) == ["gap", *((job, n) for n in range(6, 16))]
    positions = [item.cursor.position for item in reading.items[1:]]
    assert await hub.log.holds(positions[0])
    assert {p.creation for p in positions if p} == {(await hub.log.state()).creation}
    await reading.drop()


async def test_a_job_feed_takes_no_other_stream_s_batch_for_the_next(
    client: Client,
    hub: Hub,
    rows: Rows,
    replaced: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shrink_ring(monkeypatch, 2)
    job, start = rows.add(), here(hub)
    await publish(client, rows, *(rows.emit(job) for _ in range(5)))
    await caught_up(hub)
    replaced.append(job)
    reading = job_feed(hub, rows, start)
    assert (await reading.reaches(2))[:2] == [(job, "gap 15"), (job, "snapshot 15")]
    await eventually(lambda: hub.mark.epoch > 1)
    await caught_up(hub)
    before = len(reading.items)
    await publish(client, rows, rows.emit(job))

    told = await reading.reaches(before + 1)
    # The hub may notice the new stream behind that gap: then it is told again.
    assert told in (
        [(job, "gap 15"), (job, "snapshot 15")] * gaps + [(job, "event 16")]
        for gaps in (1, 2)
    )
    await reading.drop()


async def test_a_hub_that_notices_late_tells_no_second_gap_of_events(
    client: Client, nats_url: str, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "SILENCE_SECONDS", 1.5)
    monkeypatch.setattr(tail, "HEARTBEAT_SECONDS", 0.5)
    job = rows.add()
    async with connected(nats_url) as second, running_hub(client, rows) as slow:
        await publish(client, rows, *(rows.emit(job) for _ in range(3)))
        await caught_up(slow)
        epoch = slow.mark.epoch
        await fresh_streams(client)
        await publish(client, rows, *(rows.emit(job) for _ in range(2)))
        async with running_hub(second, rows) as prompt:
            old = EventCursor(utc_now(), slow.position)
            first = feed(prompt, after=old)
            assert await first.reaches(3) == ["gap", (job, 4), (job, 5)]
            await first.drop()
            assert slow.mark.epoch == epoch
            again = feed(slow, after=resumed(first.items[1].cursor))
            await again.until(1)
            await eventually(lambda: slow.mark.epoch > epoch)
            await publish(client, rows, rows.emit(job, Transition.STARTED))

            assert await again.reaches(2) == [(job, 5), (job, 6)]
            await again.drop()


async def test_a_gap_of_events_with_nothing_behind_it_is_told_once(
    client: Client, hub: Hub, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink_ring(monkeypatch, 2)
    reading = feed(hub, after=EventCursor(utc_now(), None))
    assert await reading.reaches(1) == ["gap"]
    job = rows.add()
    await asyncio.sleep(0.1)
    await publish(client, rows, *(rows.emit(job) for _ in range(5)))

    assert await reading.reaches(6) == ["gap", *((job, n) for n in range(1, 6))]
    await reading.drop()


async def test_a_catch_up_that_another_stream_ends_is_a_gap(
    client: Client, hub: Hub, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink_ring(monkeypatch, 2)
    job, start, calls = rows.add(), here(hub), [0]
    read = BatchReader.read

    async def short(
        self: BatchReader, after: int, subject_filter: str, creation: int
    ) -> list[Recorded]:
        calls[0] += 1
        if calls[0] == 2:  # the hub tells of two more, and then the stream is replaced
            last = await publish(client, rows, rows.emit(job), rows.emit(job))
            await eventually(lambda: hub.mark.sequence >= last)
            await fresh_streams(client)
        found = await read(self, after, subject_filter, creation)
        return found[:3] if calls[0] == 1 else found

    await publish(client, rows, *(rows.emit(job) for _ in range(10)))
    await caught_up(hub)
    monkeypatch.setattr(BatchReader, "read", short)
    reading = feed(hub, after=start)
    first = [(job, number) for number in (1, 2, 3)]
    assert await reading.reaches(4) == [*first, "gap"]
    await publish(client, rows, rows.emit(job))

    assert await reading.reaches(5) == [*first, "gap", (job, 13)]
    await reading.drop()


async def test_what_is_stored_between_the_looks_at_a_place_is_compared(
    client: Client, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, log = rows.add(), EventLog(client)
    await publish(client, rows, rows.emit(job))
    looking = log.state

    async def late() -> LogState:
        await publish(client, rows, rows.emit(job))
        return await looking()

    creation = (await looking()).creation
    monkeypatch.setattr(log, "state", late)

    assert not await log.holds(Position(creation, 2, 1))
    stored = await log.at(3)
    assert stored is None
    assert await log.holds(Position(creation, 3, None))


async def test_a_ring_covers_nothing_that_was_gone_when_it_was_filled(
    client: Client, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, replay = rows.add(), EventLog.replay
    await publish(client, rows, *(rows.emit(job) for _ in range(9)))

    async def late(
        self: EventLog, after: int, subject_filter: str = "events.>"
    ) -> AsyncIterator[Recorded]:
        await client.jetstream().purge_stream(EVENTS, seq=5)
        async for event in replay(self, after, subject_filter):
            yield event

    monkeypatch.setattr(EventLog, "replay", late)
    async with running_hub(client, rows) as hub:
        position = hub.position
        assert position is not None and position.sequence == 9

        assert not hub.ring.covers(Position(position.creation, 2, None))
        assert hub.ring.covers(position)
