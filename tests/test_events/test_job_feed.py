"""`jobFeed` on a real stream: whose jobs, in which order, from where on."""

import asyncio

import pytest
from nats.aio.client import Client

from core.base import new_id, utc_now
from events.cursor import EventCursor
from events.live.hub import Hub
from events.readers.job_feed_reader import JobFeedReader
from events.recorded import Happened
from events.subjects import JobKind, Transition
from tests.test_events.bodies import OWNER, Rows
from tests.test_events.following import follow
from tests.test_events.happening import FOREIGN, caught_up
from tests.test_events.publishing import eventually, publish
from tests.test_events.reading import here, job_feed, running_hub, word

pytestmark = pytest.mark.usefixtures("quick")

OTHER = "user_00000000000070008000000000000002"


async def test_what_comes_from_now_on_is_told_in_stream_order(
    client: Client, hub: Hub, rows: Rows
) -> None:
    one, two = rows.add(), rows.add()
    await publish(client, rows, rows.emit(one), rows.emit(one))
    await caught_up(hub)
    reading = job_feed(hub, rows)
    await asyncio.sleep(0.1)
    for job in (two, one, two, one):
        await publish(client, rows, rows.emit(job))

    assert await reading.reaches(4) == [
        (two, "event 1"),
        (one, "event 3"),
        (two, "event 2"),
        (one, "event 4"),
    ]
    await reading.drop()


async def test_every_cursor_resumes_behind_its_event_on_any_gateway(
    client: Client, hub: Hub, rows: Rows
) -> None:
    one, two, start = rows.add(), rows.add(), here(hub)
    live = job_feed(hub, rows, start)
    for job in (one, two, two, one):
        await publish(client, rows, rows.emit(job))
    everything = await live.reaches(4)
    assert [what for _, what in everything] == ["event 1"] * 2 + ["event 2"] * 2

    async with running_hub(client, rows) as late:
        for number, cursor in enumerate([start, *(i.cursor for i in live.items)]):
            for gateway in (hub, late):
                again = job_feed(gateway, rows, cursor)
                assert await again.reaches(4 - number) == everything[number:]
                for item, same in zip(again.items, live.items[number:], strict=True):
                    assert isinstance(item, Happened) and isinstance(same, Happened)
                    assert (item.job, item.cursor) == (same.job, same.cursor)
                    assert item.event.payload == same.event.payload
                await again.drop()
    await live.drop()


@pytest.mark.parametrize("is_gap", [False, True], ids=["holds", "gap"])
async def test_nobody_is_told_of_another_s_jobs(
    client: Client, hub: Hub, rows: Rows, is_gap: bool
) -> None:
    mine, theirs, start = rows.add(OWNER), rows.add(OTHER), here(hub)
    await publish(client, rows, rows.emit(mine), rows.emit(theirs))
    after = EventCursor(utc_now(), FOREIGN) if is_gap else start
    readings = [job_feed(hub, rows, after, owner=one) for one in (OWNER, OTHER, None)]
    for reading, count in zip(readings, (1, 1, 2), strict=True):
        await reading.until(count * (2 if is_gap else 1))
    await publish(client, rows, rows.emit(theirs), rows.emit(mine))
    for reading, count in zip(readings, (1, 1, 2), strict=True):
        await reading.until(count * (3 if is_gap else 2))
        await reading.drop()

    first = ["gap 1", "snapshot 1"] if is_gap else ["event 1"]
    assert readings[0].told == [(mine, what) for what in [*first, "event 2"]]
    assert readings[1].told == [(theirs, what) for what in [*first, "event 2"]]
    assert readings[2].told == [
        *((job, what) for job in (mine, theirs) for what in first),
        (theirs, "event 2"),
        (mine, "event 2"),
    ]


@pytest.mark.parametrize("is_gap", [False, True], ids=["holds", "gap"])
async def test_kinds_are_told_that_were_asked_for(
    client: Client, hub: Hub, rows: Rows, is_gap: bool
) -> None:
    psd, imported = rows.add(), rows.add(kind=JobKind.DATA_IMPORT)
    analysis, start = rows.add(kind=JobKind.BUSINESS_ANALYSIS), here(hub)
    for job in (psd, imported, analysis):
        await publish(client, rows, rows.emit(job))
    after = EventCursor(utc_now(), FOREIGN) if is_gap else start
    kinds = [JobKind.DATA_IMPORT.value, JobKind.BUSINESS_ANALYSIS.value]
    reading = job_feed(hub, rows, after, kinds=kinds)
    first = ["gap 1", "snapshot 1"] if is_gap else ["event 1"]
    await reading.until(2 * len(first))
    for job in (analysis, psd, imported):
        await publish(client, rows, rows.emit(job))

    assert await reading.reaches(2 * len(first) + 2) == [
        *((job, what) for job in (imported, analysis) for what in first),
        (analysis, "event 2"),
        (imported, "event 2"),
    ]
    await reading.drop()


CHANGES = [
    Transition.QUEUED,
    Transition.STARTED,
    *[Transition.PROGRESSED] * 5,
    Transition.RETRYING,
    *[Transition.PROGRESSED] * 3,
    Transition.COMPLETED,
]


@pytest.mark.parametrize(
    ("is_latest", "numbers"),
    [(False, [*range(1, 13)]), (True, [1, 2, 8, 12])],
    ids=["ALL", "LATEST"],
)
async def test_a_slow_client_s_delivery_leaves_out_stale_progress_alone(
    client: Client, hub: Hub, rows: Rows, is_latest: bool, numbers: list[int]
) -> None:
    job, other = rows.add(), rows.add()
    reader = JobFeedReader(hub, rows, OWNER, (), here(hub))
    items = follow(hub, reader, room=1, is_latest=is_latest)
    first = asyncio.ensure_future(anext(items))
    await asyncio.sleep(0.1)
    await publish(client, rows, rows.emit(other))
    await first
    for change in CHANGES:
        await publish(client, rows, rows.emit(job, change))
    await publish(client, rows, rows.emit(other))
    await caught_up(hub)
    told = [await anext(items) for _ in range(len(numbers) + 1)]
    await items.aclose()

    assert [(item.job.id, word(item)) for item in told] == [
        *((job, f"event {number}") for number in numbers),
        (other, "event 2"),
    ]


async def test_the_last_progress_is_told_by_either_delivery(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    reading = job_feed(hub, rows, here(hub), is_latest=True)
    await publish(client, rows, rows.emit(job))
    await reading.until(1)
    await publish(client, rows, rows.emit(job))

    assert await reading.reaches(2) == [(job, "event 1"), (job, "event 2")]
    await reading.drop()


async def test_a_cursor_that_names_another_s_job_tells_nothing_of_it(
    client: Client, hub: Hub, rows: Rows
) -> None:
    mine, theirs = rows.add(OWNER), rows.add(OTHER)
    await publish(client, rows, *(rows.emit(theirs) for _ in range(3)))
    await caught_up(hub)
    forged = EventCursor(utc_now(), hub.position, theirs, 1)
    reading = job_feed(hub, rows, forged)
    await eventually(lambda: reading.reader.checked_jobs() == ())
    await publish(client, rows, rows.emit(theirs), rows.emit(mine))

    assert await reading.reaches(1) == [(mine, "event 1")]
    await reading.drop()


async def test_ended_jobs_are_forgotten(client: Client, hub: Hub, rows: Rows) -> None:
    ended, running = rows.add(), rows.add()
    reading = job_feed(hub, rows, here(hub))
    await publish(client, rows, rows.emit(ended), rows.emit(running))
    await reading.until(2)
    assert set(reading.reader.checked_jobs()) == {ended, running}
    await publish(client, rows, rows.emit(ended, Transition.FAILED))
    await reading.until(3)

    assert reading.reader.checked_jobs() == (running,)
    await reading.drop()


async def test_a_cursor_of_no_job_that_there_is_holds(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    after = EventCursor(utc_now(), hub.position, new_id("job"), 9)
    await publish(client, rows, rows.emit(job))
    reading = job_feed(hub, rows, after)

    assert await reading.reaches(1) == [(job, "event 1")]
    await reading.drop()
