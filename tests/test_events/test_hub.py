"""The hub: who is told what, the silence check, and what a restart does."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from nats.aio.client import Client

from events.cursor import Position
from events.heads import JobHead
from events.live import hub as hubs
from events.live import silence
from events.live.hub import Hub
from events.live.ring import Mark
from events.recorded import Recorded
from events.streams import ensure_streams
from events.subjects import EVENTS, JobKind, Transition
from tests.test_events.bodies import Rows
from tests.test_events.happening import caught_up
from tests.test_events.noted import Noted
from tests.test_events.publishing import eventually, publish
from tests.test_events.reading import running_hub

pytestmark = pytest.mark.usefixtures("quick")


@pytest.mark.parametrize(
    ("first_waiting", "published"), [(None, 7), (7, 6), (3, 2), (1, 0)]
)
def test_what_is_published_is_below_the_outbox(
    first_waiting: int | None, published: int
) -> None:
    assert JobHead(7, first_waiting).published == published


async def test_a_watcher_hears_of_its_own_job_alone(
    client: Client, hub: Hub, rows: Rows
) -> None:
    mine, other = rows.add(), rows.add()
    one, two = Noted(), Noted()
    hub.watchers.watch_job(mine, one)
    hub.watchers.watch_job(mine, two)
    for number in range(6):
        await publish(client, rows, rows.emit(other if number % 2 else mine))
    await caught_up(hub)

    assert one.events == two.events == [1, 3, 5]


async def test_a_filter_s_watcher_hears_what_it_covers(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job, watcher = rows.add(), Noted()
    hub.watchers.watch_subjects("events.*.*.started", watcher)
    for transition in (Transition.QUEUED, Transition.STARTED, Transition.PROGRESSED):
        await publish(client, rows, rows.emit(job, transition))
    await caught_up(hub)

    assert watcher.events == [2]


async def test_many_watchers_are_told_in_several_goes(
    client: Client, hub: Hub, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "WATCHERS_AT_ONCE", 2)
    job, watchers = rows.add(), [Noted() for _ in range(7)]
    for watcher in watchers:
        hub.watchers.watch_job(job, watcher)
    await publish(client, rows, *(rows.emit(job) for _ in range(20)))
    await caught_up(hub)

    assert [watcher.events for watcher in watchers] == [[*range(1, 21)]] * 7


@pytest.mark.parametrize("others", [0, 1])
async def test_an_event_of_a_dead_log_moves_no_mark(
    hub: Hub, rows: Rows, others: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "WATCHERS_AT_ONCE", 1)

    class Ending(Noted):
        """Has the hub begin anew as soon as others have the event loop."""

        def on_event(self, event: Recorded) -> None:
            super().on_event(event)
            new = Position(event.creation + 1, 0, None)
            asyncio.get_running_loop().call_soon(hub._restart, new)

    job, ending, late = rows.add(), Ending(), [Noted() for _ in range(others)]
    hub.watchers.watch_job(job, ending)
    for watcher in late:
        hub.watchers.watch_subjects("events.psd.>", watcher)
    before = hub.mark
    unwatched = rows.add(kind=JobKind.DATA_IMPORT)
    events = [rows.emit(job), rows.emit(unwatched)]
    await asyncio.gather(
        *(
            hub._dispatch(Recorded(number, 0, one.subject, one.data, creation=1))
            for number, one in enumerate(events, start=7)
        )
    )

    assert ending.told == [7, "restart"]
    assert [watcher.told for watcher in late] == [["restart"]] * others
    assert hub.mark == Mark(before.epoch + 1, 0)


async def test_a_watcher_that_fails_hurts_no_other(
    client: Client, hub: Hub, rows: Rows
) -> None:
    class Failing(Noted):
        def on_event(self, event: Recorded) -> None:
            raise RuntimeError("planted")

    job, watcher = rows.add(), Noted()
    hub.watchers.watch_job(job, Failing())
    hub.watchers.watch_job(job, watcher)
    await publish(client, rows, rows.emit(job), rows.emit(job))
    await caught_up(hub)

    assert watcher.events == [1, 2]


async def test_the_wait_for_a_job_s_end_ends_with_its_last_event(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    with hub.end_of(job) as end:
        await publish(client, rows, rows.emit(job), rows.emit(job))
        await caught_up(hub)
        assert not end.is_set()
        await publish(client, rows, rows.emit(job, Transition.FAILED))
        await asyncio.wait_for(end.wait(), 5)

    assert len(hub.watchers) == 0


@pytest.mark.parametrize("transition", Transition)
def test_a_terminal_event_is_known_by_its_subject(transition: Transition) -> None:
    rows = Rows()
    written = rows.emit(rows.add(), transition)
    recorded = Recorded(1, 0, written.subject, written.data, creation=1)

    assert recorded.is_terminal == (
        transition.value in ("completed", "failed", "canceled")
    )


async def test_the_check_asks_for_many_jobs_at_once_and_for_those_that_want_it(
    client: Client,
) -> None:
    asked: list[set[str]] = []

    class CountingRows(Rows):
        async def heads(self, job_ids: Sequence[str]) -> Mapping[str, JobHead]:
            asked.append(set(job_ids))
            return await super().heads(job_ids)

    rows = CountingRows()
    jobs = [rows.add() for _ in range(20)]
    watchers = [Noted(job) for job in jobs]
    async with running_hub(client, rows) as hub:
        for watcher, job in zip(watchers, jobs, strict=True):
            hub.watchers.watch_job(job, watcher)
        await asyncio.sleep(0.1)
        asked.clear()
        for _ in range(20):
            hub.request_check(watchers[0])
            hub.request_check(watchers[1])
        await watchers[1].hears((jobs[1], JobHead(0, None)))
        await asyncio.sleep(0.1)

    assert asked == [{jobs[0], jobs[1]}]


async def test_the_check_comes_by_itself_for_all(
    client: Client, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "CHECK_SECONDS", 0.2)
    job, gone = rows.add(), "job_00000000000070008000000000000001"
    watcher = Noted(job, gone)
    async with running_hub(client, rows) as hub:
        hub.watchers.watch_job(job, watcher)
        await watcher.hears((job, JobHead(0, None)))
        rows.emit(job)

        await watcher.hears((job, JobHead(1, 1)))
        await watcher.hears((gone, None))


async def test_a_job_s_head_comes_behind_its_events(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    watcher = Noted(job)
    hub.watchers.watch_job(job, watcher)
    await publish(client, rows, *(rows.emit(job) for _ in range(50)))
    hub.request_check(watcher)
    head = (job, JobHead(50, None))
    await watcher.hears(head)

    before = watcher.told[: watcher.told.index(head)]
    assert [one for one in before if isinstance(one, int)] == [*range(1, 51)]


async def test_a_hub_without_its_database_follows_on(client: Client) -> None:
    class BrokenRows(Rows):
        async def heads(self, job_ids: Sequence[str]) -> Mapping[str, JobHead]:
            raise OSError("PostgreSQL is away")

    rows = BrokenRows()
    job = rows.add()
    watcher = Noted(job)
    async with running_hub(client, rows) as hub:
        hub.watchers.watch_job(job, watcher)
        for _ in range(3):
            hub.request_check(watcher)
            await asyncio.sleep(0.05)
        await publish(client, rows, rows.emit(job))
        await caught_up(hub)

    assert watcher.told == [1]


async def test_all_watchers_hear_of_a_new_stream(
    client: Client, hub: Hub, rows: Rows
) -> None:
    one, two = Noted(), Noted()
    hub.watchers.watch_job("job_1", one)
    hub.watchers.watch_subjects("events.>", two)
    before = hub.position
    await client.jetstream().delete_stream(EVENTS)
    await asyncio.sleep(0.3)
    await ensure_streams(client, 1)
    await eventually(lambda: hub.position != before)

    assert one.told == two.told == ["restart"]


async def test_a_hub_that_starts_reads_the_newest_events_back(
    client: Client, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "PREFILLED_EVENTS", 10)
    job, watcher = rows.add(), Noted()
    await publish(client, rows, *(rows.emit(job) for _ in range(25)))
    async with running_hub(client, rows) as hub:
        hub.watchers.watch_job(job, watcher)
        position, floor = hub.position, hub.ring.floor
        assert position is not None and floor is not None
        kept = [floor.sequence]
        while event := hub.ring.next_of(job, kept[-1]):
            kept.append(event.sequence)
        await publish(client, rows, rows.emit(job))
        await caught_up(hub)

    assert (position.sequence, kept) == (25, [*range(15, 26)])
    assert watcher.events == [26]
