"""The hub: who is handed what, what a full buffer does, and the silence check."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from nats.aio.client import Client

from events import hub as hubs
from events.heads import JobHead
from events.hub import Hub, Restarted, Watch, is_terminal
from events.recorded import Recorded
from events.streams import ensure_streams
from events.subjects import EVENTS, Transition
from tests.test_events.bodies import Rows
from tests.test_events.happening import caught_up
from tests.test_events.publishing import eventually, publish
from tests.test_events.reading import running_hub

pytestmark = pytest.mark.usefixtures("quick")


def event(sequence: int) -> Recorded:
    return Recorded(sequence, 0, "events.a.b.c.job_1", b"")


async def drained(watch: Watch) -> list[object]:
    """Read a watch until it is empty, leaving out what the silence check says."""
    found: list[object] = []
    while True:
        try:
            async with asyncio.timeout(0.15):
                signal = await watch.next()
        except TimeoutError:
            return found
        if not isinstance(signal, JobHead):
            found.append(signal.sequence if isinstance(signal, Recorded) else signal)


@pytest.mark.parametrize(
    ("first_waiting", "published"), [(None, 7), (7, 6), (3, 2), (1, 0)]
)
def test_what_is_published_is_below_the_outbox(
    first_waiting: int | None, published: int
) -> None:
    assert JobHead(7, first_waiting).published == published


async def test_a_watch_gives_back_in_order() -> None:
    watch = Watch()
    for number in range(5):
        watch.push(event(number))

    assert await drained(watch) == [0, 1, 2, 3, 4]


async def test_a_full_watch_is_emptied_and_marked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hubs, "BUFFERED_EVENTS", 3)
    watch = Watch()
    for number in range(8):
        watch.push(event(number))

    assert await watch.next() is None
    for number in (8, 9, 10):
        watch.push(event(number))
    assert await drained(watch) == [8, 9, 10]


async def test_a_restart_voids_what_was_buffered() -> None:
    watch, restarted = Watch(), Restarted()
    watch.push(event(1))
    watch.push(restarted)
    watch.push(event(2))

    assert await drained(watch) == [restarted, 2]


async def test_a_restart_is_told_to_a_reader_whose_watch_is_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hubs, "BUFFERED_EVENTS", 2)
    watch, restarted = Watch(), Restarted()
    for number in range(3):
        watch.push(event(number))
    watch.push(restarted)
    watch.push(event(3))

    assert await drained(watch) == [restarted, 3]


async def test_a_watch_gets_its_own_job_s_events_alone(
    client: Client, hub: Hub, rows: Rows
) -> None:
    mine, other = rows.add(), rows.add()
    with hub.watch_job(mine) as one, hub.watch_job(mine) as two:
        for number in range(6):
            await publish(client, rows, rows.emit(other if number % 2 else mine))
        await caught_up(hub)

        assert await drained(one) == [1, 3, 5]
        assert await drained(two) == [1, 3, 5]


async def test_a_pattern_s_watch_gets_what_it_covers(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    with hub.watch_subjects("events.*.*.started") as watch:
        for transition in (
            Transition.QUEUED,
            Transition.STARTED,
            Transition.PROGRESSED,
        ):
            await publish(client, rows, rows.emit(job, transition))
        await caught_up(hub)

        assert await drained(watch) == [2]


async def test_a_closed_watch_leaves_nothing_behind(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    with hub.watch_job(job), hub.watch_subjects("events.>") as pattern:
        with hub.watch_job(job):
            pass
        assert set(hub._by_job) == {job}
        await publish(client, rows, rows.emit(job))
        await caught_up(hub)
        assert await drained(pattern) == [1]

    assert hub._by_job == {}
    assert hub._by_pattern == {}


async def test_the_wait_for_a_job_s_end_ends_with_its_last_event(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    with hub.watch_job(job) as watch:
        end = asyncio.create_task(hub.wait_for_end(watch))
        await publish(client, rows, rows.emit(job), rows.emit(job))
        await asyncio.sleep(0.1)
        assert not end.done()
        await publish(client, rows, rows.emit(job, Transition.FAILED))
        await asyncio.wait_for(end, 5)


@pytest.mark.parametrize("transition", Transition)
def test_a_terminal_event_is_known_by_its_subject(transition: Transition) -> None:
    rows = Rows()
    written = rows.emit(rows.add(), transition)
    recorded = Recorded(1, 0, written.subject, written.data)

    assert is_terminal(recorded) == (
        transition.value in ("completed", "failed", "canceled")
    )


async def test_the_check_asks_for_all_watched_jobs_at_once(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[set[str]] = []

    class CountingRows(Rows):
        async def heads(self, job_ids: Sequence[str]) -> Mapping[str, JobHead]:
            asked.append(set(job_ids))
            return await super().heads(job_ids)

    rows = CountingRows()
    jobs = [rows.add() for _ in range(20)]
    async with running_hub(client, rows) as hub:
        await asyncio.sleep(0.1)
        assert asked == []  # nobody watches
        with hub.watch_job(jobs[0]) as one, hub.watch_job(jobs[1]) as two:
            for _ in range(20):
                hub.request_check()
            heads = [await one.next(), await two.next()]
            await asyncio.sleep(0.1)

    assert heads == [JobHead(0, None), JobHead(0, None)]
    assert asked == [{jobs[0], jobs[1]}]


async def test_the_check_comes_by_itself(
    client: Client, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "CHECK_SECONDS", 0.2)
    job = rows.add()
    async with running_hub(client, rows) as hub:
        with hub.watch_job(job) as watch:
            await asyncio.wait_for(watch.next(), 5)
            rows.emit(job)
            async with asyncio.timeout(5):
                while await watch.next() != JobHead(1, 1):
                    pass


async def test_a_job_s_head_comes_behind_its_events(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    with hub.watch_job(job) as watch:
        await publish(client, rows, *(rows.emit(job) for _ in range(50)))
        hub.request_check()
        sequences: list[int] = []
        async with asyncio.timeout(10):
            while (signal := await watch.next()) != JobHead(50, None):
                if isinstance(signal, Recorded):
                    sequences.append(signal.sequence)

    assert sequences == [*range(1, 51)]


async def test_a_hub_without_its_database_follows_on(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class BrokenRows(Rows):
        async def heads(self, job_ids: Sequence[str]) -> Mapping[str, JobHead]:
            raise OSError("PostgreSQL is away")

    rows = BrokenRows()
    job = rows.add()
    async with running_hub(client, rows) as hub:
        with hub.watch_job(job) as watch:
            for _ in range(3):
                hub.request_check()
                await asyncio.sleep(0.05)
            await publish(client, rows, rows.emit(job))
            await caught_up(hub)
            assert await drained(watch) == [1]


async def test_all_watches_hear_of_a_new_stream(
    client: Client, hub: Hub, rows: Rows
) -> None:
    with hub.watch_job("job_1") as one, hub.watch_subjects("events.>") as two:
        await client.jetstream().delete_stream(EVENTS)
        before = hub.position
        await asyncio.sleep(0.3)
        await ensure_streams(client, 1)
        await eventually(lambda: hub.position != before)

        assert [type(s) for s in await drained(one)] == [Restarted]
        assert [type(s) for s in await drained(two)] == [Restarted]
