"""HTTP byte by byte, for what no library sends."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple
from urllib.parse import urlsplit

PATIENCE_SECONDS = 30.0
JSON = "application/json"
SSE = "text/event-stream"


def post(document: str, accept: str = JSON, *headers: str) -> bytes:
    """Return a whole request for /graphql."""
    body = json.dumps({"query": document}).encode()
    lines = [
        "POST /graphql HTTP/1.1",
        "Host: 127.0.0.1",
        f"Content-Type: {JSON}",
        f"Accept: {accept}",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Answer(NamedTuple):
    """One response; its body's length was announced."""

    status: int
    body: bytes


class RawHttp:
    """A connection to a server."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.reader = reader
        self._writer = writer

    async def send(self, *data: bytes) -> None:
        """Send bytes; waits while the server takes none."""
        self._writer.write(b"".join(data))
        await self._writer.drain()

    async def answer(self) -> Answer:
        """Return the next response."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            head = await self.reader.readuntil(b"\r\n\r\n")
            size = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            body = await self.reader.readexactly(int(size))
        return Answer(int(head.split()[1]), body)

    async def rest(self) -> bytes:
        """Return all that comes up to the connection's end."""
        found = bytearray()
        with suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while data := await self.reader.read(65536):
                    found += data
        return bytes(found)

    def reset(self) -> None:
        """Break the connection off."""
        own: socket.socket = self._writer.get_extra_info("socket")
        linger = struct.pack("ii", 1, 0)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._writer.transport.abort()


@asynccontextmanager
async def raw_http(base_url: str) -> AsyncIterator[RawHttp]:
    """Connect; the connection is closed at the block's end."""
    address = urlsplit(base_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        yield RawHttp(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
