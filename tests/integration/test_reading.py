"""Request heads and bodies that are too large, or never end."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from loguru import logger

from resolvers.http.connection import HttpConnection
from resolvers.http.reading import MAX_HEAD_BYTES, MAX_WAITING
from tests.integration.gateway import Gateway, gateway
from tests.integration.raw_http import JSON, SSE, RawHttp, post, raw_http
from tests.integration.scraping import scrape, scraped

pytestmark = pytest.mark.timeout(120)

ASK = post("{ __typename }")
WATCH = post("subscription { events { cursor } }", SSE)
SEEN = b'{"data":{"__typename":"Query"}}'
LINE = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
BODY = (
    b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
)
CHUNKED = BODY + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNK = b'18\r\n{"query":"{__typename}"}\r\n'
SHORT_SECONDS = 0.5


@pytest.fixture
async def inside(
    monkeypatch: pytest.MonkeyPatch, migrated_url: str, nats_url: str, tmp_path: Path
) -> AsyncIterator[Gateway]:
    """Serve in this process."""
    async with gateway(monkeypatch, migrated_url, nats_url, tmp_path) as serving:
        yield serving


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch, inside: Gateway) -> Gateway:
    """Give a gateway with little patience."""
    monkeypatch.setattr(HttpConnection, "head_seconds", SHORT_SECONDS)
    monkeypatch.setattr(HttpConnection, "body_seconds", SHORT_SECONDS)
    return inside


@pytest.fixture(autouse=True)
def nobody_complains() -> Iterator[None]:
    """Hold the gateway to silence."""
    lines: list[str] = []
    sink = logger.add(lines.append, level="ERROR", format="{message}")
    yield
    logger.remove(sink)
    assert lines == []


async def refused(client: RawHttp, status: int) -> None:
    """Read an answer, and the connection's end."""
    assert (await client.answer()).status == status
    assert await client.rest() == b""


def padded(size: int) -> bytes:
    """Return a request whose head has so many bytes."""
    rest = size - len(LINE) - len(b"X: \r\n\r\n")
    return LINE + b"X: " + b"a" * rest + b"\r\n\r\n"


@pytest.mark.parametrize("step", [1000, 4096, 50_000, MAX_HEAD_BYTES * 4], ids=str)
async def test_a_head_may_have_64_kib(step: int, inside: Gateway) -> None:
    async def ask(head: bytes) -> int:
        async with raw_http(inside.base_url) as client:
            for start in range(0, len(head), step):
                await client.send(head[start : start + step])
                await asyncio.sleep(0)
            return (await client.answer()).status

    assert await ask(padded(MAX_HEAD_BYTES)) == 200
    assert await ask(padded(MAX_HEAD_BYTES + 1)) == 431


@pytest.mark.parametrize(
    "begin",
    [b"", b"GET /", LINE + b"X", LINE + b"X: ", CHUNKED + CHUNK + b"0\r\nX: "],
    ids=["method", "path", "name", "value", "trailer"],
)
async def test_what_never_ends_is_refused(begin: bytes, inside: Gateway) -> None:
    async with raw_http(inside.base_url) as client:
        with suppress(ConnectionError):
            await client.send(begin, b"a" * MAX_HEAD_BYTES * 3)
        found = await client.rest()
    status = int(found.split()[1])
    assert status == (400 if begin == b"" else 431), found
    assert found.count(b"HTTP/1.1 ") == 1


async def test_many_headers_that_never_end_are_refused(inside: Gateway) -> None:
    async with raw_http(inside.base_url) as client:
        await client.send(LINE, b"X: y\r\n" * 20_000)
        await refused(client, 431)


async def test_trailers_are_no_headers(inside: Gateway) -> None:
    async with raw_http(inside.base_url) as client:
        trailers = b"0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        await client.send(CHUNKED, CHUNK, trailers)
        assert await client.answer() == (200, SEEN)
        await client.send(ASK)
        assert await client.answer() == (200, SEEN)


@pytest.mark.parametrize(
    "begin",
    [b"G", LINE, LINE + b"X: ", b"\r\n"],
    ids=["method", "line", "header", "empty line"],
)
@pytest.mark.parametrize("is_first", [True, False], ids=["first", "later"])
async def test_a_head_that_does_not_end_in_time_is_given_up(
    begin: bytes, is_first: bool, hasty: Gateway
) -> None:
    async with raw_http(hasty.base_url) as client:
        if not is_first:
            await client.send(ASK)
            assert await client.answer() == (200, SEEN)
        await client.send(begin)
        await refused(client, 408)


async def test_a_head_that_trickles_is_given_up(hasty: Gateway) -> None:
    async with raw_http(hasty.base_url) as client:
        await client.send(LINE)
        reading = asyncio.create_task(refused(client, 408))
        with suppress(ConnectionError):
            while not reading.done():
                await client.send(b"X: y\r\n")
                await asyncio.sleep(0.05)
        await reading


async def test_a_peer_that_says_nothing_is_given_up(hasty: Gateway) -> None:
    async with raw_http(hasty.base_url) as client:
        await refused(client, 408)


async def test_a_head_behind_a_long_answer_has_its_time(hasty: Gateway) -> None:
    async with raw_http(hasty.base_url) as client:
        await client.send(WATCH, LINE)
        await client.reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(2 * SHORT_SECONDS)
        page = await scrape(hasty.base_url)
        assert page["subscriptions{field=events}"] == 1


@pytest.mark.parametrize(
    "begin",
    [
        BODY + b"Content-Length: 100\r\n\r\n",
        BODY + b'Content-Length: 100\r\n\r\n{"query"',
        CHUNKED,
        CHUNKED + CHUNK,
        CHUNKED + CHUNK + b"0\r\nX: y\r\n",
        CHUNKED + b"5;" + b"x" * 1000,
    ],
    ids=["nothing", "some", "no chunk", "no last chunk", "trailer", "extension"],
)
@pytest.mark.parametrize("ahead", [b"", ASK], ids=["alone", "pipelined"])
async def test_a_body_that_ceases_is_given_up(
    begin: bytes, ahead: bytes, hasty: Gateway
) -> None:
    async with raw_http(hasty.base_url) as client:
        await client.send(ahead, begin)
        if ahead:
            assert await client.answer() == (200, SEEN)
        await refused(client, 408)


async def test_a_body_that_goes_on_has_its_time(hasty: Gateway) -> None:
    async with raw_http(hasty.base_url) as client:
        head, body = ASK[: ASK.index(b"{")], ASK[ASK.index(b"{") :]
        await client.send(head)
        for byte in body[:12]:
            await client.send(bytes((byte,)))
            await asyncio.sleep(SHORT_SECONDS / 5)
        await client.send(body[12:])
        assert await client.answer() == (200, SEEN)


async def test_the_rest_of_a_refused_body_is_waited_for_a_while(hasty: Gateway) -> None:
    async with raw_http(hasty.base_url) as client:
        await client.send(BODY, b"Content-Length: 99999999\r\n\r\n")
        await refused(client, 413)


async def test_what_is_no_http_is_told(inside: Gateway) -> None:
    async with raw_http(inside.base_url) as client:
        await client.send(b"what is this?\r\n\r\n")
        await refused(client, 400)
    async with raw_http(inside.base_url) as client:
        await client.send(CHUNKED, b"what is this?\r\n\r\n")
        await refused(client, 400)


async def test_nobody_is_told_amid_another_answer(inside: Gateway) -> None:
    async with raw_http(inside.base_url) as client:
        await client.send(WATCH)
        await client.reader.readuntil(b"\r\n\r\n")
        await client.send(b"what is this?\r\n\r\n")
        assert b"HTTP" not in await client.rest()
    await scraped(
        inside.base_url, lambda page: page["subscriptions{field=events}"] == 0
    )


async def test_no_socket_takes_another_answers_connection(inside: Gateway) -> None:
    upgrade = (
        b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n"
    )
    async with raw_http(inside.base_url) as client:
        await client.send(WATCH)
        await client.reader.readuntil(b"\r\n\r\n")
        await client.send(upgrade)
        assert b"HTTP" not in await client.rest()
    await scraped(
        inside.base_url, lambda page: page["subscriptions{field=events}"] == 0
    )


async def test_few_requests_are_kept_for_one_that_waits(
    inside: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is beyond them stays in the kernels', so that the peer waits."""
    made: list[HttpConnection] = []
    connect = HttpConnection.connection_made

    def connected(self: HttpConnection, transport: asyncio.Transport) -> None:
        connect(self, transport)
        made.append(self)

    monkeypatch.setattr(HttpConnection, "connection_made", connected)
    tiny = b"GET / HTTP/1.1\r\n\r\n"
    async with raw_http(inside.base_url) as client:
        await client.send(WATCH)
        await client.reader.readuntil(b"\r\n\r\n")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await client.send(tiny * 2_000_000)
        (own,) = made
        assert MAX_WAITING <= len(own.pipeline) <= MAX_WAITING + 4096 // len(tiny)
        assert len(own._unparsed) < 1024 * 1024
        client.reset()


async def test_large_requests_are_kept_for_one_that_waits_by_size(
    inside: Gateway,
) -> None:
    """All are answered in the end, though few fit at once."""
    padding = "X: " + "a" * 30_000
    async with raw_http(inside.base_url) as client:
        large = post("{ __typename }", JSON, padding) * 40
        sending = asyncio.create_task(client.send(large))
        for _ in range(40):
            assert await client.answer() == (200, SEEN)
        await sending
