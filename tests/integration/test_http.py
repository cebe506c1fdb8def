"""The HTTP side of the gateway: who is served, and what is answered to what."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.running import Running

VIEWER = {"query": "{ viewer { __typename } }"}
SEEN = {"data": {"viewer": {"__typename": "User"}}}
JSON = {"content-type": "application/json"}
MIB = 1024 * 1024


@pytest.fixture
async def http(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    """Send requests to the running gateway."""
    async with httpx.AsyncClient(base_url=running.base_url, timeout=30) as http:
        yield http


async def test_health_says_alive_and_ready(http: httpx.AsyncClient) -> None:
    assert (await http.get("/healthz")).json() == {"status": "alive"}
    ready = await http.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {
        "status": "ready",
        "checks": {"database": "ok", "nats": "ok", "store": "ok"},
    }


@pytest.mark.parametrize(
    "path", ["/graphql", "/healthz", "/readyz", "/metrics", "/files/x", "/"]
)
@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "[::2]"},
        {"host": ""},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost.evil.example"},
    ],
    ids=lambda headers: str(list(headers.values())),
)
async def test_strangers_are_not_served(
    path: str, headers: dict[str, str], http: httpx.AsyncClient
) -> None:
    answer = await http.request("POST", path, headers=headers, json=VIEWER)
    assert answer.status_code == 403
    assert answer.json() == {
        "error": {
            "code": "FORBIDDEN",
            "message": "Until access control is configured, OneManage serves "
            "127.0.0.1, ::1 and localhost only.",
        }
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "localhost"},
        {"host": "localhost:9999"},
        {"host": "[::1]:80"},
        {"origin": "http://localhost:8000"},
    ],
    ids=str,
)
async def test_this_machine_is_served(
    headers: dict[str, str], http: httpx.AsyncClient
) -> None:
    answer = await http.post("/graphql", headers=headers, json=VIEWER)
    assert (answer.status_code, answer.json()) == (200, SEEN)


def _padded(size: int) -> bytes:
    """Return a request's body of exactly this size."""
    body = json.dumps(VIEWER).encode()
    return body + b" " * (size - len(body))


async def _streamed(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 64 * 1024):
        yield data[start : start + 64 * 1024]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_has_at_most_a_mebibyte(
    announced: bool, http: httpx.AsyncClient
) -> None:
    def content(size: int) -> Any:
        return _padded(size) if announced else _streamed(_padded(size))

    most = await http.post("/graphql", content=content(MIB), headers=JSON)
    assert (most.status_code, most.json()) == (200, SEEN)
    over = await http.post("/graphql", content=content(MIB + 1), headers=JSON)
    assert over.status_code == 413
    assert over.json() == {
        "error": {
            "code": "TOO_LARGE",
            "message": "A request may have 1048576 bytes.",
        }
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"query": "{ nope }"}', "Cannot query field 'nope' on type 'Query'"),
        (b'{"query": "{ node(id: \\"\\\\ud800\\") { id } }"}', "Syntax Error: "),
        (json.dumps({"query": "{a" * 20_000}).encode(), "Syntax Error: "),
    ],
)
async def test_what_is_no_operation_is_told(
    body: bytes, message: str, http: httpx.AsyncClient
) -> None:
    answer = (await http.post("/graphql", content=body, headers=JSON)).json()
    assert "data" not in answer
    error, *_ = answer["errors"]
    assert error["message"].startswith(message)
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize("size", ["1.5", "1e400", "-1e400", "NaN", "9007199254740992"])
async def test_what_is_no_big_integer_is_told(
    size: str, http: httpx.AsyncClient
) -> None:
    query = """mutation ($size: BigInt!) {
      createUpload(input: {filename: "a", size: $size}) { file { id } }
    }"""
    body = f'{{"query": {json.dumps(query)}, "variables": {{"size": {size}}}}}'
    answer = (await http.post("/graphql", content=body, headers=JSON)).json()
    (error,) = answer["errors"]
    assert "Not an integer within +-(2^53 - 1): " in error["message"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_lone_surrogate_finds_nothing(http: httpx.AsyncClient) -> None:
    query = "query ($id: ID!) { node(id: $id) { id } job(id: $id) { id } }"
    body = json.dumps({"query": query, "variables": {"id": "job_\ud800"}})
    answer = await http.post("/graphql", content=body, headers=JSON)
    assert answer.json() == {"data": {"node": None, "job": None}}


async def test_a_link_from_another_site_opens_the_page(http: httpx.AsyncClient) -> None:
    headers = {
        "accept": "text/html",
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
    }
    answer = await http.get("/graphql", headers=headers)
    assert answer.status_code in (200, 503)  # 503: the page's assets are not built
    assert answer.headers["content-type"].startswith("text/html")
