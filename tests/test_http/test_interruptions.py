"""Clients that leave or take nothing, and a server that stops."""

import asyncio
import logging
import socket
from collections.abc import Iterator

import httpx
import psutil
import pytest

from resolvers.http.connection import HttpConnection
from resolvers.operations import Sink
from tests.test_http.serving import PATIENCE_SECONDS, Served, serving

SSE = {"accept": "text/event-stream"}
RESULT = b'{"data":{"x":"%b"}}' % (b"x" * 16_000)
KINDS = [
    "text/event-stream",
    "multipart/mixed",
    "multipart/mixed;subscriptionSpec=1.0",
]


@pytest.fixture(autouse=True)
def nobody_complains(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Hold the server to silence."""
    yield
    for when in ("setup", "call"):
        warnings = [
            record.getMessage()
            for record in caplog.get_records(when)
            if record.levelno >= logging.WARNING
        ]
        assert warnings == []


async def silent(sink: Sink) -> None:
    """Open, and show nothing."""
    sink.opened()
    await asyncio.Event().wait()


async def endless(sink: Sink) -> None:
    """Send as fast as there is room."""
    sink.opened()
    while True:
        while not sink.next(RESULT, None):
            await sink.drained()
        await asyncio.sleep(0)


@pytest.mark.parametrize("accept", KINDS)
async def test_a_client_that_leaves_ends_its_operation(accept: str) -> None:
    async with serving(silent) as served, httpx.AsyncClient() as http:
        async with http.stream("GET", served.url, headers={"accept": accept}):
            assert len(served.operations.running) == 1
        await served.operations.at_most(0)


async def test_a_client_that_leaves_before_the_opening_ends_its_operation() -> None:
    async def undecided(_sink: Sink) -> None:
        await asyncio.Event().wait()

    async with serving(undecided) as served, httpx.AsyncClient() as http:
        with pytest.raises(httpx.ReadTimeout):
            await http.get(served.url, headers=SSE, timeout=0.2)
        await served.operations.at_most(0)


@pytest.mark.parametrize("accept", KINDS)
async def test_what_cannot_begin_now_begins_its_answer_and_breaks_off(
    accept: str,
) -> None:
    """Behind anything but 200 and its own media type EventSource gives up."""

    async def out_of_reach(sink: Sink) -> None:
        await asyncio.sleep(0)
        sink.interrupt()

    async with serving(out_of_reach) as served, httpx.AsyncClient() as http:
        async with http.stream("GET", served.url, headers={"accept": accept}) as answer:
            assert answer.status_code == 200
            kind = answer.headers["content-type"]
            assert kind.startswith(accept.partition(";")[0])
            text = ""
            with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked"):
                async for chunk in answer.aiter_text():
                    text += chunk
        assert text.strip() in ("retry: 1000", "---", "")
        await served.operations.at_most(0)


@pytest.mark.parametrize("accept", KINDS)
async def test_a_stopping_server_breaks_streams_off(accept: str) -> None:
    async def shown_one(sink: Sink) -> None:
        sink.opened()
        sink.next(b'{"data":{}}', None)
        await asyncio.Event().wait()

    async with serving(shown_one) as served, httpx.AsyncClient() as http:
        async with http.stream("GET", served.url, headers={"accept": accept}) as answer:
            text = ""
            with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked"):
                async for chunk in answer.aiter_text():
                    text += chunk
                    served.ask_to_stop()
        assert '{"data":{}}' in text
        assert "complete" not in text and "---" not in text.removesuffix("\r\n---")[-6:]
        await served.operations.at_most(0)


async def test_a_stopping_server_waits_for_nobody() -> None:
    loop = asyncio.get_running_loop()
    async with serving(endless) as served:
        stalled = await _stalled_socket(served)
        await _filled(served)
        idle = await served.dial("text/event-stream")
        await idle.readuntil(b"retry")
        since = loop.time()
    assert loop.time() - since < 5, "it waited for the grace of 10 s"
    assert served.operations.running == set()
    stalled.close()


async def test_an_operation_may_end_while_the_server_stops() -> None:
    may_end = asyncio.Event()

    async def slow(sink: Sink) -> None:
        await may_end.wait()
        sink.opened()
        sink.next(b'{"data":{}}', None)
        sink.complete()

    async with serving(slow) as served, httpx.AsyncClient() as http:
        asked = asyncio.create_task(http.get(served.url, headers=SSE))
        while not served.operations.running:
            await asyncio.sleep(0.01)
        served.ask_to_stop()
        await asyncio.sleep(0.5)
        may_end.set()
        answer = await asked
    assert answer.text.endswith("event: complete\nid: complete\ndata:\n\n")


async def test_a_peer_that_takes_nothing_is_aborted_and_nobody_waits_for_it() -> None:
    loop, counted = asyncio.get_running_loop(), HttpConnection.stalled
    async with serving(endless, stall_seconds=1.0) as served:
        stalled = await _stalled_socket(served)
        await _filled(served)
        before = psutil.Process().memory_info().rss
        others = [await served.dial("text/event-stream") for _ in range(5)]
        since = loop.time()
        slowest = 0.0
        while served.connections > len(others):
            for other in others:
                asked = loop.time()
                await other.readexactly(len(RESULT))
                slowest = max(slowest, loop.time() - asked)
            assert loop.time() - since < PATIENCE_SECONDS, "it is still there"
        assert 0.5 < loop.time() - since < 10
        assert slowest < 0.5
        assert psutil.Process().memory_info().rss - before < 16 * 1024 * 1024
        await served.operations.at_most(len(others))
        assert len(served.operations.running) == len(others)
        assert HttpConnection.stalled == counted + 1
    with pytest.raises(ConnectionResetError):
        while stalled.recv(1 << 20):
            pass
    stalled.close()


async def test_a_peer_that_takes_nothing_of_an_answer_is_aborted_too() -> None:
    loop = asyncio.get_running_loop()
    async with serving(silent, stall_seconds=1.0) as served:
        stalled = await _stalled_socket(served, "/large")
        await _filled(served)
        since = loop.time()
        while served.connections:
            assert loop.time() - since < PATIENCE_SECONDS, "it is still there"
            await asyncio.sleep(0.01)
        assert 0.5 < loop.time() - since < 5
    stalled.close()


async def test_a_peer_that_takes_little_is_not_aborted() -> None:
    loop = asyncio.get_running_loop()
    async with serving(endless, stall_seconds=1.0) as served:
        slow = await _stalled_socket(served)
        await _filled(served)
        slow.setblocking(False)
        until = loop.time() + 4
        while loop.time() < until:
            # TCP tells of room by the half of a window.
            await loop.sock_recv(slow, 256 * 1024)
            await asyncio.sleep(0.1)
        assert served.connections == 1
        slow.close()
        await served.operations.at_most(0)


async def _stalled_socket(served: Served, path: str = "/graphql") -> socket.socket:
    """Ask for an answer, and read nothing of it."""
    peer = socket.create_connection(("127.0.0.1", served.port))
    peer.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Accept: text/event-stream\r\n\r\n".encode()
    )
    return peer


async def _filled(served: Served) -> None:
    """Wait until one connection's writing is paused."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not served.paused:
            await asyncio.sleep(0.01)
