"""Refusals over TLS, whose connections cannot be closed for one side alone."""

import asyncio
import ssl
from collections.abc import AsyncIterator, MutableMapping
from contextlib import suppress

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from resolvers.http.connection import HttpConnection


def _context(protocol: int) -> ssl.SSLContext:
    """Return one that needs no certificate, for tests alone."""
    context = ssl.SSLContext(protocol)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AECDH:@SECLEVEL=0")
    return context


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError(f"{scope['type']} came through")


@pytest.fixture
async def trouble() -> AsyncIterator[list[MutableMapping[str, object]]]:
    """Give what the event loop complains of."""
    found: list[MutableMapping[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: found.append(context)
    )
    yield found


async def test_a_peer_is_refused_and_the_connection_ends(
    trouble: list[MutableMapping[str, object]],
) -> None:
    config = uvicorn.Config(
        _nothing, http=HttpConnection, lifespan="off", log_config=None
    )
    config.load()
    state = uvicorn.Server(config).server_state
    server = await asyncio.get_running_loop().create_server(
        lambda: HttpConnection(config, state, {}),
        "127.0.0.1",
        0,
        ssl=_context(ssl.PROTOCOL_TLS_SERVER),
    )
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=_context(ssl.PROTOCOL_TLS_CLIENT)
    )
    try:
        writer.write(b"no http\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        async with asyncio.timeout(20):
            with suppress(ConnectionError):  # only the timer ends it
                assert await reader.read() == b"Invalid HTTP request received."
    finally:
        writer.transport.abort()
        server.close()
    assert trouble == []
