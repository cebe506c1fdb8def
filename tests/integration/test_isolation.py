"""Nobody sees another's data through a shared execution, whoever asks what, and when."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from graphql import ExecutionResult

from core.base import derived_id, new_id
from core.security import Caller
from events.cursor import decode_cursor
from resolvers.execution import executor
from resolvers.subscriptions import sharing
from schema.context import Context
from tests.client import Client
from tests.integration.people import Feed, Person, Stage
from tests.test_jobs.bench import ADMINISTRATOR
from tests.test_psd.documents import small_document

pytestmark = pytest.mark.timeout(300)

# All that can be reached through an event's ids.
REACHING = """
  __typename
  cursor
  job {
    id
    createdBy { id email name }
    retryOf { id }
    result {
      ... on PsdDocument {
        id
        file { id filename }
        job { id createdBy { email } events(first: 3) { nodes { job { id } } } }
        layers(first: 10) { nodes { id name document { id } } }
        preview { url }
      }
    }
  }
  ... on PsdLayersExported { layers { id document { job { createdBy { email } } } } }
  ... on PsdPreviewReady { document { id job { createdBy { email } } } }
"""
JOB_FEED = """
subscription ($after: EventCursor) {
  jobFeed(after: $after, delivery: ALL) {%s}
}
""" % REACHING
ONE_JOB = """
subscription ($id: ID!, $after: EventCursor) {
  jobEvents(id: $id, after: $after) {%s}
}
""" % REACHING
ALL = """
subscription ($after: EventCursor) {
  events(subject: ">", after: $after) {
    cursor
    subject
    payload
    job { id createdBy { id email } result { ... on PsdDocument { id } } }
  }
}
"""


ENDS = ("JobCanceled", "events.psd.parse_export.canceled")
STEPS = 150
SHOWN_LAYERS = 4


class Owner:
    """A member with a design that is being parsed, and other jobs."""

    def __init__(self, caller: Caller, email: str, file_id: str, job_id: str) -> None:
        self.caller = caller
        self.job_id = job_id
        document = derived_id("psd", job_id, "document")
        # What none but the owner and administrators may read.
        self.names = {caller.user_id, email, file_id, job_id, document}
        self.names |= {
            derived_id("layer", document, str(index)) for index in range(SHOWN_LAYERS)
        }
        self.last_id = ""

    async def short_job(self, stage: Stage) -> None:
        """Start and cancel another job."""
        self.last_id = await stage.short(self.caller)
        self.names.add(self.last_id)


async def _owner(stage: Stage, design: Path) -> Owner:
    caller = await stage.member()
    async with stage.person(caller) as person:
        viewer = (await person.ask("{ viewer { id email } }"))["viewer"]
        assert viewer["id"] == caller.user_id
    async with Client(stage.gateway.base_url) as client:
        file_id = await client.upload(design)
        started = await client.parse(file_id, waitMs=0)
    return Owner(caller, viewer["email"], file_id, started["job"]["id"])


class Watched(NamedTuple):
    """One operation: who asked, for what."""

    person: Person
    document: str
    variables: dict[str, Any]
    feed: Feed


class Scene:
    """People who come, ask all alike, and leave, in an order that chance decides."""

    def __init__(
        self, stage: Stage, people: list[Person], owners: list[Owner], seed: int
    ) -> None:
        self.open: list[Watched] = []
        self.left: list[Watched] = []
        self.cursors: list[str] = []
        self._stage = stage
        self._people = people
        self._owners = owners
        self._random = random.Random(seed)

    async def step(self) -> None:
        """Do one thing."""
        match self._random.random():
            case chance if chance < 0.55 and len(self.open) < 120:
                await self._watch()
            case chance if chance < 0.75 and self.open:
                watched = self.open.pop(self._random.randrange(len(self.open)))
                self.left.append(watched)
                await watched.person.leave(watched.feed)
            case chance if chance < 0.9:
                await self._random.choice(self._owners).short_job(self._stage)
            case _:
                await asyncio.sleep(self._random.random() / 20)

    async def _watch(self) -> None:
        person = self._random.choice(self._people)
        document = self._random.choice([JOB_FEED, ALL, ONE_JOB])
        variables = {}
        if document is ONE_JOB:
            variables["id"] = self._random.choice(self._owners).job_id
        if self._random.random() < 0.6:
            variables["after"] = self._random.choice(self.cursors)
        feed = await person.begin(document, **variables)
        self.open.append(Watched(person, document, variables, feed))
        self.cursors += [event["cursor"] for event in self._some_event()]

    def _some_event(self) -> list[Any]:
        """Return one event of all that anybody was shown, if there is any."""
        seen = self._random.choice(self.open).feed.seen
        return [self._random.choice(seen)] if seen else []


@pytest.mark.parametrize("seed", range(3))
async def test_each_is_shown_what_is_theirs_and_no_more(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    executions = _signing(monkeypatch)
    design = tmp_path / "small.psd"
    small_document().save(design)
    owners = [await _owner(stage, design) for _ in range(2)]
    admins = [ADMINISTRATOR, Caller(new_id("user"), is_admin=True)]
    callers = [*(owner.caller for owner in owners), *admins] * 2
    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(stage.person(who)) for who in callers]
        scene = Scene(stage, people, owners, seed)
        scene.cursors.append((await people[0].ask("{ eventCursor }"))["eventCursor"])
        with stage.site.plant.worker():
            await _play(scene, stage, owners)
        for owner in owners:
            await owner.short_job(stage)
        for watched in scene.open:
            await _ended(watched, owners)
        whole = await people[-1].begin(JOB_FEED, after=scene.cursors[0])
        truth = await whole.until(_is_end_of(owners[-1].last_id))
    everything = [*scene.open, *scene.left]
    for watched in everything:
        _check(watched, owners)
        if watched.document == JOB_FEED:
            _check_order(watched, truth)
    shown = sum(len(watched.feed.results) for watched in everything)
    assert 0 < executions.total() < shown / 2, (executions.total(), shown)


def _signing(monkeypatch: pytest.MonkeyPatch) -> Counter[Any]:
    counted: Counter[Any] = Counter()

    def execute(prepared: Any, context: Any, event: Any) -> Any:
        counted[None] += 1
        result = executor.execute(prepared, context, event)
        if isinstance(result, ExecutionResult):
            return _signed(result, context)
        return _signed_later(result, context)

    monkeypatch.setattr(sharing, "execute", execute)
    return counted


async def _signed_later(result: Awaitable[ExecutionResult], context: Context) -> Any:
    return _signed(await result, context)


def _signed(result: ExecutionResult, context: Context) -> ExecutionResult:
    """Put into an event who it was made for: what a field might show of the caller."""
    assert result.data is not None, result
    (event,) = result.data.values()
    event["madeFor"] = context.caller.user_id
    return result


async def _play(scene: Scene, stage: Stage, owners: list[Owner]) -> None:
    """Step on until enough has happened and both parses have ended."""
    for _ in range(STEPS):
        await scene.step()
    for owner in owners:
        while (await stage.bench.job(owner.job_id)).status != "SUCCEEDED":
            await scene.step()


async def _ended(watched: Watched, owners: list[Owner]) -> None:
    """Wait for the last that an operation must be told."""
    if watched.document is ONE_JOB:
        await watched.feed.end()
        return
    last = [
        one.last_id
        for one in owners
        if watched.person.caller.may_see(one.caller.user_id)
    ][-1]

    await watched.feed.until(_is_end_of(last))


def _is_end_of(job_id: str) -> Callable[[Any], bool]:
    def is_end(event: Any) -> bool:
        kind = event.get("__typename") or event["subject"]
        return kind in ENDS and bool(event["job"]["id"] == job_id)

    return is_end


def _check_order(watched: Watched, truth: list[Any]) -> None:
    """Hold a feed to a stretch of all that happened to the jobs its watcher may see."""
    may_see = watched.person.caller.may_see
    whole = [
        event["cursor"] for event in truth if may_see(event["job"]["createdBy"]["id"])
    ]
    seen = [event["cursor"] for event in watched.feed.seen]
    after = watched.variables.get("after")
    start = (
        sum(_sequence(cursor) <= _sequence(after) for cursor in whole)
        if after
        else None
    )
    if start is None:
        start = whole.index(seen[0]) if seen else 0
    assert seen == whole[start : start + len(seen)]


def _sequence(cursor: str) -> int:
    position = decode_cursor(cursor).position
    assert position is not None
    return position.sequence


def _check(watched: Watched, owners: list[Owner]) -> None:
    """Hold what somebody was shown against what they may see."""
    caller, feed = watched.person.caller, watched.feed
    mine = [one for one in owners if caller.may_see(one.caller.user_id)]
    text = json.dumps([feed.results, feed.errors], ensure_ascii=False)
    for other in owners:
        if other not in mine:
            assert not [name for name in other.names if name in text]
    viewer = "" if caller.is_admin else caller.user_id
    assert all(event["madeFor"] == viewer for event in feed.seen)
    if watched.document is ONE_JOB:
        if watched.variables["id"] not in [one.job_id for one in mine]:
            assert feed.results == []
            assert feed.errors is None or _codes(feed) == ["NOT_FOUND"]
        return
    assert feed.errors is None
    for event in feed.seen:
        shown = json.dumps(event)
        is_job = event.get("__typename") or event["job"]
        assert not is_job or any(one.caller.user_id in shown for one in mine)


def _codes(feed: Feed) -> list[str]:
    return [error["extensions"]["code"] for error in feed.errors or []]
