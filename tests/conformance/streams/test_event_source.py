"""EventSource, which nobody helps: it reconnects by itself, and stops when told."""

from typing import Any

from tests.conformance.streams.conftest import Ended
from tests.conformance.streams.node import all_said
from tests.conformance.streams.proxy import breaking
from tests.conformance.streams.requests import SEEN, UNKNOWN, VIEWER, is_not_found

SCRIPT = "event_source.mjs"
OPEN = {"open": True}
COMPLETE = {"complete": ""}
RECONNECTING = {"reconnecting": {"status": None}}
CLOSED = {"closed": {"status": 204}}
# What follows each end: it comes back once, and is told to stay away.
STOPS = [COMPLETE, RECONNECTING, CLOSED]


def results(events: list[Any]) -> list[Any]:
    """Return what a client says of events."""
    return [
        {"next": {"data": {"jobEvents": event}}, "id": event["cursor"]}
        for event in events
    ]


async def test_a_job_is_watched_to_its_end(url: str, ended: Ended) -> None:
    said = await all_said(SCRIPT, url, ended.request)
    assert said == [OPEN, *results(ended.events), *STOPS]


async def test_broken_connections_resume_with_nothing_added(
    url: str, ended: Ended
) -> None:
    async with breaking(url, [2, 0, 1]) as proxy:
        said = await all_said(SCRIPT, f"{proxy.base_url}/graphql", ended.request)
    sent = results(ended.events)
    assert said == [
        *[OPEN, *sent[:2], RECONNECTING],
        *[OPEN, RECONNECTING],
        *[OPEN, sent[2], RECONNECTING],
        *[OPEN, *sent[3:], *STOPS],
    ]


async def test_where_nothing_is_left_to_come_it_stops_at_once(
    url: str, ended: Ended
) -> None:
    said = await all_said(SCRIPT, url, ended.behind(len(ended.events)))
    assert said == [CLOSED]


async def test_what_cannot_run_is_told_and_then_it_stops(url: str) -> None:
    first, told, *rest = await all_said(SCRIPT, url, UNKNOWN)
    assert (first, rest) == (OPEN, STOPS)
    assert set(told["next"]) == {"errors"} and told["id"] == ""
    assert is_not_found(told["next"]["errors"])


async def test_what_is_no_request_stops_it(url: str) -> None:
    said = await all_said(SCRIPT, url, {})
    assert said == [{"closed": {"status": 400}}]


async def test_a_query_is_answered_once(url: str) -> None:
    said = await all_said(SCRIPT, url, VIEWER)
    assert said == [OPEN, {"next": SEEN, "id": ""}, *STOPS]
