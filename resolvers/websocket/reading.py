"""uvicorn's WebSockets, read at the pace at which the app and the peer take part."""

from asyncio.transports import BaseTransport
from typing import Any, Final

from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import (
    WebSocketsSansIOProtocol,
)
from websockets.frames import Frame

INVALID_TEXT: Final = 1007
# So much of what came at once is parsed at once, in bytes: 256 KiB of small frames
# would hold everybody else up, and be objects of some MiB.
_SLICE: Final = 16 * 1024
_MAX_FRAGMENTS: Final = 256


class PacedProtocol(WebSocketsSansIOProtocol):
    """Reads nothing from a peer that does not read, nor more than is being handled."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._is_stuck = False
        self._unparsed = b""

    def close(self, code: int, reason: str) -> None:
        """End the connection."""
        raise NotImplementedError

    def connection_made(self, transport: BaseTransport) -> None:
        """Read nothing until the peer is accepted."""
        super().connection_made(transport)
        self.transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was not parsed."""
        super().connection_lost(exc)
        self._unparsed = b""

    def start_keepalive(self) -> None:
        """Begin to read: the peer was accepted."""
        self._go_on()

    def pause_writing(self) -> None:
        """Read nothing that would have to be answered."""
        self._is_stuck = True
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        self._is_stuck = False
        self._go_on()

    def data_received(self, data: bytes) -> None:
        """Parse what came, or begin to."""
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

    async def receive(self) -> ASGIReceiveEvent:
        """Return the next event; read on when there is no other."""
        event = await self.queue.get()
        if self.queue.empty():
            self.read_paused = False
            self._go_on()
        return event

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
