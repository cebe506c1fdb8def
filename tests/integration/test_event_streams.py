"""graphql-sse against everything: what is sent, what resumes, what is refused."""

import asyncio
import json
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.base import utc_now
from events.cursor import EventCursor, encode_cursor
from tests.client import Client
from tests.integration.conftest import Parsed
from tests.integration.event_streams import (
    END,
    OPENING,
    SSE,
    EventSource,
    event_text,
    read_all,
)
from tests.integration.test_resume import CUTS, ON_SERVERS, OTHER_LOG
from tests.integration.watching import JOB_EVENTS, Cut, Subscriber, numbers
from tests.running import Running

pytestmark = pytest.mark.timeout(180)

BARE = """
subscription ($id: ID!, $after: EventCursor) {
  jobEvents(id: $id, after: $after) { __typename }
}
"""
DAMAGED = (
    "Last-Event-ID is damaged. Send the `id` of the last event exactly as it was "
    "received, or none for a fresh start."
)


@pytest.fixture
async def url(running: Running) -> str:
    """Return the endpoint's address."""
    return f"{running.base_url}/graphql"


def start_of(job_id: str) -> str:
    """Return a cursor from before a job's first event."""
    return encode_cursor(EventCursor(utc_now(), None, job_id, 0))


async def get(
    url: str, document: str, last_event_id: str | None = None, **variables: Any
) -> httpx.Response:
    """Ask as EventSource does; return the answer when it has ended."""
    headers = SSE | ({"last-event-id": last_event_id} if last_event_id else {})
    params = {"query": document, "variables": json.dumps(variables)}
    async with httpx.AsyncClient(timeout=30) as http:
        return await http.get(url, params=params, headers=headers)


async def post(url: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    """Ask as npm's graphql-sse does."""
    async with httpx.AsyncClient(timeout=30) as http:
        return await http.post(url, json=body, headers=SSE | headers)


async def test_every_event_comes_with_its_cursor(url: str, parsed: Parsed) -> None:
    variables = {"id": parsed.job_id, "after": start_of(parsed.job_id)}
    answer = await get(url, JOB_EVENTS, **variables)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    sent = read_all(answer.text)
    assert [one.id for one in sent] == [one.event["cursor"] for one in sent]
    assert numbers([one.event for one in sent]) == list(range(1, len(sent) + 1))
    data = [msgspec.json.encode(one.result).decode() for one in sent]
    texts = [event_text(one, text) for one, text in zip(sent, data, strict=True)]
    assert answer.text == OPENING + "".join(texts) + END
    subscriber = Subscriber(url.removesuffix("/graphql"), JOB_EVENTS, **variables)
    assert [one.event for one in sent] == await subscriber.watch()
    posted = await post(url, {"query": JOB_EVENTS, "variables": variables})
    assert (posted.status_code, posted.text) == (200, answer.text)


async def test_an_id_comes_also_where_no_cursor_was_asked_for(
    url: str, parsed: Parsed
) -> None:
    after = start_of(parsed.job_id)
    asked = read_all((await get(url, JOB_EVENTS, id=parsed.job_id, after=after)).text)
    bare = read_all((await get(url, BARE, id=parsed.job_id, after=after)).text)
    assert [one.id for one in bare] == [one.id for one in asked]
    assert {tuple(one.event) for one in bare} == {("__typename",)}


async def test_each_place_resumes_and_wins_over_the_variable(
    url: str, parsed: Parsed
) -> None:
    variables = {"id": parsed.job_id, "after": start_of(parsed.job_id)}
    whole = read_all((await get(url, JOB_EVENTS, **variables)).text)
    assert len(whole) > 4
    for place, sent in enumerate(whole[:-1], start=1):
        answer = await get(url, JOB_EVENTS, sent.id, **variables)
        assert read_all(answer.text) == whole[place:]
        posted = await post(
            url,
            {"query": JOB_EVENTS, "variables": variables},
            **{"last-event-id": sent.id or ""},
        )
        assert posted.text == answer.text


async def test_behind_the_last_event_there_is_no_content(
    url: str, parsed: Parsed
) -> None:
    variables = {"id": parsed.job_id, "after": start_of(parsed.job_id)}
    *_, last = read_all((await get(url, JOB_EVENTS, **variables)).text)
    for answer in (
        await get(url, JOB_EVENTS, last.id, **variables),
        await get(url, JOB_EVENTS, id=parsed.job_id, after=last.id),
        await get(url, JOB_EVENTS, "complete", **variables),
    ):
        assert (answer.status_code, answer.content) == (204, b"")
    behind = {"id": parsed.job_id, "after": last.id}
    posted = await post(url, {"query": JOB_EVENTS, "variables": behind})
    assert (posted.status_code, posted.text) == (200, OPENING + END)


@pytest.mark.parametrize("how", ["cut", "changed", "padded", "word"])
async def test_a_damaged_last_event_id_says_what_to_mend(
    how: str, url: str, parsed: Parsed
) -> None:
    good = start_of(parsed.job_id)
    damaged = {
        "cut": good[:-1],
        "changed": ("A" if good[0] != "A" else "B") + good[1:],
        "padded": good + "=",
        "word": "1",
    }[how]
    answer = await get(url, JOB_EVENTS, damaged, id=parsed.job_id)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    error = {"message": DAMAGED, "extensions": {"code": "BAD_USER_INPUT"}}
    assert answer.json() == {"errors": [error]}


async def test_a_position_of_another_log_is_a_gap_whose_id_repeats_it(
    url: str, parsed: Parsed
) -> None:
    foreign = encode_cursor(EventCursor(utc_now(), OTHER_LOG))
    gap, snapshot = read_all(
        (await get(url, JOB_EVENTS, foreign, id=parsed.job_id)).text
    )
    assert (gap.event["__typename"], gap.id) == ("EventGap", foreign)
    assert snapshot.event["__typename"] == "JobSnapshot"


@ON_SERVERS
@given(cuts=CUTS, delay=st.floats(0.0, 2.0))
async def test_however_often_it_breaks_nothing_is_missing_or_twice(
    client: Client, noisy: str, cuts: list[Cut], delay: float
) -> None:
    started = await client.parse(noisy, waitMs=0)
    job_id, cursor = started["job"]["id"], started["cursor"]
    url = f"{client.base_url}/graphql"

    async def later(source: EventSource) -> list[Any]:
        await asyncio.sleep(delay)
        return await source.read(cuts)

    whole, broken, late = await asyncio.gather(
        Subscriber(client.base_url, JOB_EVENTS, id=job_id, after=cursor).watch(),
        EventSource(url, JOB_EVENTS, id=job_id, after=cursor).read(cuts),
        later(EventSource(url, JOB_EVENTS, id=job_id, after=cursor)),
    )
    assert [one.event for one in broken] == whole
    assert [one.event for one in late] == whole


VIEWER = {"data": {"viewer": {"__typename": "User"}}}


async def test_queries_are_events_too(url: str) -> None:
    got = await get(url, "{ viewer { __typename } }")
    assert got.status_code == 200
    data = msgspec.json.encode(VIEWER).decode()
    assert got.text == f"{OPENING}event: next\ndata: {data}\n\n{END}"
    posted = await post(url, {"query": "{ viewer { __typename } }"})
    assert posted.text == got.text


MUTATION = """
mutation { cancelJob(id: "job_00000000000070008000000000000009") {
  job { id } userErrors { code }
} }
"""


async def test_mutations_are_posted_only(url: str) -> None:
    (posted,) = read_all((await post(url, {"query": MUTATION})).text)
    assert posted.id is None
    assert posted.result == {
        "data": {"cancelJob": {"job": None, "userErrors": [{"code": "NOT_FOUND"}]}}
    }
    got = await get(url, MUTATION)
    assert (got.status_code, got.headers["allow"]) == (405, "POST")
    assert got.json()["errors"][0]["message"] == "Send a mutation by POST."


UNKNOWN = "job_00000000000070008000000000000009"


@pytest.mark.parametrize(
    ("document", "code", "message"),
    [
        (JOB_EVENTS, "NOT_FOUND", "There is no such job."),
        ("{ nothing }", "BAD_USER_INPUT", "Cannot query field 'nothing' on type"),
        ("{", "BAD_USER_INPUT", "Syntax Error: Expected Name, found <EOF>."),
        ("subscription { jobEvents { at } }", "BAD_USER_INPUT", "Argument"),
    ],
)
async def test_what_no_reconnecting_mends_is_told_and_then_ends(
    document: str, code: str, message: str, url: str
) -> None:
    answer = await get(url, document, id=UNKNOWN)
    assert answer.status_code == 200
    (sent,) = read_all(answer.text)
    assert sent.id is None and set(sent.result) == {"errors"}
    error = sent.result["errors"][0]
    assert error["extensions"]["code"] == code
    assert error["message"].startswith(message)


async def test_a_bad_request_is_refused_before_any_stream(url: str) -> None:
    async with httpx.AsyncClient() as http:
        missing = await http.get(url, headers=SSE)
        no_json = await http.post(
            url, content=b"{", headers=SSE | {"content-type": "application/json"}
        )
        form = await http.post(url, data={"query": "{ viewer { id } }"}, headers=SSE)
    statuses = [answer.status_code for answer in (missing, no_json, form)]
    assert statuses == [400, 400, 415]
    for answer in (missing, no_json, form):
        assert answer.headers["content-type"].startswith("application/json")
        assert answer.json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_the_single_connection_mode_is_not_served(url: str) -> None:
    token = {"x-graphql-event-stream-token": "x"}
    query = {"query": "{ viewer { id } }"}
    async with httpx.AsyncClient() as http:
        for method in ("PUT", "DELETE"):
            answer = await http.request(method, url)
            assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
        answer = await http.get(url, params=query, headers=SSE | token)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["message"] == (
        "graphql-sse's single connection mode is not served. Use distinct "
        "connections: send each operation by POST or GET with "
        "`Accept: text/event-stream`."
    )


async def test_curl_needs_a_header_to_resume_and_nothing_else(
    url: str, parsed: Parsed
) -> None:
    variables = {"id": parsed.job_id, "after": start_of(parsed.job_id)}
    whole = read_all((await get(url, JOB_EVENTS, **variables)).text)
    command = ["curl", "-sSNG", "-H", "Accept: text/event-stream", url]
    command += ["--data-urlencode", f"query={JOB_EVENTS}"]
    command += ["--data-urlencode", f"variables={json.dumps(variables)}"]
    command += ["-w", "%{http_code}"]
    for place, status in ((0, "200"), (3, "200"), (len(whole), "204")):
        resumed = ["-H", f"Last-Event-ID: {whole[place - 1].id}"] if place else []
        curl = await asyncio.create_subprocess_exec(*command, *resumed, stdout=-1)
        text = (await curl.communicate())[0].decode()
        assert (curl.returncode, text[-3:]) == (0, status)
        assert (read_all(text[:-3]) if text[:-3] else []) == whole[place:]
