"""npm's graphql-sse against the running gateway."""

from typing import Any

from tests.conformance.streams.conftest import Ended
from tests.conformance.streams.node import all_said
from tests.conformance.streams.proxy import breaking
from tests.conformance.streams.requests import (
    INVALID,
    SEEN,
    UNKNOWN,
    VIEWER,
    is_not_found,
)

SCRIPT = "graphql_sse.mjs"
CONNECTING = {"connecting": False}
COMPLETE = {"complete": True}


def results(events: list[Any]) -> list[Any]:
    """Return what a client says of events."""
    return [{"next": {"data": {"jobEvents": event}}} for event in events]


async def test_a_subscription_is_read_to_its_end(url: str, ended: Ended) -> None:
    said = await all_said(SCRIPT, url, ended.request)
    assert said == [CONNECTING, *results(ended.events), COMPLETE]


async def test_each_place_resumes(url: str, ended: Ended) -> None:
    for place in (1, len(ended.events) - 1, len(ended.events)):
        said = await all_said(SCRIPT, url, ended.behind(place))
        assert said == [CONNECTING, *results(ended.events[place:]), COMPLETE]


async def test_queries_and_mutations_are_operations_too(url: str) -> None:
    said = await all_said(SCRIPT, url, VIEWER)
    assert said == [CONNECTING, {"next": SEEN}, COMPLETE]
    mutation = 'mutation { cancelJob(id: "job_1") { userErrors { code } } }'
    said = await all_said(SCRIPT, url, {"query": mutation})
    answer = {"data": {"cancelJob": {"userErrors": [{"code": "NOT_FOUND"}]}}}
    assert said == [CONNECTING, {"next": answer}, COMPLETE]


async def test_what_cannot_run_is_told_once_and_not_tried_again(url: str) -> None:
    first, told, last = await all_said(SCRIPT, url, UNKNOWN)
    assert (first, last) == (CONNECTING, COMPLETE)
    assert set(told["next"]) == {"errors"} and is_not_found(told["next"]["errors"])
    first, told, last = await all_said(SCRIPT, url, INVALID)
    assert (first, last) == (CONNECTING, COMPLETE)
    (error,) = told["next"]["errors"]
    assert error["message"].startswith("Cannot query field 'nothing'")


async def test_a_broken_connection_is_tried_again_from_the_start(
    url: str, ended: Ended
) -> None:
    async with breaking(url, [0, 3]) as proxy:
        said = await all_said(SCRIPT, f"{proxy.base_url}/graphql", ended.request)
    again = {"connecting": True}
    assert said == [
        CONNECTING,
        again,
        *results(ended.events[:3]),
        again,
        *results(ended.events),
        COMPLETE,
    ]
    assert proxy.connections == 3


async def test_the_single_connection_mode_is_refused(url: str) -> None:
    options = '{"singleConnection": true, "retryAttempts": 0}'
    *_, last = await all_said(SCRIPT, url, VIEWER, options)
    assert last == {
        "error": "Server responded with 405: Method Not Allowed",
        "status": 405,
    }
