"""Requests that come before the one ahead has been answered."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from events.streams import ensure_streams
from tests.integration.gateway_process import READY, GatewayProcess, gateway_process
from tests.integration.raw_http import SSE, RawHttp, post, raw_http
from tests.integration.scraping import Page, scraped
from tests.test_events.conftest import connected

pytestmark = pytest.mark.timeout(120)

WATCH = post("subscription { events { cursor } }", SSE)
ASK = post("{ __typename }")
RUNNING = "subscriptions{field=events}"


@pytest.fixture(scope="module")
def process(
    migrated_url: str, nats_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """Start a gateway."""
    asyncio.run(_make_streams(nats_url))
    directory = tmp_path_factory.mktemp("pipelining")
    with gateway_process(migrated_url, nats_url, directory) as process:
        asyncio.run(process.logs(READY))
        yield process


async def _make_streams(nats_url: str) -> None:
    async with connected(nats_url) as client:
        await ensure_streams(client, 1)


@pytest.fixture
async def gateway(process: GatewayProcess) -> AsyncIterator[GatewayProcess]:
    """Give the gateway; when all have left, nothing runs and nothing was logged."""
    process.forget_log()
    yield process
    await scraped(process.base_url, lambda page: page[RUNNING] == 0)
    await process.has_sockets(0)
    assert process.troubles() == []


def _is_watched(page: Page) -> bool:
    return page[RUNNING] == 1


async def _opened(client: RawHttp) -> None:
    """Read what a stream begins with."""
    head = await client.reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head


async def test_requests_are_answered_in_order(gateway: GatewayProcess) -> None:
    names = [f"a{index}" for index in range(300)]
    async with raw_http(gateway.base_url) as client:
        await client.send(*(post(f"{{ {name}: __typename }}") for name in names))
        for name in names:
            status, body = await client.answer()
            assert (status, re.findall(rb'"(a\d+)"', body)) == (200, [name.encode()])


@pytest.mark.parametrize("is_reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("behind", [WATCH, ASK], ids=["subscriptions", "queries"])
@pytest.mark.parametrize("count", [0, 1, 49], ids=str)
async def test_a_client_that_leaves_ends_all_that_it_asked_for(
    count: int, behind: bytes, is_reset: bool, gateway: GatewayProcess
) -> None:
    async with raw_http(gateway.base_url) as client:
        await client.send(WATCH)
        await _opened(client)
        await scraped(gateway.base_url, _is_watched)
        await client.send(behind * count)
        await asyncio.sleep(0.2)  # else the gateway has read nothing of it
        if is_reset:
            client.reset()


async def test_a_client_that_leaves_too_many_behind_is_missed_by_its_heartbeat(
    gateway: GatewayProcess,
) -> None:
    """What is not read from is known to be gone only when something is sent to it."""
    async with raw_http(gateway.base_url) as client:
        await client.send(WATCH, ASK * 1000)
        await _opened(client)
        await scraped(gateway.base_url, _is_watched)


@pytest.mark.parametrize("is_reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("pause", [0, 0.002, 0.02], ids=str)
@pytest.mark.parametrize("asked", [WATCH, ASK], ids=["subscriptions", "queries"])
async def test_a_client_may_leave_at_any_time(
    asked: bytes, pause: float, is_reset: bool, gateway: GatewayProcess
) -> None:
    for _ in range(20):
        async with raw_http(gateway.base_url) as client:
            await client.send(asked * 50)
            await asyncio.sleep(pause)
            if is_reset:
                client.reset()
