"""uvicorn's WebSockets with ready frames, and an end for peers that take nothing.

For uvicorn's option `--ws resolvers.websocket.uvicorn_protocol:GraphQLWebSocketProtocol`.
"""

import asyncio
import logging
import socket
import struct
from asyncio.transports import BaseTransport
from contextlib import suppress
from typing import Any, Final

from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import (
    WebSocketsSansIOProtocol,
)
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import State

from resolvers.websocket.channel import HIGH_WATER, LOW_WATER

# In the scope's extensions: the connection's Channel.
EXTENSION: Final = "onemanage.channel"
# How long, in seconds, a peer may take to answer a goodbye; below the gateway's grace.
CLOSING_SECONDS: Final = 2.0
# After so many seconds of silence a peer is asked for a sign of life, and given up.
PING_SECONDS: Final = 20
GONE_SECONDS: Final = 40
GOING_DOWN: Final = 1012
INVALID_TEXT: Final = 1007
# So much of what came at once is parsed at once, in bytes: 256 KiB of small frames
# would hold everybody else up, and be objects of some MiB.
_SLICE: Final = 16 * 1024
# What the kernel takes for a peer before the peer has room for it, in bytes.
_UNSENT: Final = 128 * 1024
_MAX_FRAGMENTS: Final = 256
_PING: Final = b"\x89\x00"
_RESET: Final = struct.pack("ii", 1, 0)

# Its lines, three for each socket, would be most of the log.
_log = logging.getLogger("uvicorn.error.websocket")
_log.setLevel(logging.WARNING)


class GraphQLWebSocketProtocol(WebSocketsSansIOProtocol):
    """A Channel beside ASGI's events; reads nothing from a peer that does not read."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.logger = self.conn.logger = _log
        self.is_full = False
        self._is_stuck = False
        self._written = 0
        self._silence = 0
        self._unparsed = b""

    # What a Channel does

    def offer(self, *pieces: bytes) -> bool:
        """Send a message where there is room."""
        if self.is_full:
            return False
        self.write(*pieces)
        return True

    def write(self, *pieces: bytes) -> None:
        """Send a message as one frame, at once."""
        if not self._is_closing():
            self._put(b"".join((_header(sum(map(len, pieces))), *pieces)))

    def close(self, code: int, reason: str) -> None:
        """Say goodbye, and wait a little for the answer."""
        if self._is_closing() or self.conn.state is not State.OPEN:
            return
        self.conn.send_close(code, reason)
        self._put(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        event: ASGIReceiveEvent
        event = {"type": "websocket.disconnect", "code": code, "reason": reason}
        self.queue.put_nowait(event)
        self.read_paused = False
        self._set_room()
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
        """Bound what waits for the peer; read nothing until it is accepted."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(HIGH_WATER, LOW_WATER)
        self._set_option(socket.IPPROTO_TCP, "TCP_NOTSENT_LOWAT", _UNSENT)
        self.transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let everybody go on who waits for room."""
        super().connection_lost(exc)
        self._unparsed = b""
        self._set_room()

    def handle_connect(self, event: Request) -> None:
        """Show the Channel to the app."""
        super().handle_connect(event)
        if not self.handshake_complete:
            self.scope["extensions"][EXTENSION] = self  # type: ignore[assignment]

    def start_keepalive(self) -> None:
        """Begin to read: the peer was accepted."""
        self._go_on()

    def pause_writing(self) -> None:
        """Have no room, and read nothing that would have to be answered."""
        self._is_stuck = True
        if not self._is_closing():
            self.is_full = True
            self.writable.clear()
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Have room again."""
        self._is_stuck = False
        self._set_room()
        self._go_on()

    def data_received(self, data: bytes) -> None:
        """Parse what came, or begin to."""
        self._silence = 0
        if not self.handshake_initiated or len(data) <= _SLICE and not self._unparsed:
            super().data_received(data)
        else:
            self._unparsed += data
            self.transport.pause_reading()
            self._parse_slice()

    def handle_cont(self, event: Frame) -> None:
        """Keep a fragment; thousands of tiny ones become a few."""
        if len(self.frames) >= _MAX_FRAGMENTS:
            self.frames = [b"".join(self.frames)]
        super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        """Hand a message over; close where a text is none, without any traceback."""
        try:
            if self.curr_msg_data_type == "text" and not self.close_sent:
                self.frames = [b"".join(self.frames)]
                self.frames[0].decode()
        except UnicodeDecodeError:
            self.frames = []
            self.close(INVALID_TEXT, "A text message must be UTF-8")
        else:
            super().send_receive_event_to_app()

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

    async def receive(self) -> ASGIReceiveEvent:
        """Return the next event; read on when there is no other."""
        event = await self.queue.get()
        if self.queue.empty():
            self.read_paused = False
            self._go_on()
        return event

    def _is_closing(self) -> bool:
        return self.close_sent or self.disconnected or self.transport.is_closing()

    def _put(self, data: bytes) -> None:
        self._written += len(data)
        self.transport.write(data)

    def _set_room(self) -> None:
        self.is_full = False
        self.writable.set()

    def _go_on(self) -> None:
        """Parse what is left, or read more, as far as that may be."""
        if self.transport.is_closing() or not self.handshake_complete:
            return
        if self._unparsed:
            if self.queue.empty():
                self.loop.call_soon(self._parse_slice)
        elif not self._is_stuck and not self.read_paused:
            self.transport.resume_reading()

    def _parse_slice(self) -> None:
        piece, self._unparsed = self._unparsed[:_SLICE], self._unparsed[_SLICE:]
        if piece and not self.transport.is_closing():
            super().data_received(piece)
            self._go_on()

    def _end_soon(self) -> None:
        """Abort a peer that hinders the connection's end."""
        self._set_room()
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
