"""jobFeed: one's own jobs, in the order of the log, from now on or behind any event."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from core.security import Caller
from events.cursor import EventCursor, Position, decode_cursor, encode_cursor
from events.live.hub import Hub
from events.recorded import EPOCH
from events.subjects import JobKind, job_filter
from tests.integration.event_streams import EventSource
from tests.integration.people import Person, Stage
from tests.integration.watching import EVENTS
from tests.test_jobs.bench import ADMINISTRATOR

pytestmark = pytest.mark.timeout(120)

JOB_FEED = """
subscription ($kind: [JobKind!], $after: EventCursor) {
  jobFeed(kind: $kind, after: $after) {
    __typename
    cursor
    at
    job { id kind status attempt progress { fraction stage } createdBy { id } }
  }
}
"""
OTHER_LOG = Position(creation=1_700_000_000_000_000, sequence=5, time=None)

JOB = "query ($id: ID!) { job(id: $id) { cursor } }"

type Told = list[tuple[str, str]]


def _told(events: list[Any]) -> Told:
    return [(event["__typename"], event["job"]["id"]) for event in events]


def _life(*job_ids: str) -> Told:
    """Return what is told of jobs that are cancelled, one after the other."""
    return [
        (kind, job_id) for job_id in job_ids for kind in ("JobQueued", "JobCanceled")
    ]


def _is_end_of(job_id: str) -> Callable[[Any], bool]:
    return lambda event: _told([event]) == [("JobCanceled", job_id)]


async def _short(stage: Stage, owner: Caller, **changes: Any) -> str:
    """Start and cancel a job, both published when it returns."""
    job_id = await stage.short(owner, **changes)
    assert await stage.site.statuses(job_id) == ["queued", "canceled"]
    return job_id


async def _now(person: Person) -> str:
    cursor: str = (await person.ask("{ eventCursor }"))["eventCursor"]
    return cursor


async def test_each_sees_their_own_jobs_and_an_administrator_all(stage: Stage) -> None:
    one, other = await stage.member(), await stage.member()
    before = await _short(stage, one)
    async with (
        stage.person(one) as first,
        stage.person(other) as second,
        stage.person() as third,
    ):
        feeds = [await who.watch(JOB_FEED) for who in (first, second, third)]
        owners = [one, other, one, ADMINISTRATOR, other, one]
        jobs = [await _short(stage, owner) for owner in owners]
        mine = [job for job, owner in zip(jobs, owners, strict=True) if owner == one]
        theirs = [
            job for job, owner in zip(jobs, owners, strict=True) if owner == other
        ]
        last = [
            await feed.until(_is_end_of(job))
            for feed, job in zip(feeds, (mine[-1], theirs[-1], jobs[-1]), strict=True)
        ]
    assert [_told(events) for events in last] == [
        _life(*mine),
        _life(*theirs),
        _life(*jobs),
    ]
    assert before not in {job_id for _, job_id in _told(last[2])}
    for event in last[2]:
        owner = owners[jobs.index(event["job"]["id"])]
        assert event["job"]["createdBy"] == {"id": owner.user_id}


async def test_the_order_is_the_streams(stage: Stage) -> None:
    one = await stage.member()
    async with stage.person(one) as mine, stage.person() as all_of_them:
        feed = await mine.watch(JOB_FEED)
        log = await all_of_them.watch(EVENTS, subject=">")
        jobs = [await stage.start(one) for _ in range(20)]
        await asyncio.gather(*(stage.cancel(job_id) for job_id in jobs))
        shown, recorded = await feed.count(40), await log.count(40)
    assert [event["cursor"] for event in shown] == [
        event["cursor"] for event in recorded
    ]
    sequences = [_position(event).sequence for event in shown]
    assert sequences == sorted(set(sequences))


def _position(event: Any) -> Position:
    position = decode_cursor(event["cursor"]).position
    assert position is not None
    return position


@pytest.mark.parametrize("kinds", [[JobKind.DATA_IMPORT], list(JobKind), [], None])
async def test_only_the_kinds_that_were_asked_for_are_told(
    stage: Stage, kinds: list[str] | None
) -> None:
    one = await stage.member()
    async with stage.person(one) as person:
        feed = await person.watch(JOB_FEED, kind=kinds)
        jobs = {kind: await _short(stage, one, kind=kind) for kind in JobKind}
        wanted = kinds or list(JobKind)
        chosen = [job_id for kind, job_id in jobs.items() if kind in wanted]
        events = await feed.until(_is_end_of(chosen[-1]))
        after = events[0]["cursor"]
        again = await person.begin(JOB_FEED, kind=kinds, after=after)
        resumed = await again.until(_is_end_of(chosen[-1]))
    assert _told(events) == _life(*chosen)
    assert resumed == events[1:]


async def test_it_goes_on_behind_any_event_over_websockets(stage: Stage) -> None:
    one, other = await stage.member(), await stage.member()
    async with stage.person(one) as person:
        feed = await person.watch(JOB_FEED)
        for _ in range(3):
            job_id = await _short(stage, one)
            await _short(stage, other)
        whole = await feed.until(_is_end_of(job_id))
    async with stage.person(one) as person:
        for place, event in enumerate(whole[:-1], start=1):
            again = await person.begin(JOB_FEED, after=event["cursor"])
            assert await again.until(_is_end_of(job_id)) == whole[place:]
    assert len(whole) == 6


async def test_a_job_that_starts_between_two_sockets_is_told_from_its_start(
    stage: Stage,
) -> None:
    one, other = await stage.member(), await stage.member()
    async with stage.person(one) as person:
        feed = await person.watch(JOB_FEED)
        running = await stage.start(one)
        (queued,) = await feed.count(1)
    between = await _short(stage, one)
    await _short(stage, other)
    later = await stage.start(one)
    async with stage.person(one) as person:
        feed = await person.begin(JOB_FEED, after=queued["cursor"])
        await feed.until(lambda event: _told([event]) == [("JobQueued", later)])
        await stage.cancel(running)
        await stage.cancel(later)
        events = await feed.until(_is_end_of(later))
    assert _told(events[:3]) == [*_life(between), ("JobQueued", later)]
    assert sorted(_told(events[3:])) == sorted(
        [("JobCanceled", running), ("JobCanceled", later)]
    )


async def test_it_goes_on_behind_any_event_over_event_streams(stage: Stage) -> None:
    one, other = await stage.member(), await stage.member()
    async with stage.person(one) as person:
        after = await _now(person)
        feed = await person.begin(JOB_FEED, after=after)
        jobs = [await _short(stage, owner) for owner in (one, other, one)]
        whole = await feed.until(_is_end_of(jobs[-1]))
        for place in range(len(whole)):
            stream = EventSource(stage.url, JOB_FEED, after=after)
            if place:
                stream.last_event_id = whole[place - 1]["cursor"]
            await stream.read_some(len(whole) - place)
            assert [sent.event for sent in stream.seen] == whole[place:]
            assert [sent.id for sent in stream.seen] == [
                event["cursor"] for event in whole[place:]
            ]
        # A job that starts while nobody listens.
        stream.last_event_id = whole[-1]["cursor"]
        stream.seen.clear()
        between = await _short(stage, one)
        await stream.read_some(2)
    assert _told(whole) == _life(jobs[0], jobs[2])
    assert _told([sent.event for sent in stream.seen]) == _life(between)


async def test_any_cursor_will_do(stage: Stage) -> None:
    one, other = await stage.member(), await stage.member()
    async with stage.person(one) as person, stage.person() as administrator:
        everything = await administrator.watch(JOB_FEED)
        mine = await person.watch(JOB_FEED)
        old = await _short(stage, one)
        await mine.until(_is_end_of(old))
        strange = await _short(stage, other)
        told = await everything.until(_is_end_of(strange))
        cursors = [
            await _now(person),
            (await person.ask(JOB, id=old))["job"]["cursor"],
            told[-1]["cursor"],  # of a job that one may not see
        ]
        job_id = await _short(stage, one)
        feeds = [await person.begin(JOB_FEED, after=after) for after in cursors]
        for feed in feeds:
            assert _told(await feed.until(_is_end_of(job_id))) == _life(job_id)


async def test_a_place_that_is_gone_is_told_for_each_job_that_matters(
    stage: Stage,
) -> None:
    one, other = await stage.member(), await stage.member()
    ended = await _short(stage, one)
    waiting = [await stage.start(one) for _ in range(2)]
    await stage.start(other)
    log = stage.gateway.container.get(Hub).log
    for job_id in waiting:  # else its first event may come behind its snapshot
        while await log.last(job_filter(job_id)) is None:
            await asyncio.sleep(0.02)
    async with stage.person(one) as person:
        long_ago = encode_cursor(EventCursor(EPOCH, OTHER_LOG))
        whole = await person.begin(JOB_FEED, after=long_ago)
        events = await whole.count(6)
        assert sorted(_told(events)) == sorted(
            (kind, job_id)
            for job_id in (ended, *waiting)
            for kind in ("EventGap", "JobSnapshot")
        )
        kinds = [event["__typename"] for event in events]
        assert kinds == ["EventGap", "JobSnapshot"] * 3
        cursors = [event["cursor"] for event in events]
        assert cursors[:-1] == [long_ago] * 5
        again = await person.begin(JOB_FEED, after=cursors[-1])
        for job_id in waiting:
            await stage.cancel(job_id)
        assert _told(await again.count(2)) == _told((await whole.count(8))[6:])
    assert sorted(_told(again.seen)) == sorted(
        ("JobCanceled", job_id) for job_id in waiting
    )


async def test_a_damaged_cursor_is_refused(stage: Stage) -> None:
    async with stage.person(await stage.member()) as person:
        feed = await person.begin(JOB_FEED, after=(await _now(person))[:-1])
        assert await feed.end() == []
        assert feed.errors is not None
        (error,) = feed.errors
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}
        assert error["message"].startswith("This event cursor is damaged. ")
