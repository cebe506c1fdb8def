"""How many connections one user may have, WebSockets and streams over HTTP together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import server
from core.base import new_id
from core.security import Caller
from events.live.hub import Hub
from features.users.models import LOCAL_ADMINISTRATOR_ID
from tests.integration.gateway import Gateway, gateway
from tests.integration.sockets import dial
from tests.integration.watching import PATIENCE_SECONDS

pytestmark = pytest.mark.timeout(120)

MOST = 3
WATCH = 'subscription { events(subject: "nothing.>") { cursor } }'
ACCEPTS = [
    "text/event-stream",
    "multipart/mixed;subscriptionSpec=1.0",
    "multipart/mixed",
]
KINDS = ["event-stream", "multipart subscription", "multipart incremental"]
TOO_MANY = {
    "errors": [
        {
            "message": f"At most {MOST} connections of one user may be open, "
            "WebSockets and streams over HTTP together. End one, or run several "
            "operations on one WebSocket.",
            "extensions": {"code": "LIMIT_EXCEEDED"},
        }
    ]
}


@pytest.fixture
async def serving(
    monkeypatch: pytest.MonkeyPatch, migrated_url: str, nats_url: str, tmp_path: Path
) -> AsyncIterator[Gateway]:
    """Serve with few connections for each user; all of them end in the test."""
    async with gateway(
        monkeypatch, migrated_url, nats_url, tmp_path, connections_per_user=MOST
    ) as own:
        await own.container.get(Hub).reach()
        yield own
        await taken(0)


async def taken(count: int, user_id: str = LOCAL_ADMINISTRATOR_ID) -> None:
    """Wait until a user has so many connections."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while server.places._taken[user_id] != count:
            await asyncio.sleep(0.01)


@asynccontextmanager
async def stream(
    url: str, accept: str, document: str = WATCH
) -> AsyncIterator[httpx.Response]:
    """Open a stream; its headers have come."""
    async with (
        httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http,
        http.stream(
            "POST",
            f"{url}/graphql",
            json={"query": document},
            headers={"accept": accept},
        ) as answer,
    ):
        yield answer


async def ask(url: str, accept: str, document: str) -> httpx.Response:
    """Return a whole answer."""
    async with stream(url, accept, document) as answer:
        await answer.aread()
        return answer


async def full(stack: AsyncExitStack, url: str) -> None:
    """Take all places by each transport."""
    socket = await stack.enter_async_context(dial(url))
    await socket.init()
    for accept in ACCEPTS[: MOST - 1]:
        answer = await stack.enter_async_context(stream(url, accept))
        assert answer.status_code == 200
    await taken(MOST)


@pytest.mark.parametrize("accept", ACCEPTS, ids=KINDS)
async def test_one_stream_too_many(serving: Gateway, accept: str) -> None:
    url = serving.base_url
    async with AsyncExitStack() as stack:
        await full(stack, url)
        answer = await ask(url, accept, WATCH)
        assert answer.status_code == 429
        assert answer.headers["content-type"] == "application/json"
        assert answer.json() == TOO_MANY
        await taken(MOST)
        async with dial(url) as further:
            await further.send({"type": "connection_init"})
            reason = f"At most {MOST} connections of one user may be open"
            assert await further.closing() == (1013, reason)
    await taken(0)
    async with stream(url, accept) as again:
        assert again.status_code == 200
        await taken(1)


@pytest.mark.parametrize("accept", ACCEPTS, ids=KINDS)
async def test_what_has_one_answer_takes_no_place(
    serving: Gateway, accept: str
) -> None:
    url = serving.base_url
    async with AsyncExitStack() as stack:
        await full(stack, url)
        for document in ("{ __typename }", "{ wrong }", "subscription { wrong }"):
            answer = await ask(url, accept, document)
            assert answer.status_code in (200, 400)
            assert "LIMIT_EXCEEDED" not in answer.text
        plain = await ask(url, "application/json", "{ __typename }")
        assert plain.json() == {"data": {"__typename": "Query"}}
        await taken(MOST)


@pytest.mark.parametrize("accept", ACCEPTS, ids=KINDS)
async def test_each_end_leaves_its_place(serving: Gateway, accept: str) -> None:
    url = serving.base_url
    refused = 'subscription { jobEvents(id: "job_none") { cursor } }'
    for _ in range(MOST * 2):
        # Ended by the gateway, then by the client.
        answer = await ask(url, accept, refused)
        assert answer.status_code == 200 and "NOT_FOUND" in answer.text
        async with stream(url, accept) as left:
            assert left.status_code == 200
            await taken(1)
        await taken(0)


async def test_another_user_has_places_of_their_own(serving: Gateway) -> None:
    url = serving.base_url
    other = Caller(new_id("user"), is_admin=False)
    async with AsyncExitStack() as stack:
        await full(stack, url)
        serving.call_as(other)
        await full_of(stack, url, other)


async def full_of(stack: AsyncExitStack, url: str, caller: Caller) -> None:
    """Open one stream more than there may be."""
    for _ in range(MOST):
        answer: Any = await stack.enter_async_context(stream(url, ACCEPTS[0]))
        assert answer.status_code == 200
    await taken(MOST, caller.user_id)
    assert (await ask(url, ACCEPTS[0], WATCH)).status_code == 429


async def test_a_head_takes_no_place(serving: Gateway) -> None:
    async with AsyncExitStack() as stack, httpx.AsyncClient() as http:
        await full(stack, serving.base_url)
        answer = await http.head(
            f"{serving.base_url}/graphql",
            params={"query": WATCH},
            headers={"accept": ACCEPTS[0]},
        )
        assert answer.status_code == 200
        await taken(MOST)
