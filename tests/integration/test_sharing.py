"""Shared execution: one for all who asked the same, and nobody sees another's data."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

import server
from core.base import new_id
from core.security import Caller
from resolvers.execution import documents, executor
from resolvers.subscriptions import sharing
from schema.events import JobEvent, JobSnapshot
from tests.integration.event_streams import EventSource
from tests.integration.people import PATIENCE_SECONDS, Stage
from tests.integration.watching import JOB_EVENTS
from tests.test_jobs.bench import ADMINISTRATOR, report

pytestmark = pytest.mark.timeout(180)

CURSOR = "query ($id: ID!) { job(id: $id) { cursor } }"
TWO_PLACES = """
subscription ($id: ID!, $after: EventCursor) {
  jobEvents(id: $id, after: $after) {
    cursor
    job { events(after: $after) { nodes { cursor } } }
  }
}
"""
INCLUDED = """
subscription ($id: ID!, $x: Boolean!) {
  jobEvents(id: $id) { __typename cursor job @include(if: $x) { id } }
}
"""


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the executions of each event, by its cursor; snapshots are everyone's own."""
    counted: Counter[str] = Counter()
    execute = executor.execute

    def count(prepared: Any, context: Any, event: JobEvent) -> Any:
        if not isinstance(event, JobSnapshot):
            counted[event.cursor] += 1
        return execute(prepared, context, event)

    monkeypatch.setattr(sharing, "execute", count)
    return counted


def _shared() -> int:
    """Return how many executions there are that anybody shares."""
    return len(server.operations.shared)


def _is(kind: str) -> Callable[[Any], bool]:
    return lambda event: bool(event["__typename"] == kind)


async def _work(stage: Stage, job_id: str) -> None:
    """Have a queued job done: three events."""
    delivery = await stage.bench.claim(job_id)
    await (await delivery.begun()).progress(report(0.5))
    await delivery.end()


async def test_each_event_is_executed_once_for_all_who_asked_the_same(
    stage: Stage, executed: Counter[str]
) -> None:
    one = await stage.member()
    async with AsyncExitStack() as stack:
        # The job's owner, and two administrators who see just the same.
        callers = [one, ADMINISTRATOR, Caller(new_id("user"), is_admin=True)]
        people = [await stack.enter_async_context(stage.person(who)) for who in callers]
        job_id = await stage.start(one)
        feeds = [
            [await person.begin(JOB_EVENTS, id=job_id) for _ in range(20)]
            for person in people
        ]
        for feed in sum(feeds, []):
            await feed.count(1)
        assert _shared() == 2
        await _work(stage, job_id)
        told = [await feed.end() for feed in sum(feeds, [])]
    kinds = ["JobSnapshot", "JobStarted", "JobProgressed", "JobSucceeded"]
    assert [event["__typename"] for event in told[0]] == kinds
    assert all(events[1:] == told[0][1:] for events in told)
    assert executed == {event["cursor"]: 2 for event in told[0][1:]}
    assert _shared() == 0


async def test_where_each_begins_does_not_keep_them_apart(
    stage: Stage, executed: Counter[str]
) -> None:
    async with stage.person() as person:
        job_id = await stage.start(ADMINISTRATOR)
        watched = await person.begin(JOB_EVENTS, id=job_id)
        (snapshot,) = await watched.count(1)
        delivery = await stage.bench.claim(job_id)
        started = (await watched.count(2))[1]
        afters = [snapshot["cursor"], started["cursor"], None]
        feeds = [
            await person.begin(JOB_EVENTS, id=job_id, after=after) for after in afters
        ]
        await feeds[0].count(1)
        await feeds[2].count(1)
        await person.ask(CURSOR, id=job_id)
        assert _shared() == 1
        executed.clear()
        await delivery.end()
        told = [await feed.end() for feed in (watched, *feeds)]
    assert [len(events) for events in told] == [3, 2, 1, 2]
    assert len({json.dumps(events[-1]) for events in told}) == 1
    assert executed == {told[0][-1]["cursor"]: 1}


async def test_transports_share_as_well(stage: Stage, executed: Counter[str]) -> None:
    job_id = await stage.start(ADMINISTRATOR)
    async with stage.person() as person:
        feeds = [await person.begin(JOB_EVENTS, id=job_id) for _ in range(2)]
        for feed in feeds:
            await feed.count(1)
        stream = EventSource(stage.url, JOB_EVENTS, id=job_id)
        reading = asyncio.create_task(stream.read([]))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not stream.seen:
                await asyncio.sleep(0.01)
        assert _shared() == 1
        await stage.cancel(job_id)
        told = [(await feed.end())[-1] for feed in feeds]
        sent = (await reading)[-1]
    assert [sent.event] * 2 == told
    assert executed == {sent.id: 1}


async def test_a_cursor_that_shows_in_the_answer_keeps_them_apart(
    stage: Stage,
) -> None:
    async with stage.person() as person:
        job_id = await stage.start(ADMINISTRATOR)
        first = await person.begin(JOB_EVENTS, id=job_id)
        await first.count(1)
        delivery = await stage.bench.claim(job_id)
        snapshot, started = await first.count(2)
        afters = [snapshot["cursor"], started["cursor"]] * 2
        feeds = [
            await person.begin(TWO_PLACES, id=job_id, after=after) for after in afters
        ]
        await feeds[0].count(1)
        await delivery.end()
        last = (await first.end())[-1]["cursor"]
        told = [(await feed.end())[-1] for feed in feeds]
    shown = [
        [node["cursor"] for node in event["job"]["events"]["nodes"]] for event in told
    ]
    assert shown == [[started["cursor"], last], [last]] * 2


async def test_variables_that_decide_on_fields_keep_them_apart(
    stage: Stage, executed: Counter[str]
) -> None:
    async with stage.person() as person:
        job_id = await stage.start(ADMINISTRATOR)
        chosen = [True, False, True, False]
        feeds = [await person.begin(INCLUDED, id=job_id, x=x) for x in chosen]
        for feed in feeds:
            await feed.count(1)
        assert _shared() == 2
        await stage.cancel(job_id)
        told = [(await feed.end())[-1] for feed in feeds]
    cursor = told[0]["cursor"]
    bare = {"__typename": "JobCanceled", "cursor": cursor}
    assert told == [bare | {"job": {"id": job_id}}, bare] * 2
    assert executed == {cursor: 2}


async def test_one_who_leaves_in_the_middle_takes_nothing_along(
    stage: Stage, executed: Counter[str]
) -> None:
    async with stage.person() as staying, stage.person() as leaving:
        job_id = await stage.start(ADMINISTRATOR)
        stay = [await staying.begin(JOB_EVENTS, id=job_id) for _ in range(3)]
        leave = [await leaving.begin(JOB_EVENTS, id=job_id) for _ in range(3)]
        for feed in (*stay, *leave):
            await feed.count(1)
        delivery = await stage.bench.claim(job_id)
        for feed in (*stay, *leave):
            await feed.until(_is("JobStarted"))
        for feed in leave:
            await leaving.leave(feed)
        await delivery.end()
        told = [await feed.end() for feed in stay]
        assert [len(feed.results) for feed in leave] == [2, 2, 2]
    assert [event["__typename"] for event in told[0]] == [
        *("JobSnapshot", "JobStarted", "JobSucceeded")
    ]
    assert executed == {event["cursor"]: 1 for event in told[0][1:]}
    assert _shared() == 0


async def test_a_crowd_that_comes_back_costs_one_parse_and_one_validation(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: Counter[str] = Counter()
    for name in ("parse", "validate"):
        _count(monkeypatch, name, counted)
    # Nobody has sent this text before.
    document = f"# {new_id('event')}\n{JOB_EVENTS}"
    job_id = await stage.start(ADMINISTRATOR)
    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(stage.person()) for _ in range(40)]
        feeds = [await person.begin(document, id=job_id) for person in people]
        for feed in feeds:
            await feed.count(1)
        assert _shared() == 1
    assert counted == {"parse": 1, "validate": 1}


def _count(monkeypatch: pytest.MonkeyPatch, name: str, counted: Counter[str]) -> None:
    call = getattr(documents, name)

    def count(*arguments: Any, **options: Any) -> Any:
        counted[name] += 1
        return call(*arguments, **options)

    monkeypatch.setattr(documents, name, count)
