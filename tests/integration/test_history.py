"""Job.events: what has happened to a job, page by page, as its watchers were shown it."""

from pathlib import Path
from typing import Any

import pytest

from core.database_async import Database
from core.security import Caller
from events.cursor import EventCursor, Position, decode_cursor, encode_cursor
from events.subjects import EVENTS
from tests.client import Client
from tests.integration.people import Person, Stage
from tests.integration.statements import statements
from tests.integration.watching import JOB_EVENTS, numbers
from tests.test_jobs.bench import ADMINISTRATOR
from tests.test_psd.documents import small_document

pytestmark = pytest.mark.timeout(120)

# What a watcher of the job asks of each event.
SHOWN = (
    JOB_EVENTS.partition("after: $after) {")[2].rpartition("}")[0].rpartition("}")[0]
)
PAGE = """
query ($id: ID!, $first: Int! = 100, $after: EventCursor) {
  job(id: $id) {
    events(first: $first, after: $after) { nodes {%s} endCursor hasNextPage gap }
  }
}
"""
CURSORS = "{ nodes { cursor } endCursor hasNextPage gap }"
BARE = """
query ($id: ID!, $first: Int! = 100, $after: EventCursor) {
  job(id: $id) { cursor events(first: $first, after: $after) %s }
  eventCursor
}
"""
MANY = """
query ($jobs: Int!, $first: Int!, $after: EventCursor) {
  jobs(first: $jobs) { nodes { id events(first: $first, after: $after) %s } }
}
"""
OTHER_LOG = Position(creation=1_700_000_000_000_000, sequence=5, time=None)


async def _page(person: Person, job_id: str, **variables: Any) -> Any:
    """Return one page of a job's history, with its events' cursors alone."""
    answer = await person.ask(BARE % CURSORS, id=job_id, **variables)
    return answer["job"]["events"]


async def _told(person: Person, job_id: str, **variables: Any) -> tuple[Any, ...]:
    """Return a page's numbers, and whether there are more, and a gap."""
    page = await _page(person, job_id, **variables)
    assert page["endCursor"] == (page["nodes"][-1]["cursor"] if page["nodes"] else None)
    return numbers(page["nodes"]), page["hasNextPage"], page["gap"]


async def _retried(stage: Stage, owner: Caller) -> str:
    """Have a job that fails once, and is cancelled then: six events."""
    job_id = await stage.start(owner)
    for _ in range(2):
        delivery = await stage.bench.claim(job_id)
        await delivery.end(ConnectionError("away"))
        await stage.bench.pass_time(job_id)
    await stage.cancel(job_id)
    words = ["queued", "started", "retrying", "started", "retrying", "canceled"]
    assert await stage.site.statuses(job_id) == words
    return job_id


async def test_it_is_what_was_shown_to_those_who_watched(
    stage: Stage, tmp_path: Path
) -> None:
    design = tmp_path / "small.psd"
    small_document().save(design)
    one = await stage.member()
    async with stage.person(one) as person:
        async with Client(stage.gateway.base_url) as client:
            started = await client.parse(await client.upload(design), waitMs=0)
        job_id = started["job"]["id"]
        watched = await person.begin(JOB_EVENTS, id=job_id, after=started["cursor"])
        with stage.site.plant.worker():
            whole = await watched.end()
        assert numbers(whole) == list(range(1, len(whole) + 1))
        kinds = {event["__typename"] for event in whole}
        assert {"JobProgressed", "PsdLayersExported", "PsdPreviewReady"} < kinds
        for first in range(1, len(whole) + 2):
            pages = await _walk(person, job_id, first)
            assert sum(pages, []) == whole
            sizes = [first] * (len(whole) // first) + [len(whole) % first or first]
            assert [len(page) for page in pages] == sizes[: len(pages)]


async def _walk(person: Person, job_id: str, first: int) -> list[Any]:
    """Read a history in pages, each held to what it says of itself."""
    pages: list[Any] = []
    after = None
    while True:
        answer = await person.ask(PAGE % SHOWN, id=job_id, first=first, after=after)
        page = answer["job"]["events"]
        assert page["gap"] is False
        after = page["endCursor"]
        pages.append(page["nodes"])
        assert after == page["nodes"][-1]["cursor"]
        if not page["hasNextPage"]:
            return pages


async def test_any_cursor_names_a_place_in_it(stage: Stage) -> None:
    one = await stage.member()
    async with stage.person(one) as person:
        before = (await person.ask("{ eventCursor }"))["eventCursor"]
        feed = await person.watch("subscription { jobFeed(delivery: ALL) { cursor } }")
        started = await stage.bench.started(owner_id=one.user_id)
        job_id = started.job.id
        delivery = await stage.bench.claim(job_id)
        own = [event["cursor"] for event in await feed.count(2)]
        answer = await person.ask(BARE % CURSORS, id=job_id)
        middle, at_two = answer["eventCursor"], answer["job"]["cursor"]
        other = await stage.short(one)
        others = [event["cursor"] for event in await feed.count(4)][2:]
        canceled = await stage.bench.jobs.cancel(one, job_id)
        await delivery.forget()
        (last,) = [event["cursor"] for event in await feed.count(5)][4:]
        answer = await person.ask(BARE % CURSORS, id=job_id)
        places = {
            started.cursor: 0,
            before: 0,
            own[0]: 1,
            own[1]: 2,
            middle: 2,
            at_two: 2,
            others[0]: 2,
            others[1]: 2,
            canceled.cursor: 2,
            last: 3,
            answer["job"]["cursor"]: 3,
            answer["eventCursor"]: 3,
        }
        for after, place in places.items():
            expected = list(range(place + 1, 4)), False, False
            assert await _told(person, job_id, after=after) == expected
        assert await _told(person, other, after=own[0]) == ([1, 2], False, False)
        assert await _told(person, other, after=last) == ([], False, False)


async def test_a_cursor_of_another_log_is_a_gap_unless_it_is_the_jobs_own(
    stage: Stage,
) -> None:
    job_id = await _retried(stage, ADMINISTRATOR)
    async with stage.person() as person:
        made_at = decode_cursor((await _page(person, job_id))["endCursor"]).made_at
        for position in (OTHER_LOG, None):
            foreign = encode_cursor(EventCursor(made_at, position))
            expected = ([1, 2, 3], True, True)
            assert await _told(person, job_id, after=foreign, first=3) == expected
            own = encode_cursor(EventCursor(made_at, position, job_id, 2))
            expected = ([3, 4, 5, 6], False, False)
            assert await _told(person, job_id, after=own) == expected


async def test_a_gap_is_told_where_events_are_kept_no_more(stage: Stage) -> None:
    one = await stage.member()
    async with stage.person(one) as person:
        before = (await person.ask("{ eventCursor }"))["eventCursor"]
        await stage.short(one)
        job_id = await _retried(stage, one)
        page = await _page(person, job_id)
        own = [node["cursor"] for node in page["nodes"]]
        assert await _told(person, job_id, first=2) == ([1, 2], True, False)
        await _purge(stage, own[2])
        rest = [4, 5, 6]
        assert await _told(person, job_id) == (rest, False, True)
        assert await _told(person, job_id, first=2) == ([4, 5], True, True)
        assert await _told(person, job_id, first=0) == ([], True, True)
        for place, (after, gap) in enumerate(
            [(own[0], True), (own[1], True), (own[2], False), (own[3], False)], start=1
        ):
            expected = [number for number in rest if number > place], False, gap
            assert await _told(person, job_id, after=after) == expected
        assert await _told(person, job_id, after=before) == (rest, False, True)
        await _purge(stage, own[5])
        assert await _told(person, job_id) == ([], False, True)
        assert await _told(person, job_id, after=own[4]) == ([], False, True)
        assert await _told(person, job_id, after=own[5]) == ([], False, False)
        snapshot = (await person.ask(BARE % CURSORS, id=job_id))["job"]["cursor"]
        assert await _told(person, job_id, after=snapshot) == ([], False, False)


async def _purge(stage: Stage, cursor: str) -> None:
    """Drop all events up to a cursor's, as time does."""
    position = decode_cursor(cursor).position
    assert position is not None
    jetstream = stage.site.client.jetstream()
    await jetstream.purge_stream(EVENTS, seq=position.sequence + 1)


async def test_a_page_has_a_hundred_events_at_most(stage: Stage) -> None:
    job_id = await stage.short(ADMINISTRATOR)
    await stage.site.statuses(job_id)
    async with stage.person() as person:
        assert await _told(person, job_id, first=0) == ([], True, False)
        assert await _told(person, job_id, first=100) == ([1, 2], False, False)
        for first in (-1, 101):
            error = await _refused(person, job_id, first=first)
            assert error["extensions"] == {"code": "BAD_USER_INPUT"}
            assert error["message"] == f"`first` must be 0 to 100; it is {first}."


async def _refused(person: Person, job_id: str, **variables: Any) -> Any:
    feed = await person.begin(BARE % CURSORS, id=job_id, **variables)
    await feed.over()
    (result,) = feed.results
    assert (result["data"]["job"], result["errors"][0]["path"]) == (
        None,
        ["job", "events"],
    )
    (error,) = result["errors"]
    return error


async def test_a_damaged_cursor_is_refused(stage: Stage) -> None:
    job_id = await stage.short(ADMINISTRATOR)
    await stage.site.statuses(job_id)
    async with stage.person() as person:
        good = (await _page(person, job_id))["endCursor"]
        for damaged in (good[:-1], good + "=", "", "游标"):
            error = await _refused(person, job_id, after=damaged)
            assert error["extensions"] == {"code": "BAD_USER_INPUT"}
            assert error["message"].startswith("This event cursor is damaged. ")


async def test_anothers_job_has_no_history_to_show(stage: Stage) -> None:
    one, other = await stage.member(), await stage.member()
    job_id = await stage.short(one)
    await stage.site.statuses(job_id)
    async with stage.person(other) as stranger, stage.person() as administrator:
        after = (await _page(administrator, job_id))["nodes"][0]["cursor"]
        assert await _told(administrator, job_id) == ([1, 2], False, False)
        for given in (None, after):
            answer = await stranger.ask(BARE % CURSORS, id=job_id, after=given)
            assert answer["job"] is None
        node = "query ($id: ID!) { node(id: $id) { id } }"
        assert await stranger.ask(node, id=job_id) == {"node": None}


async def test_many_histories_cost_rows_and_few_statements(stage: Stage) -> None:
    one = await stage.member()
    jobs = [await stage.short(one) for _ in range(20)]
    for job_id in jobs:
        await stage.site.statuses(job_id)
    async with stage.person(one) as person:
        refused = await person.begin(MANY % CURSORS, jobs=100, first=100)
        assert await refused.end() == []
        assert refused.errors is not None
        (error,) = refused.errors
        assert error["extensions"] == {"code": "LIMIT_EXCEEDED"}
        database = stage.gateway.container.get(Database)
        here = (await person.ask("{ eventCursor }"))["eventCursor"]
        for after, expected in ((None, 2), (here, 0)):
            with statements(database) as sent:
                answer = await person.ask(
                    MANY % CURSORS, jobs=20, first=20, after=after
                )
            nodes = answer["jobs"]["nodes"]
            assert [node["id"] for node in nodes] == jobs[::-1]
            counts = [len(node["events"]["nodes"]) for node in nodes]
            assert counts == [expected] * 20
            assert not any(node["events"]["gap"] for node in nodes)
            assert len(sent) < len(jobs), "\n\n".join(sent)
