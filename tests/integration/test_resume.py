"""However a client watches, it sees one sequence: whole, in order, each event once."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.base import derived_id, utc_now
from events.cursor import EventCursor, Position, decode_cursor, encode_cursor
from tests.client import Client, GraphQLErrors
from tests.integration.conftest import NOISY_LAYERS
from tests.integration.watching import EVENTS, JOB_EVENTS, Cut, Subscriber, numbers
from tests.running import Running

pytestmark = pytest.mark.timeout(180)

CUTS = st.lists(st.one_of(st.integers(0, 4), st.floats(0.0, 0.4)), max_size=8)
ON_SERVERS = settings(
    max_examples=8,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # to shrink an example takes longer than to read it
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
OTHER_LOG = Position(creation=1_700_000_000_000_000, sequence=5, time=None)


async def _start(client: Client, noisy: str) -> tuple[str, str]:
    """Start a parse; return the job's id and the mutation's cursor."""
    started = await client.parse(noisy, waitMs=0)
    return started["job"]["id"], started["cursor"]


async def _later(delay: float, subscriber: Subscriber) -> list[Any]:
    await asyncio.sleep(delay)
    return await subscriber.watch()


@ON_SERVERS
@given(cuts=CUTS, delay=st.floats(0.0, 2.0))
async def test_every_way_of_watching_shows_the_same_sequence(
    client: Client, noisy: str, cuts: list[Cut], delay: float
) -> None:
    job_id, cursor = await _start(client, noisy)

    def subscriber(after: str | None) -> Subscriber:
        return Subscriber(client.base_url, JOB_EVENTS, id=job_id, after=after)

    whole, late, broken, snapshot = await asyncio.gather(
        subscriber(cursor).watch(),
        _later(delay, subscriber(cursor)),
        subscriber(cursor).watch(cuts),
        _later(delay, subscriber(None)),
    )
    assert numbers(whole) == list(range(1, len(whole) + 1))
    assert [event["__typename"] for event in whole[:2]] == ["JobQueued", "JobStarted"]
    assert whole[-1]["__typename"] == "JobSucceeded"
    assert late == whole
    assert broken == whole
    opening, *rest = snapshot
    assert opening["__typename"] == "JobSnapshot"
    assert rest == whole[numbers(snapshot)[0] :]
    _check_layers(whole)


def _check_layers(events: list[Any]) -> None:
    told = [event for event in events if event["__typename"] == "PsdLayersExported"]
    indexes = [layer["index"] for event in told for layer in event["layers"]]
    assert sorted(indexes) == list(range(NOISY_LAYERS))


@pytest.fixture(scope="module")
def ended(running: Running, noisy: str) -> tuple[str, list[Any]]:
    """Give an ended job and all its events."""
    return asyncio.run(_ended(running, noisy))


async def _ended(running: Running, noisy: str) -> tuple[str, list[Any]]:
    async with Client(running.base_url) as client:
        job_id, after = await _start(client, noisy)
    subscriber = Subscriber(running.base_url, JOB_EVENTS, id=job_id, after=after)
    return job_id, await subscriber.watch()


async def test_each_place_in_an_ended_job_gives_all_that_came_behind_it(
    running: Running, ended: tuple[str, list[Any]]
) -> None:
    job_id, whole = ended
    for place, event in enumerate(whole, start=1):
        subscriber = Subscriber(
            running.base_url, JOB_EVENTS, id=job_id, after=event["cursor"]
        )
        assert await subscriber.watch() == whole[place:]


async def test_a_cursor_of_the_whole_log_serves_a_job_too(
    client: Client, noisy: str
) -> None:
    before = (await client.ask("{ eventCursor }"))["eventCursor"]
    job_id, cursor = await _start(client, noisy)
    by_log, by_job = await asyncio.gather(
        *(
            Subscriber(client.base_url, JOB_EVENTS, id=job_id, after=after).watch()
            for after in (before, cursor)
        )
    )
    assert by_log == by_job
    behind = (await client.ask("{ eventCursor }"))["eventCursor"]
    subscriber = Subscriber(client.base_url, JOB_EVENTS, id=job_id, after=behind)
    assert await subscriber.watch() == []


@settings(ON_SERVERS, max_examples=4)
@given(cuts=CUTS)
async def test_the_feed_of_events_resumes_at_any_place(
    client: Client, noisy: str, cuts: list[Cut]
) -> None:
    after = (await client.ask("{ eventCursor }"))["eventCursor"]
    job_id, cursor = await _start(client, noisy)
    document_id = derived_id("psd", job_id, "document")

    def is_published(event: Any) -> bool:
        published: bool = event["subject"] == "events.psd.preview.published"
        return published and document_id == event["payload"]["document_id"]

    def subscriber() -> Subscriber:
        return Subscriber(client.base_url, EVENTS, subject="psd.>", after=after)

    whole, broken, of_job = await asyncio.gather(
        subscriber().watch(until=is_published),
        subscriber().watch(cuts, until=is_published),
        Subscriber(client.base_url, JOB_EVENTS, id=job_id, after=cursor).watch(),
    )
    assert broken == whole
    assert len({event["cursor"] for event in whole}) == len(whole)
    _check_feed(whole, of_job, job_id)


def _check_feed(feed: list[Any], of_job: list[Any], job_id: str) -> None:
    """Hold the feed's events of a job against those of its own subscription."""
    mine = [event for event in feed if event["job"] and event["job"]["id"] == job_id]
    assert [event["cursor"] for event in mine] == [event["cursor"] for event in of_job]
    bodies = [event["payload"]["job"] for event in mine]
    assert [body["job_seq"] for body in bodies] == numbers(of_job)
    assert [event["job"]["status"] for event in mine] == [
        event["job"]["status"] for event in of_job
    ]
    assert all(event["payload"]["status"] == event["status"] for event in feed)
    assert all(event["payload"]["event_id"] == event["eventId"] for event in feed)
    completed = mine[-1]
    assert completed["subject"] == "events.psd.parse_export.completed"
    published = feed[-1]
    assert published["job"] is None
    assert published["payload"]["task_id"] == published["eventId"]


async def test_a_position_of_another_log_is_told_as_a_gap(
    running: Running, ended: tuple[str, list[Any]]
) -> None:
    job_id, whole = ended
    foreign = encode_cursor(EventCursor(utc_now(), OTHER_LOG))
    subscriber = Subscriber(running.base_url, JOB_EVENTS, id=job_id, after=foreign)
    gap, snapshot = await subscriber.watch()
    assert (gap["__typename"], gap["cursor"]) == ("EventGap", foreign)
    assert snapshot["__typename"] == "JobSnapshot"
    assert snapshot["job"] | {"cursor": ""} == whole[-1]["job"] | {"cursor": ""}
    assert numbers([snapshot]) == [len(whole)]


async def test_a_socket_cut_at_the_gap_is_told_of_it_again(
    running: Running, ended: tuple[str, list[Any]]
) -> None:
    foreign = encode_cursor(EventCursor(utc_now(), OTHER_LOG))
    subscriber = Subscriber(running.base_url, JOB_EVENTS, id=ended[0], after=foreign)
    kinds = [event["__typename"] for event in await subscriber.watch([1, 1])]
    assert kinds == ["EventGap", "EventGap", "EventGap", "JobSnapshot"]


async def test_a_jobs_own_cursor_outlives_the_log_it_was_made_in(
    running: Running, ended: tuple[str, list[Any]]
) -> None:
    job_id, whole = ended
    for place in (0, 1, len(whole) - 1):
        cursor = EventCursor(utc_now(), OTHER_LOG, job_id, place)
        subscriber = Subscriber(
            running.base_url, JOB_EVENTS, id=job_id, after=encode_cursor(cursor)
        )
        assert await subscriber.watch() == whole[place:]


async def test_a_cursor_without_a_position_knows_its_job(
    running: Running, ended: tuple[str, list[Any]]
) -> None:
    job_id, whole = ended
    cursor = encode_cursor(EventCursor(utc_now(), None, job_id, 2))
    subscriber = Subscriber(running.base_url, JOB_EVENTS, id=job_id, after=cursor)
    assert await subscriber.watch() == whole[2:]


async def test_the_feed_tells_of_a_gap_and_begins_with_what_is_kept(
    running: Running, ended: tuple[str, list[Any]]
) -> None:
    foreign = encode_cursor(EventCursor(utc_now(), OTHER_LOG))
    subscriber = Subscriber(running.base_url, EVENTS, subject=">", after=foreign)
    gap, first, *_rest = await subscriber.watch(
        until=lambda _event: len(subscriber.seen) == 3
    )
    assert (gap["subject"], gap["status"]) == ("events.gap", "gap")
    assert (gap["payload"], gap["job"], gap["cursor"]) == ({}, None, foreign)
    assert gap["eventId"].startswith("event_")
    position = decode_cursor(first["cursor"]).position
    assert position is not None and position.sequence == 1


DAMAGED = (
    "This event cursor is damaged. Pass one exactly as it was received, or none for a "
    "fresh start."
)


@pytest.mark.parametrize("how", ["cut", "changed", "padded", "empty", "foreign"])
async def test_a_damaged_cursor_is_refused(
    how: str, client: Client, ended: tuple[str, list[Any]]
) -> None:
    job_id, whole = ended
    good = whole[0]["cursor"]
    damaged = {
        "cut": good[:-1],
        "changed": good[:-3] + ("A" if good[-3] != "A" else "B") + good[-2:],
        "padded": good + "=",
        "empty": "",
        "foreign": "游标",
    }[how]
    for document, variables in (
        (JOB_EVENTS, {"id": job_id}),
        (EVENTS, {"subject": "psd.>"}),
    ):
        with pytest.raises(GraphQLErrors) as refused:
            async for _ in client.subscribe(document, after=damaged, **variables):
                raise AssertionError("it was taken")
        (error,) = refused.value.errors
        assert error["message"] == DAMAGED
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize("after", [None, "a cursor"])
@pytest.mark.parametrize(
    "job_id", ["job_00000000000070008000000000000009", "job_1", "", "*", ">"]
)
async def test_an_unknown_job_is_not_found(
    job_id: str, after: str | None, client: Client
) -> None:
    if after is not None:
        after = (await client.ask("{ eventCursor }"))["eventCursor"]
    with pytest.raises(GraphQLErrors) as refused:
        async for _ in client.subscribe(JOB_EVENTS, id=job_id, after=after):
            raise AssertionError("it was found")
    (error,) = refused.value.errors
    assert error["message"] == "There is no such job."
    assert error["extensions"] == {"code": "NOT_FOUND"}
    assert error["path"] == ["jobEvents"]


@pytest.mark.parametrize(
    "subject", ["", ".", "psd..x", ">.psd", "psd.>.x", "a b", "ps*"]
)
async def test_what_is_no_subject_filter_is_refused(
    subject: str, client: Client
) -> None:
    with pytest.raises(GraphQLErrors) as refused:
        async for _ in client.subscribe(EVENTS, subject=subject):
            raise AssertionError("it was taken")
    (error,) = refused.value.errors
    assert error["message"].startswith(f"{subject!r} is no subject filter. ")
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
