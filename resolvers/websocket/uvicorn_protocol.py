"""uvicorn's WebSockets with ready frames, and an end for peers that take nothing.

For uvicorn's option `--ws resolvers.websocket.uvicorn_protocol:GraphQLWebSocketProtocol`.
"""

import asyncio
import logging
import socket
import struct
from asyncio.transports import BaseTransport
from collections import Counter
from contextlib import suppress
from typing import Any, ClassVar, Final

from uvicorn._types import ASGIReceiveEvent
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import State

from resolvers.websocket.channel import HIGH_WATER, LOW_WATER
from resolvers.websocket.reading import PacedProtocol

# In the scope's extensions: the connection's Channel.
EXTENSION: Final = "onemanage.channel"
# How long, in seconds, a peer may take to answer a goodbye; below the gateway's grace.
CLOSING_SECONDS: Final = 2.0
# After so many seconds of silence a peer is asked for a sign of life, and given up.
PING_SECONDS: Final = 20
GONE_SECONDS: Final = 40
GOING_DOWN: Final = 1012
# What the kernel takes for a peer before the peer has room for it, in bytes.
_UNSENT: Final = 128 * 1024
_PING: Final = b"\x89\x00"
_RESET: Final = struct.pack("ii", 1, 0)

# Its lines, three for each socket, would be most of the log.
_log = logging.getLogger("uvicorn.error.websocket")
_log.setLevel(logging.WARNING)


class _Frame:
    """The frame that was sent last: a crowd is sent the same, but for its ids."""

    __slots__ = ("head_size", "header", "payload")

    def __init__(self) -> None:
        self.begin(0, b"")

    def begin(self, head_size: int, payload: bytes) -> None:
        self.head_size = head_size
        self.payload = payload
        self.header = _header(head_size + len(payload) + 1)


class GraphQLWebSocketProtocol(PacedProtocol):
    """A Channel beside ASGI's events."""

    # What each delivery looks at lies together.
    __slots__ = ("_is_over", "_send", "_written", "is_full")

    # How many connections the gateway has ended, by close code.
    closes: ClassVar[Counter[int]] = Counter()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.logger = self.conn.logger = _log
        self.is_full = False
        self._is_over = False
        self._written = 0
        self._silence = 0

    # What a Channel does

    def offer(self, head: bytes, payload: bytes) -> bool:
        """Send a message in three pieces where there is room.

        All deliveries pass here: it calls as little as can be.
        """
        if self.is_full:
            return False
        if not self._is_over:
            if payload is not _frame.payload or len(head) != _frame.head_size:
                _frame.begin(len(head), payload)
            frame = b"".join((_frame.header, head, payload, b"}"))
            self._written += len(frame)
            self._send(frame)
        return True

    def write(self, message: bytes) -> None:
        """Send a message as one frame, at once."""
        if not self._is_over:
            self._put(_header(len(message)) + message)

    def close(self, code: int, reason: str) -> None:
        """Say goodbye, and wait a little for the answer."""
        if self._is_closing() or self.conn.state is not State.OPEN:
            return
        self.closes[code] += 1
        self.conn.send_close(code, reason)
        self._put(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        event: ASGIReceiveEvent
        event = {"type": "websocket.disconnect", "code": code, "reason": reason}
        self.queue.put_nowait(event)
        self.read_paused = False
        self._go_on()
        self._end_soon()

    def progress(self) -> tuple[int, int]:
        """Return how many bytes wait, and how many the kernel took."""
        if self.disconnected:
            return 0, 0
        waiting = self.transport.get_write_buffer_size()
        return waiting, self._written - waiting

    def keep_alive(self) -> None:
        """Ask a silent peer for a sign of life, or give it up.

        uvicorn has timers for each peer to do so, and waits for ever to be rid of one
        for which something is left to send.
        """
        self._silence += 1
        if self._is_closing() or self.is_full:
            return
        if self._silence == PING_SECONDS:
            self._put(_PING)
        elif self._silence > GONE_SECONDS:
            self._abort()

    async def drained(self) -> None:
        """Wait for room."""
        await self.writable.wait()

    def end(self) -> None:
        """Do nothing: `on_task_complete` comes next."""

    # What uvicorn's protocol does otherwise

    def connection_made(self, transport: BaseTransport) -> None:
        """Bound what waits for the peer."""
        super().connection_made(transport)
        self._send = self.transport.write
        self.transport.set_write_buffer_limits(HIGH_WATER, LOW_WATER)
        self._set_option(socket.IPPROTO_TCP, "TCP_NOTSENT_LOWAT", _UNSENT)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let everybody go on who waits for room."""
        super().connection_lost(exc)
        self._end()

    def handle_connect(self, event: Request) -> None:
        """Show the Channel to the app."""
        super().handle_connect(event)
        if not self.handshake_complete:
            self.scope["extensions"][EXTENSION] = self  # type: ignore[assignment]

    def pause_writing(self) -> None:
        """Have no room."""
        super().pause_writing()
        if not self._is_over:
            self.is_full = True
            self.writable.clear()

    def resume_writing(self) -> None:
        """Have room again."""
        super().resume_writing()
        self._set_room()

    def data_received(self, data: bytes) -> None:
        """Hear from the peer."""
        self._silence = 0
        super().data_received(data)

    def eof_received(self) -> None:
        """Hear that the peer has gone; the transport closes itself."""
        self._end_soon()

    def handle_ping(self) -> None:
        """Answer."""
        if not self.transport.is_closing():
            self._put(b"".join(self.conn.data_to_send()))

    def handle_close(self, event: Frame) -> None:
        """Answer a goodbye, or have ours answered."""
        super().handle_close(event)
        self._end_soon()

    def handle_parser_exception(self) -> None:
        """Close for what is no WebSocket frame."""
        super().handle_parser_exception()
        self._end_soon()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """See to the connection's end when the app has done with it."""
        super().on_task_complete(task)
        self.scope["extensions"].pop(EXTENSION, None)
        self._end_soon()

    def shutdown(self) -> None:
        """Tell the peer that the server goes down."""
        if self.handshake_complete:
            self.close(GOING_DOWN, "Going down")
        else:
            super().shutdown()

    def _is_closing(self) -> bool:
        return self._is_over or self.transport.is_closing()

    def _put(self, data: bytes) -> None:
        self._written += len(data)
        self.transport.write(data)

    def _set_room(self) -> None:
        self.is_full = False
        self.writable.set()

    def _end(self) -> None:
        """Take nothing more, and keep nobody waiting."""
        self._is_over = True
        self._set_room()

    def _end_soon(self) -> None:
        """Abort a peer that hinders the connection's end."""
        self._end()
        if self.close_timer is None and not self.disconnected:
            self.close_timer = self.loop.call_later(CLOSING_SECONDS, self._abort)

    def _abort(self) -> None:
        if not self.disconnected:
            # Else the kernel keeps for minutes what the peer does not take.
            self._set_option(socket.SOL_SOCKET, "SO_LINGER", _RESET)
            self.transport.abort()

    def _set_option(self, level: int, name: str, value: int | bytes) -> None:
        """Set an option of the socket where the system and the socket know it."""
        option = getattr(socket, name, None)
        own = self.transport.get_extra_info("socket")
        if option is not None and own is not None:
            with suppress(OSError):
                own.setsockopt(level, option, value)


def _header(size: int) -> bytes:
    """Return the head of an unmasked text frame."""
    if size < 126:
        return bytes((0x81, size))
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2)
    return b"\x81\x7f" + size.to_bytes(8)


_frame: Final = _Frame()
