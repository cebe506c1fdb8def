"""/metrics counts each operation once, by what became of it, whatever it came over."""

from typing import Any

import httpx
import pytest

from tests.integration.counted import TRANSPORTS, ask, serving
from tests.integration.gateway_process import GatewayProcess
from tests.integration.scraping import Page, ended, grown, scrape
from tests.integration.sockets import dial

__all__ = ["serving"]

pytestmark = pytest.mark.timeout(180)

VIEWER = "{ viewer { id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
CANCEL = 'mutation { cancelJob(id: "none") { userErrors { code } } }'
WATCH_JOB = 'subscription { jobEvents(id: "none") { cursor } }'

# Each with its variables, its kind, and how it ends.
type Case = tuple[str, dict[str, Any], str, str]
OPERATIONS: dict[str, Case] = {
    "query": (VIEWER, {}, "query", "ok"),
    "failed query": (NODES, {"ids": ["x"] * 101}, "query", "BAD_USER_INPUT"),
    "mutation": (CANCEL, {}, "mutation", "ok"),
    "invalid": ("{ wrong }", {}, "unknown", "refused"),
    "bad variables": (NODES, {}, "unknown", "refused"),
    "no such job": (WATCH_JOB, {}, "subscription", "NOT_FOUND"),
}


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", OPERATIONS)
async def test_an_operation_is_counted_once_by_how_it_ended(
    name: str, transport: str, serving: GatewayProcess
) -> None:
    query, variables, kind, outcome = OPERATIONS[name]
    if (kind, transport) == ("subscription", "http"):
        kind, outcome = "unknown", "refused"
    before = await scrape(serving.base_url)
    await ask(transport, serving, query, variables)
    after = await scrape(serving.base_url)
    expected = {ended(kind, transport, outcome): 1.0}
    if kind in ("query", "mutation"):
        expected[f"operation_duration_seconds_count{{kind={kind}}}"] = 1.0
    if transport == "websocket":
        expected["websocket_connections_total"] = 1.0
    assert grown(before, after) == expected
    assert set(after.having("open_streams").values()) == {0}


@pytest.mark.parametrize(
    ("body", "headers", "transport"),
    [
        (b"no JSON", {}, "http"),
        (b"[]", {}, "http"),
        (b'{"query": "{ viewer { id } }"}', {"accept": "image/png"}, "http"),
        (
            b'{"query": "{ viewer { id } }"}',
            {"accept": "text/event-stream", "last-event-id": "damaged"},
            "sse",
        ),
    ],
)
async def test_what_is_no_request_is_refused(
    body: bytes, headers: dict[str, str], transport: str, serving: GatewayProcess
) -> None:
    before = await scrape(serving.base_url)
    sent = {"content-type": "application/json"} | headers
    async with httpx.AsyncClient(base_url=serving.base_url) as http:
        answer = await http.post("/graphql", content=body, headers=sent)
    assert 400 <= answer.status_code < 500
    after = await scrape(serving.base_url)
    assert grown(before, after) == {ended("unknown", transport, "refused"): 1}


async def test_a_duration_lies_in_the_buckets_above_it(serving: GatewayProcess) -> None:
    name, label = "operation_duration_seconds", "kind=query"
    before = await scrape(serving.base_url)
    await ask("http", serving, VIEWER, {})
    after = await scrape(serving.base_url)
    took = after[f"{name}_sum{{{label}}}"] - before[f"{name}_sum{{{label}}}"]
    assert 0 < took < 10
    buckets = [one for one in after.having(f"{name}_bucket") if label in one]
    assert len(buckets) == 14
    for bucket in buckets:
        bound = float(bucket.partition("le=")[2].rstrip("}"))
        text = f"{name}_bucket{bucket}"
        assert after[text] - before[text] == (took <= bound), text


@pytest.mark.parametrize(
    ("query", "documents"), [("{ a: __typename }", "valid"), ("{ b }", "refused")]
)
async def test_a_document_that_comes_again_is_a_hit(
    query: str, documents: str, serving: GatewayProcess
) -> None:
    label = f"{{documents={documents}}}"
    pages = [await scrape(serving.base_url)]
    for _ in range(3):
        await ask("http", serving, query, {})
        pages.append(await scrape(serving.base_url))
    assert _steps(pages, f"document_cache_hits_total{label}") == [0, 1, 1]
    assert _steps(pages, "document_cache_misses_total") == [1, 0, 0]
    assert _steps(pages, f"document_cache_entries{label}") == [1, 0, 0]
    held, *others = _steps(pages, f"document_cache_bytes{label}")
    assert held > 0 and others == [0, 0]


def _steps(pages: list[Page], text: str) -> list[float]:
    return [later[text] - one[text] for one, later in zip(pages, pages[1:])]


async def test_an_operation_too_many_on_a_socket_is_refused(
    serving: GatewayProcess,
) -> None:
    watch = "subscription { events { cursor } }"
    async with dial(serving.base_url) as socket:
        await socket.init()
        for number in range(100):
            await socket.subscribe(f"{number}", watch)
        before = await scrape(serving.base_url)
        await socket.subscribe("one too many", watch)
        assert (await socket.receive())["type"] == "error"
        after = await scrape(serving.base_url)
        assert after["open_streams{transport=websocket}"] == 100
    assert grown(before, after) == {ended("unknown", "websocket", "refused"): 1}


async def test_sockets_that_are_closed_are_counted_by_code(
    serving: GatewayProcess,
) -> None:
    before = await scrape(serving.base_url)
    async with dial(serving.base_url) as socket:
        await socket.send_raw("no message")
        await socket.send_raw("nor is this")
        assert (await socket.closing())[0] == 4400
    async with dial(serving.base_url) as socket:
        await socket.send({"type": "subscribe", "id": "1", "payload": {"query": "{x}"}})
        assert (await socket.closing())[0] == 4401
    assert grown(before, await scrape(serving.base_url)) == {
        "websocket_connections_total": 2,
        "websocket_closes_total{code=4400}": 1,
        "websocket_closes_total{code=4401}": 1,
    }
