"""One WebSocket, as a connection writes to it: over uvicorn, and over any other server."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any, Final, Protocol

from starlette.types import Send

# What waits for a peer at most before it is offered nothing more, and how little must
# be left until it is again, in bytes.
HIGH_WATER: Final = 64 * 1024
LOW_WATER: Final = 16 * 1024


class Channel(Protocol):
    """Takes text messages, as UTF-8. Nothing but `drained` waits."""

    is_full: bool

    def offer(self, head: bytes, payload: bytes) -> bool:
        """Send `head`, `payload` and a brace where there is room; False: sent nothing.

        A channel that is closed has room for everything, and drops it. Nobody is called
        back from here.
        """

    def write(self, message: bytes) -> None:
        """Send a message, whether there is room or not."""

    def close(self, code: int, reason: str) -> None:
        """Say goodbye; what comes later is dropped. A reason has 123 bytes at most."""

    def progress(self) -> tuple[int, int]:
        """Return how many bytes wait for the peer, and how many it took so far."""

    def keep_alive(self) -> None:
        """Hear, once a second, that a peer that is silent may be asked, or given up."""

    async def drained(self) -> None:
        """Wait for room, or for the end."""

    def end(self) -> None:
        """Let go of everything; the peer has left."""


class PlainChannel:
    """A channel over any ASGI server: one task for each, and a bounded queue.

    All works but one thing: ASGI has no way to abort a peer that takes nothing. What
    waits for it is dropped, and when its socket goes is up to the server.
    """

    def __init__(self, send: Send) -> None:
        self.is_full = False
        self._send = send
        self._queue: deque[tuple[int, dict[str, Any]]] = deque()
        self._waiting = 0
        self._taken = 0
        self._is_closed = False
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._task = asyncio.create_task(self._deliver())

    def offer(self, head: bytes, payload: bytes) -> bool:
        """Send a message in three pieces where there is room."""
        if self.is_full:
            return False
        self.write(b"%b%b}" % (head, payload))
        return True

    def write(self, message: bytes) -> None:
        """Send a message."""
        text = {"type": "websocket.send", "text": message.decode()}
        self._put(len(message), text)
        if self._waiting > HIGH_WATER and not self._is_closed:
            self.is_full = True
            self._room.clear()

    def close(self, code: int, reason: str) -> None:
        """Say goodbye behind all that waits."""
        self._put(0, {"type": "websocket.close", "code": code, "reason": reason})
        self._set_closed()

    def progress(self) -> tuple[int, int]:
        """Return how many bytes wait, and how many the server took."""
        return self._waiting, self._taken

    def keep_alive(self) -> None:
        """Leave it to the server, which has its own pings."""

    async def drained(self) -> None:
        """Wait for room."""
        if self.is_full:
            await self._room.wait()

    def end(self) -> None:
        """Stop sending."""
        self._set_closed()
        self._task.cancel()

    def _put(self, size: int, message: dict[str, Any]) -> None:
        if not self._is_closed:
            self._queue.append((size, message))
            self._waiting += size
            self._filled.set()

    def _set_closed(self) -> None:
        self._is_closed, self.is_full = True, False
        self._room.set()

    async def _deliver(self) -> None:
        # Servers raise either for a peer that has gone.
        with suppress(OSError, RuntimeError):
            while not (self._is_closed and not self._queue):
                await self._filled.wait()
                while self._queue:
                    await self._deliver_one(*self._queue.popleft())
                self._filled.clear()
        self._set_closed()

    async def _deliver_one(self, size: int, message: dict[str, Any]) -> None:
        await self._send(message)
        self._waiting -= size
        self._taken += size
        if self.is_full and self._waiting <= LOW_WATER:
            self.is_full = False
            self._room.set()
