"""However a subscription ends, what it kept is given back."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

import server
from core.security import Caller
from events.readers.follower import Follower
from resolvers.subscriptions import sharing
from tests.integration.event_streams import SSE
from tests.integration.people import PATIENCE_SECONDS, Person, Stage
from tests.integration.watching import EVENTS, JOB_EVENTS
from tests.test_jobs.bench import ADMINISTRATOR

pytestmark = pytest.mark.timeout(180)

BAD_FILTER = 'subscription { events(subject: "a b") { cursor } }'


async def _held(count: int) -> None:
    """Wait until so many subscriptions hold something."""
    shared = server.operations.shared
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(shared.holdings) != count:
            await asyncio.sleep(0.01)
    held = shared.holdings.bytes_of(ADMINISTRATOR.user_id)
    assert bool(held) == bool(count) == bool(len(shared))
    assert shared.subscriptions.total() == count


async def _ask(person: Person, document: str, **variables: Any) -> Any:
    """Return the errors of a subscription that is refused."""
    feed = await person.begin(document, **variables)
    assert await feed.end() == []
    assert feed.errors is not None
    (error,) = feed.errors
    return error


async def test_every_end_gives_back(stage: Stage) -> None:
    async with AsyncExitStack() as stack:
        person = await stack.enter_async_context(stage.person())
        other = await stack.enter_async_context(stage.person())
        job_id = await stage.start(ADMINISTRATOR)
        for _ in range(10):
            feeds = [await person.watch(EVENTS, subject="psd.>") for _ in range(5)]
            ends = [await other.begin(JOB_EVENTS, id=job_id) for _ in range(5)]
            for feed in ends:
                await feed.count(1)
            await _held(10)
            assert (await _ask(person, BAD_FILTER))["extensions"]["code"] == (
                "BAD_USER_INPUT"
            )
            await _ask(person, JOB_EVENTS, id="job_none")
            await _ask(person, EVENTS, subject="psd.>", after="damaged")
            await _ask(person, "subscription { wrong }")
            for feed in feeds:
                await person.leave(feed)
            for feed in ends[:2]:
                await other.leave(feed)
            await _held(3)
            await stage.cancel(job_id)
            for feed in ends[2:]:
                await feed.end()
            await _held(0)
            job_id = await stage.start(ADMINISTRATOR)
        for _ in range(5):
            await person.watch(EVENTS, subject="psd.>")
            await other.begin(JOB_EVENTS, id=job_id)
        await _held(10)
    # Both sockets were cut.
    await _held(0)


async def test_a_stream_that_is_left_gives_back(stage: Stage) -> None:
    stage.gateway.call_as(ADMINISTRATOR)
    body = {"query": EVENTS, "variables": {"subject": "psd.>"}}
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
        for accept in ("text/event-stream", "multipart/mixed"):
            headers = SSE | {"accept": accept}
            async with http.stream(
                "POST", stage.url, json=body, headers=headers
            ) as answer:
                assert answer.status_code == 200
                await _held(1)
            await _held(0)


@pytest.mark.parametrize("name", ["start", "__init__"])
async def test_one_that_fails_as_it_begins_gives_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def fail(*_args: Any, **_options: Any) -> None:
        raise RuntimeError("for a test")

    async with stage.person() as person:
        with monkeypatch.context() as patch:
            patch.setattr(Follower, name, fail)
            for _ in range(3):
                error = await _ask(person, EVENTS, subject="psd.>")
                assert error["extensions"]["code"] == "INTERNAL"
        await _held(0)
        await person.watch(EVENTS, subject="psd.>")
        await _held(1)


async def test_one_whose_events_cannot_be_made_gives_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any) -> None:
        raise RuntimeError("for a test")

    monkeypatch.setattr(sharing, "encode_cursor", fail)
    async with stage.person() as person:
        job_id = await stage.start(ADMINISTRATOR)
        error = await _ask(person, JOB_EVENTS, id=job_id)
        assert error["extensions"]["code"] == "INTERNAL"
        await _held(0)


async def test_large_variables_are_refused(stage: Stage) -> None:
    async with stage.person(ADMINISTRATOR) as person:
        error = await _ask(person, EVENTS, subject="x" * 20_000)
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}
        # What is not declared is not kept, and does not count.
        await person.watch(EVENTS, subject="psd.>", more="x" * 20_000)
        await _held(1)
        kinds = "subscription ($kind: [JobKind!]) { jobFeed(kind: $kind) { cursor } }"
        many = ["PSD_PARSE"] * 2000
        error = await _ask(person, kinds, kind=many)
        assert error == {
            "message": "The variables of a subscription may have at most 16384 bytes "
            "as JSON; these have 24010.",
            "extensions": {"code": "LIMIT_EXCEEDED"},
        }
        await _held(1)
    await _held(0)


async def test_a_member_is_bounded_as_well(stage: Stage) -> None:
    member: Caller = await stage.member()
    shared = server.operations.shared
    async with stage.person(member) as person:
        await person.watch(EVENTS, subject="psd.>")
        held = shared.holdings.bytes_of(member.user_id)
        assert held > 600
        for _ in range(3):
            await person.watch(EVENTS, subject="*.*.failed")
        assert shared.holdings.bytes_of(member.user_id) == held
    await _held(0)
