"""A WebSocket byte by byte, for what no library sends; it reads only when asked to."""

import asyncio
import base64
import json
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from websockets.frames import Close, Frame, Opcode
from websockets.protocol import CLIENT, OPEN, Protocol

from tests.integration.sockets import PROTOCOL


def frame(
    opcode: int, data: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bool = True
) -> bytes:
    """Return a frame as a client sends it, or as one never should."""
    head = bytes(((0x80 if fin else 0) | rsv << 4 | opcode,))
    marked = 0x80 if mask else 0
    if len(data) < 126:
        head += bytes((marked | len(data),))
    elif len(data) < 65536:
        head += bytes((marked | 126,)) + len(data).to_bytes(2)
    else:
        head += bytes((marked | 127,)) + len(data).to_bytes(8)
    # With zeros as its key, masking changes nothing.
    return head + (b"\0\0\0\0" if mask else b"") + data


def text(message: object, **form: Any) -> bytes:
    """Return a text frame of a value as JSON, or of bytes as they are."""
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    return frame(Opcode.TEXT, data, **form)


class RawSocket:
    """A connection to the gateway that was upgraded."""

    def __init__(self, own: socket.socket, handshake: str) -> None:
        """Speak over a socket; `handshake` is how the server agreed, its headers."""
        self.handshake = handshake
        self._own = own
        # Only to read: what a server sends is parsed as any client would.
        self._parser = Protocol(CLIENT, state=OPEN, max_size=None)
        self._events: list[Frame] = []

    async def send(self, *frames: bytes) -> None:
        """Send bytes; waits while the server takes none."""
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._own, b"".join(frames))

    async def frame(self) -> Frame | None:
        """Return the server's next frame; None at the end of the connection."""
        while not self._events:
            loop = asyncio.get_running_loop()
            try:
                data = await loop.sock_recv(self._own, 65536)
            except ConnectionError:
                return None
            if not data:
                return None
            self._parser.receive_data(data)
            assert self._parser.parser_exc is None, self._parser.parser_exc
            received = self._parser.events_received()
            self._events += [one for one in received if isinstance(one, Frame)]
        return self._events.pop(0)

    async def message(self) -> Any:
        """Return the next text message."""
        received = await self.frame()
        assert received is not None and received.opcode is Opcode.TEXT, received
        return json.loads(bytes(received.data))

    async def closing(self) -> tuple[int, str] | None:
        """Read to the end; return the close code and reason; None: there were none."""
        found = None
        while (received := await self.frame()) is not None:
            if received.opcode is Opcode.CLOSE:
                close = Close.parse(received.data)
                found = (close.code, close.reason)
        return found

    def reset_on_close(self) -> None:
        """Have the connection broken off when it is closed."""
        linger = struct.pack("ii", 1, 0)
        self._own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    async def init(self) -> None:
        """Open the protocol."""
        await self.send(text({"type": "connection_init"}))
        assert await self.message() == {"type": "connection_ack"}

    async def subscribe(self, id: str, document: str) -> None:
        """Start an operation."""
        payload = {"query": document}
        await self.send(text({"type": "subscribe", "id": id, "payload": payload}))


@asynccontextmanager
async def raw_socket(
    base_url: str, *headers: str, receive_buffer: int | None = None
) -> AsyncIterator[RawSocket]:
    """Connect and upgrade; with a small receive buffer a server is held up soon."""
    address = urlsplit(base_url)
    own = socket.socket()
    if receive_buffer is not None:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    own.setblocking(False)
    with own:
        loop = asyncio.get_running_loop()
        await loop.sock_connect(own, (address.hostname, address.port))
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            "GET /graphql HTTP/1.1",
            f"Host: {address.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Protocol: {PROTOCOL}",
            *headers,
        ]
        await loop.sock_sendall(own, "\r\n".join([*lines, "", ""]).encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += await loop.sock_recv(own, 1)
        assert answer.startswith(b"HTTP/1.1 101 "), answer
        yield RawSocket(own, answer.decode())
