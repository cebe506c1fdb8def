"""@apollo/client and @urql/core, whose fetch transports read multipart/mixed."""

from typing import Any

import pytest

from tests.conformance.streams.conftest import Ended
from tests.conformance.streams.node import all_said
from tests.conformance.streams.requests import INVALID, UNKNOWN, is_not_found

APOLLO = "apollo.mjs"
URQL = "urql.mjs"
APOLLO_TYPE = {"type": 'multipart/mixed; boundary="-"; subscriptionSpec=1.0'}
PLAIN_TYPE = {"type": 'multipart/mixed; boundary="-"'}
SSE_TYPE = {"type": "text/event-stream; charset=utf-8"}
SINGLE_TYPE = {"type": "application/graphql-response+json; charset=utf-8"}
COMPLETE = {"complete": True}


def results(events: list[Any]) -> list[Any]:
    """Return what a client says of events."""
    return [{"next": {"data": {"jobEvents": event}}} for event in events]


def without_typenames(seen: Any) -> Any:
    """Leave out what Apollo asks for at every level by itself."""
    if isinstance(seen, list):
        return [without_typenames(one) for one in seen]
    if not isinstance(seen, dict):
        return seen
    return {k: without_typenames(v) for k, v in seen.items() if k != "__typename"}


async def test_apollo_reads_a_subscription_to_its_end(url: str, ended: Ended) -> None:
    said = await all_said(APOLLO, url, ended.request)
    expected = [APOLLO_TYPE, *results(ended.events), COMPLETE]
    assert without_typenames(said) == without_typenames(expected)


async def test_apollo_resumes_and_takes_nothing_to_come_for_the_end(
    url: str, ended: Ended
) -> None:
    for place in (2, len(ended.events)):
        said = await all_said(APOLLO, url, ended.behind(place))
        expected = [APOLLO_TYPE, *results(ended.events[place:]), COMPLETE]
        assert without_typenames(said) == without_typenames(expected)


async def test_apollo_is_told_what_cannot_run(url: str) -> None:
    kind, told, last = await all_said(APOLLO, url, UNKNOWN)
    assert (kind, last) == (APOLLO_TYPE, COMPLETE)
    assert told["failed"] == "CombinedGraphQLErrors"
    assert is_not_found(told["errors"])
    # It accepts an answer in one piece as well, and a bad operation gets that.
    kind, told, last = await all_said(APOLLO, url, INVALID)
    assert (kind, last) == (SINGLE_TYPE, COMPLETE)
    (error,) = told["errors"]
    assert error["message"].startswith("Cannot query field 'nothing'")


@pytest.mark.parametrize(
    ("accept", "kind"), [("multipart/mixed", PLAIN_TYPE), ("", SSE_TYPE)]
)
async def test_urql_reads_a_subscription_to_its_end(
    accept: str, kind: Any, url: str, ended: Ended
) -> None:
    said = await all_said(URQL, url, ended.request, accept)
    sent = [one | {"hasNext": True} for one in results(ended.events)]
    assert said == [kind, *sent, sent[-1] | {"hasNext": False}, COMPLETE]


@pytest.mark.parametrize(
    ("accept", "kind"), [("multipart/mixed", PLAIN_TYPE), ("", SSE_TYPE)]
)
async def test_urql_is_told_what_cannot_run(accept: str, kind: Any, url: str) -> None:
    said = await all_said(URQL, url, UNKNOWN, accept)
    assert said[:2] == [
        kind,
        {"errors": ["There is no such job."], "hasNext": accept == ""},
    ]
    assert said[-1] == COMPLETE
