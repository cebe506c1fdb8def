"""uvicorn's HTTP connections, with bounds on what a peer sends and how long it takes.

uvicorn alone keeps a request's head whatever its size and waits for its end for ever,
makes a request of all that is pipelined, and tells none but the last of these that the
client has left.
"""

import asyncio
from http import HTTPStatus
from typing import ClassVar, Final

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from resolvers.http.pacing import Arrival, PacedFlow

# A request line with its headers, or the trailers of a body, in bytes.
MAX_HEAD_BYTES: Final = 64 * 1024
# From the connection's start, or a head's first byte, to the head's end.
HEAD_SECONDS: Final = 10.0
# The silence of a peer that owes a body; longer than the routes' own patience.
BODY_SECONDS: Final = 70.0
# Requests that wait for the one ahead of them, and their size; beyond, the peer waits.
MAX_WAITING: Final = 100
MAX_WAITING_BYTES: Final = 64 * 1024
# A peer that still sends what was refused needs time to see why.
LAST_WORD_SECONDS: Final = 1.0
# So much is parsed at once: a read of 256 KiB may be 14,000 requests.
_PIECE: Final = 4096


class BoundedProtocol(HttpToolsProtocol):
    """A connection whose peer can neither fill the memory nor stay half-way for ever."""

    head_seconds: ClassVar[float] = HEAD_SECONDS
    body_seconds: ClassVar[float] = BODY_SECONDS

    # The request that is being answered; uvicorn's `cycle` is the one that came last.
    _current: RequestResponseCycle | None = None
    _deadline: asyncio.TimerHandle | None = None
    # What has been read, but not parsed.
    _unparsed: bytes = b""
    # Bytes since the parser last had something to tell.
    _untold = 0
    _has_told = False
    _waiting_bytes = 0
    _is_in_request = False
    _is_in_body = False
    _body_size = 0
    # Nothing more is heard: the peer was refused, or speaks WebSocket now.
    _is_over = False

    # What comes

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = self._flow = PacedFlow(transport)
        self._expect_within(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_expecting()
        self._unparsed = b""
        if self._current is not None:
            self._dismiss(self._current)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, as far as that may be."""
        if self._untold or self._unparsed or self.pipeline or len(data) > _PIECE:
            self._unparsed += data
            self._parse_on()
            return
        self._parse(data)
        if self._is_in_request or self.cycle is None or self.cycle.response_complete:
            self._expect()

    def _parse_on(self) -> None:
        data, at = self._unparsed, 0
        while at < len(data) and not self._flow.is_crowded and not self._is_over:
            size = max(min(_PIECE, MAX_HEAD_BYTES - self._untold), self._body_left())
            self._parse(data[at : at + size])
            at += size
            if self._untold >= MAX_HEAD_BYTES:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        self._unparsed = b"" if self._is_over else data[at:]
        self._expect()

    def _parse(self, piece: bytes) -> None:
        if self._is_over or self.transport.is_closing():
            self._is_over = True
            return
        self._has_told = False
        super().data_received(piece)
        if not self._has_told:
            self._untold += len(piece)
        if self.pipeline:
            self._mind_waiting(len(piece))

    def _mind_waiting(self, size: int) -> None:
        """Read on where few requests wait, so as to see it when the client leaves."""
        self._waiting_bytes += size
        if (
            len(self.pipeline) >= MAX_WAITING
            or self._waiting_bytes >= MAX_WAITING_BYTES
        ):
            self._flow.pause_reading()
            self._flow.is_crowded = True
        else:
            self._flow.resume_reading()

    # What the parser tells

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_request = True

    def on_headers_complete(self) -> None:
        self._tell()
        self._is_in_body = True
        self._body_size = 0
        super().on_headers_complete()
        if not self.parser.should_upgrade():
            self.headers = []  # for trailers, which nobody is shown

    def on_body(self, body: bytes) -> None:
        self._tell()
        self._body_size += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._tell()
        self._is_in_request = self._is_in_body = False
        super().on_message_complete()

    def _tell(self) -> None:
        self._has_told = True
        if self._untold or self._deadline is not None:
            self._untold = 0
            self._stop_expecting()

    def _body_left(self) -> int:
        """Return how much of a body of known size is still to come, in bytes."""
        if self._is_in_body:
            for name, value in self.scope["headers"]:
                if name == b"content-length":
                    return int(value) - self._body_size
        return 0

    # What becomes of requests

    def _start_asgi_task(
        self, cycle: RequestResponseCycle, app: ASGI3Application
    ) -> None:
        self._current = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.pipeline or self.transport.is_closing():
            return
        self._waiting_bytes = 0
        if self._flow.is_crowded:
            self.loop.call_soon(self._make_room)
        elif self._is_in_request or self._untold:
            self._unset_keepalive_if_required()
            self._expect()

    def _make_room(self) -> None:
        """Go on with what was held back; the last that waited has its turn."""
        self._flow.is_crowded = False
        self._parse_on()
        self._flow.resume_reading()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over, unless somebody is still being answered on it."""
        self._is_over = True
        if self._is_answering():
            self.transport.close()
        else:
            super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; say so where that is no part of another answer."""
        self._refuse(HTTPStatus.BAD_REQUEST, msg)

    def shutdown(self) -> None:
        """Let the request that is being answered be the last."""
        super().shutdown()
        if self._current is not None:
            self._current.keep_alive = False

    def _is_answering(self) -> bool:
        return self._current is not None and not self._current.response_complete

    def _dismiss(self, cycle: RequestResponseCycle) -> None:
        """Tell a request's application that its client is no more."""
        if not cycle.response_complete:
            cycle.disconnected = True
        cycle.message_event.set()

    # How long it takes

    def _expect(self) -> None:
        """See that what has begun comes to its end."""
        if self._is_over or self.transport.is_closing():
            return
        cycle = self._current
        if cycle is None or cycle.response_complete:
            self._expect_next()
        elif cycle.more_body and not isinstance(cycle.message_event, Arrival):
            cycle.message_event = Arrival(cycle, self.body_seconds, self._give_up)

    def _expect_next(self) -> None:
        if self._is_in_body:
            self._expect_within(self.body_seconds)
        elif self._is_in_request or self._untold or self._current is None:
            self._expect_within(self.head_seconds)
        elif self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _expect_within(self, seconds: float) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(seconds, self._give_up)

    def _stop_expecting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        """Refuse a peer that lets us wait."""
        self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    # How it ends

    def _refuse(self, status: HTTPStatus, text: str = "") -> None:
        """Answer the request that is not whole, and end the connection."""
        self._stop_expecting()
        if self._is_over or self.transport.is_closing():
            return
        self._is_over = True
        self._unparsed = b""
        self._flow.is_crowded = False
        can_say = self._can_say()
        if self._current is not None:
            self._dismiss(self._current)
        if can_say:
            self._say(status, (text or status.phrase).encode())
        else:
            self.transport.close()

    def _can_say(self) -> bool:
        """Tell whether the peer would take what we say for what it is."""
        cycle = self._current
        if cycle is None or cycle.response_complete:
            return not self._is_in_body
        return self._is_in_body and cycle is self.cycle and not cycle.response_started

    def _say(self, status: HTTPStatus, text: bytes) -> None:
        head = (
            b"content-type: text/plain; charset=utf-8\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n" % len(text)
        )
        self._deadline = self.loop.call_later(LAST_WORD_SECONDS, self.transport.abort)
        self.transport.write(STATUS_LINE[status] + head + text)
        if self.transport.can_write_eof():  # TLS has no half-closed connections
            self.transport.write_eof()
        self._flow.resume_reading()
