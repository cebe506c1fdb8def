"""Nobody sees another's data through a shared execution, whoever asks what, and when."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from graphql import ExecutionResult

from core.base import new_id
from core.security import Caller
from events.cursor import decode_cursor
from resolvers.execution import executor
from resolvers.subscriptions import sharing
from schema.context import Context
from tests.integration.people import Feed, Stage
from tests.integration.scene import (
    JOB_FEED,
    ONE_JOB,
    Owner,
    Scene,
    Watched,
    new_owner,
)
from tests.test_jobs.bench import ADMINISTRATOR
from tests.test_psd.documents import small_document

pytestmark = pytest.mark.timeout(300)

ENDS = ("JobCanceled", "events.psd.parse_export.canceled")
STEPS = 150


@pytest.mark.parametrize("seed", range(3))
async def test_each_is_shown_what_is_theirs_and_no_more(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    executions = _signing(monkeypatch)
    design = tmp_path / "small.psd"
    small_document().save(design)
    owners = [await new_owner(stage, design) for _ in range(2)]
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
