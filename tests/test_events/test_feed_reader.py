"""`events` on a real stream: order, resuming, gaps, who may see what."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nats.aio.client import Client

from core.base import new_id, utc_now
from events.cursor import EventCursor, Position
from events.live.hub import Hub
from events.readers.feed_reader import FeedEvent, owner_of, stream_filter
from events.schemas import EventBody, encode
from events.subjects import (
    DEAD_LETTER,
    PREVIEW_PUBLISHED,
    Topic,
    Transition,
    matches,
    without_id,
)
from tests.test_events.bodies import BORN, OWNER, Rows
from tests.test_events.happening import caught_up, happen
from tests.test_events.publishing import publish
from tests.test_events.reading import FeedReading, feed, here, running_hub

pytestmark = pytest.mark.usefixtures("quick")


async def plain(client: Client, topic: Topic, owner: str | None) -> str:
    """Publish an event that is no job's; return its trailing id."""
    event_id, trailing = new_id("event"), new_id("psd")
    body = EventBody(
        event_id=event_id,
        timestamp=BORN,
        task_id=event_id,
        status=topic.status,
        owner=owner,
    )
    await client.jetstream().publish(topic.subject(trailing), encode(body))
    return trailing


async def test_what_comes_from_now_on_is_told_in_stream_order(
    client: Client, hub: Hub, rows: Rows
) -> None:
    one, two = rows.add(), rows.add()
    await happen(client, rows, one, 2)
    await caught_up(hub)
    reading = feed(hub)
    await asyncio.sleep(0.1)
    for job in (one, two, two, one):
        await publish(client, rows, rows.emit(job))

    assert await reading.reaches(4) == [(one, 3), (two, 1), (two, 2), (one, 4)]
    await reading.drop()


async def test_every_cursor_resumes_behind_its_event(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job, start = rows.add(), here(hub)
    live = feed(hub, after=start)
    for _ in range(4):
        await publish(client, rows, rows.emit(job))
    await live.reaches(4)
    await publish(client, rows, rows.emit(job))
    everything = await live.reaches(5)
    assert everything == [(job, number) for number in range(1, 6)]

    cursors = [start, *(item.cursor for item in live.items)]
    for seen, cursor in enumerate(cursors):
        again = feed(hub, after=cursor)
        assert await again.reaches(5 - seen) == everything[seen:]
        assert [_told(item) for item in again.items] == [
            _told(item) for item in live.items[seen:]
        ]
        await again.drop()
    await live.drop()


def _told(item: object) -> tuple[object, ...]:
    assert isinstance(item, FeedEvent)
    event = item.event
    return event.sequence, event.time, event.subject, event.payload, item.cursor


async def test_cursors_say_where_an_event_stands(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    reading = feed(hub, after=here(hub))
    await publish(client, rows, rows.emit(job))
    await plain(client, PREVIEW_PUBLISHED, OWNER)
    await reading.reaches(2)
    first, second = reading.items

    assert isinstance(first, FeedEvent) and isinstance(second, FeedEvent)
    assert hub.position is not None
    creation = hub.position.creation
    assert first.cursor == EventCursor(
        first.event.at, Position(creation, 1, first.event.time), job, 1
    )
    assert second.cursor == EventCursor(
        second.event.at, Position(creation, 2, second.event.time), None, 0
    )
    await reading.drop()


@pytest.mark.parametrize(
    ("pattern", "covered"),
    [
        (">", [1, 2, 3, 4, 5]),
        ("psd.>", [1, 2, 3, 5]),
        ("*.*.failed", [3, 4]),
        ("psd.parse_export.*", [1, 2, 3]),
        ("psd.parse_export.started", [2]),
        ("psd.parse_export.started.>", []),
        ("psd.*", []),
        ("tasks.dead.failed", [4]),
    ],
)
async def test_patterns_leave_the_trailing_id_off(
    client: Client, hub: Hub, rows: Rows, pattern: str, covered: list[int]
) -> None:
    start, job = here(hub), rows.add()
    live = feed(hub, pattern)
    await asyncio.sleep(0.1)
    for transition in (Transition.QUEUED, Transition.STARTED, Transition.FAILED):
        await publish(client, rows, rows.emit(job, transition))
    await plain(client, DEAD_LETTER, None)
    await plain(client, PREVIEW_PUBLISHED, OWNER)
    replayed = feed(hub, pattern, start)

    for reading in (live, replayed):
        await reading.reaches(len(covered))
        assert [
            item.event.sequence for item in reading.items if isinstance(item, FeedEvent)
        ] == covered
        assert len(reading.items) == len(covered)
        await reading.drop()


@given(
    pattern=st.lists(st.sampled_from("ab*"), min_size=1, max_size=4),
    tail=st.sampled_from([[], [">"]]),
    subject=st.lists(st.sampled_from("ab"), min_size=1, max_size=5),
)
def test_the_stream_s_filter_leaves_nothing_out(
    pattern: list[str], tail: list[str], subject: list[str]
) -> None:
    wanted = ".".join(pattern + tail)
    whole = ".".join(["events", *subject, "job_1"])
    if matches(f"events.{wanted}", without_id(whole)):
        assert matches(stream_filter(wanted), whole)


async def test_everyone_sees_their_own_and_administrators_all(
    client: Client, hub: Hub, rows: Rows
) -> None:
    mine, other = rows.add("user_1"), rows.add("user_2")
    start = here(hub)
    await publish(client, rows, rows.emit(mine), rows.emit(other))
    await plain(client, PREVIEW_PUBLISHED, "user_2")
    await plain(client, DEAD_LETTER, None)
    await publish(client, rows, rows.emit(mine))

    def sees(*owners: str | None) -> FeedReading:
        return feed(hub, after=start, seer=lambda owner: owner in owners)

    expected = {
        ("user_1",): [1, 5],
        ("user_2",): [2, 3],
        ("user_1", "user_2", None): [1, 2, 3, 4, 5],
        (): [],
    }
    for owners, sequences in expected.items():
        reading = sees(*owners)
        await reading.reaches(len(sequences))
        assert [
            item.event.sequence for item in reading.items if isinstance(item, FeedEvent)
        ] == sequences
        await reading.drop()


def test_an_event_s_owner_is_its_job_s_or_its_own() -> None:
    def owner(**parts: str | None) -> str | None:
        body = EventBody(
            event_id="e", timestamp=BORN, task_id="e", status="s", **parts  # type: ignore[arg-type]
        )
        return owner_of(body)

    assert owner() is None
    assert owner(owner=None) is None
    assert owner(owner="user_3") == "user_3"


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    count=st.integers(1, 30),
    cuts=st.lists(st.integers(1, 5), max_size=8),
    pattern=st.sampled_from([">", "*.*.progressed", "psd.parse_export.started"]),
)
async def test_any_drops_give_the_same_sequence(
    client: Client, hub: Hub, count: int, cuts: list[int], pattern: str
) -> None:
    rows = Rows()
    jobs, cursor = [rows.add(), rows.add()], here(hub)
    await asyncio.sleep(0.01)
    kinds = (Transition.STARTED, Transition.PROGRESSED)
    events = [rows.emit(jobs[n % 2], kinds[n % 3 > 0]) for n in range(count)]
    async with running_hub(client, rows) as other:
        cursor = EventCursor(utc_now(), other.position)
        work = asyncio.create_task(publish(client, rows, *events))
        expected = [
            (one.job_id, one.job_seq)
            for one in events
            if matches(f"events.{pattern}", without_id(one.subject))
        ]
        told: list[tuple[str, int] | str] = []
        for number, cut in enumerate([*cuts, count]):
            reading = feed((hub, other)[number % 2], pattern, cursor)
            wanted = min(cut, len(expected) - len(told))
            while len(reading.items) < wanted:
                await asyncio.sleep(0.002)
            await reading.drop()
            told += reading.told[:wanted]
            cursor = reading.items[wanted - 1].cursor if wanted else cursor
        await work

    assert told == expected
