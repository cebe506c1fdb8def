"""uvicorn's HTTP connections, less their patience with slow and greedy peers.

`uvicorn --http resolvers.http.connection:HttpConnection`. uvicorn alone waits for ever
for a peer that reads nothing, and tells no response that the server is about to stop.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from starlette.types import Scope

from resolvers.http.reading import BoundedProtocol

STALL_SECONDS: Final = 30.0
# How long what is written may still take when a connection is closed.
LAST_BYTES_SECONDS: Final = 1.0
_CHECKS_PER_STALL: Final = 6
# Closing resets the connection: what was not taken is not kept for later.
_RESET: Final = struct.pack("ii", 1, 0)
_EXTENSION: Final = "onemanage.peer"


class Peer:
    """The other end of one connection, as a response may deal with it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._at_shutdown: list[Callable[[], None]] = []
        self._is_shut_down = False
        self._is_gone = False

    def hold_nothing(self) -> None:
        """Make whoever writes wait until all that was written before has left us."""
        self._transport.set_write_buffer_limits(high=0)

    def cut(self) -> None:
        """Close in the middle of a response: the client sees that it is not whole."""
        self._transport.close()
        asyncio.get_running_loop().call_later(LAST_BYTES_SECONDS, self.abort)

    def abort(self) -> None:
        """End the connection at once, with what the kernel holds for it."""
        if self._is_gone:
            return  # its descriptor may be another's by now
        own: socket.socket = self._transport.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    def leave(self) -> None:
        """Hear that the connection has ended."""
        self._is_gone = True

    @contextmanager
    def at_shutdown(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call a function when the server begins to stop, as long as the block runs."""
        if self._is_shut_down:
            asyncio.get_running_loop().call_soon(listener)
        self._at_shutdown.append(listener)
        try:
            yield
        finally:
            self._at_shutdown.remove(listener)

    def shut_down(self) -> None:
        """Tell the listeners; see that a connection that closes does come to an end."""
        self._is_shut_down = True
        for listener in tuple(self._at_shutdown):
            listener()
        if self._transport.is_closing():
            self.cut()


class HttpConnection(BoundedProtocol):
    """A connection that is aborted when its peer takes nothing for a while."""

    stall_seconds: ClassVar[float] = STALL_SECONDS
    # How many were.
    stalled: ClassVar[int] = 0

    _peer: Peer
    _check: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._peer = Peer(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_checking()
        self._peer.leave()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_EXTENSION: {"peer": self._peer}}

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stop_checking()
        self._check_later(self.transport.get_write_buffer_size(), self.loop.time())

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_checking()

    def shutdown(self) -> None:
        super().shutdown()
        self._peer.shut_down()

    def _check_later(self, waiting: int, since: float) -> None:
        delay = self.stall_seconds / _CHECKS_PER_STALL
        self._check = self.loop.call_later(delay, self._check_taken, waiting, since)

    def _check_taken(self, before: int, since: float) -> None:
        """Abort where nothing was taken since; nothing is written meanwhile."""
        waiting, now = self.transport.get_write_buffer_size(), self.loop.time()
        if waiting < before:
            since = now
        elif now - since >= self.stall_seconds:
            HttpConnection.stalled += 1
            self._peer.abort()
            return
        self._check_later(waiting, since)

    def _stop_checking(self) -> None:
        if self._check is not None:
            self._check.cancel()
            self._check = None


def peer_of(scope: Scope) -> Peer | None:
    """Return the peer of a request; None under another server than uvicorn so set up."""
    extensions: dict[str, dict[str, Any]] = scope.get("extensions") or {}
    peer: Peer | None = extensions.get(_EXTENSION, {}).get("peer")
    return peer
