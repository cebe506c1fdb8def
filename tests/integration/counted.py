"""A gateway that nobody else asks anything, so that each count is a test's own."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from events.subjects import Transition
from resolvers.metrics import latest_backlog
from tests.integration.gateway import Gateway
from tests.integration.gateway_process import READY, GatewayProcess, gateway_process
from tests.integration.scraping import scraped
from tests.integration.sockets import dial
from tests.test_events.bodies import Rows
from tests.test_events.conftest import connected, fresh_streams
from tests.test_events.publishing import publish

ACCEPT = {
    "http": "application/json",
    "sse": "text/event-stream",
    "multipart": "multipart/mixed",
}
TRANSPORTS = (*ACCEPT, "websocket")
SLOW_CLIENT_SECONDS = 2


@pytest.fixture(scope="module")
def serving(
    migrated_url: str, nats_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """Serve by a process of its own, from an empty log."""
    asyncio.run(_empty_log(nats_url))
    directory: Path = tmp_path_factory.mktemp("counted")
    limit = {"SLOW_CLIENT_SECONDS": str(SLOW_CLIENT_SECONDS)}
    with gateway_process(migrated_url, nats_url, directory, limit) as process:
        asyncio.run(process.logs(READY))
        asyncio.run(_following(process))
        yield process


async def _empty_log(nats_url: str) -> None:
    async with connected(nats_url) as client:
        await fresh_streams(client)


async def _following(process: GatewayProcess) -> None:
    await scraped(process.base_url, lambda page: page["hub_up"] == 1)


@pytest.fixture
async def following(inside: Gateway, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """Follow the log in this process; ask PostgreSQL for each scrape."""
    monkeypatch.setattr(latest_backlog, "KEPT_SECONDS", 0.0)
    await scraped(inside.base_url, lambda page: page["hub_up"] == 1)
    return inside


class Publisher:
    """Has events happen to one job."""

    def __init__(self, serving: GatewayProcess, nats_url: str) -> None:
        self._base_url = serving.base_url
        self._url = nats_url
        self._rows = Rows()
        self.job_id = self._rows.add()

    async def publish(self, count: int) -> None:
        """Publish the job's next events; wait until the gateway has seen them."""
        events = [self._rows.emit(self.job_id, Transition.QUEUED) for _ in range(count)]
        async with connected(self._url) as client:
            last = await publish(client, self._rows, *events)
        await scraped(self._base_url, lambda page: page["hub_sequence"] == last)


@pytest.fixture
def publisher(serving: GatewayProcess, nats_url: str) -> Publisher:
    """Give what has events happen."""
    return Publisher(serving, nats_url)


async def ask(
    transport: str, serving: GatewayProcess, query: str, variables: dict[str, Any]
) -> None:
    """Have an operation run over a transport to its end, whatever that is."""
    if transport == "websocket":
        async with dial(serving.base_url) as socket:
            await socket.init()
            await socket.subscribe("1", query, **variables)
            while (await socket.receive())["type"] not in ("complete", "error"):
                pass
    else:
        body = {"query": query, "variables": variables}
        headers = {"accept": ACCEPT[transport]}
        async with httpx.AsyncClient(timeout=30) as http:
            url = f"{serving.base_url}/graphql"
            await http.post(url, json=body, headers=headers)
