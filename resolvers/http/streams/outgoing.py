"""What waits to be sent on one HTTP stream: bounded, and told when there is room."""

import asyncio
from typing import Final, NamedTuple, Protocol

MAX_WAITING: Final = 256
MAX_WAITING_BYTES: Final = 128 * 1024


class StreamFormat(Protocol):
    """How an operation's results are written into one response's body."""

    content_type: str
    opening: bytes
    heartbeat: bytes
    # A response of its own (204), where the operation had nothing at all to send.
    silent_end: bool

    def next(self, result: bytes, cursor: str | None) -> bytes:
        """Write one result."""

    def failed(self, errors: bytes, *, is_open: bool) -> bytes:
        """Write the errors that ended the operation, and the end."""

    def completed(self) -> bytes:
        """Write the end."""


class Part(NamedTuple):
    """A piece of the body; the last one ends it."""

    body: bytes
    is_last: bool


class Outgoing:
    """The `Sink` of one HTTP stream, from which the response takes what it sends."""

    def __init__(self, style: StreamFormat) -> None:
        self._style = style
        self._waiting: list[bytes] = []
        self._held = 0  # entries that wait or are being sent, and their bytes
        self._held_bytes = 0
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._status: int | None = None
        self._is_over = False
        self._has_left = False
        # The body is not to end as if the operation had.
        self.is_broken = False

    @property
    def is_open(self) -> bool:
        """Tell whether the operation was accepted."""
        return self._status is not None

    @property
    def is_over(self) -> bool:
        """Tell whether the operation has ended; what waits may still be sent."""
        return self._is_over

    @property
    def has_left(self) -> bool:
        """Tell whether nobody is there any more to send to."""
        return self._has_left

    def opened(self) -> None:
        """Begin the response."""
        if self._status is None:
            self._status = 200
            self._put(self._style.opening)

    def next(self, result: bytes, cursor: str | None) -> bool:
        """Send one result; False where too much waits already."""
        self.opened()
        written = self._style.next(result, cursor)
        if not self._has_room(len(written)):
            self._room.clear()
            return False
        self._put(written)
        return True

    def port(self) -> None:
        """Return none: each result is written with its cursor."""

    def error(self, errors: bytes) -> None:
        """Send what ended the operation, and the end."""
        was_open = self.is_open
        self.opened()
        self._is_over = True
        self._put(self._style.failed(errors, is_open=was_open))

    def complete(self) -> None:
        """Send the end."""
        self._is_over = True
        if self._status is None and self._style.silent_end:
            self._status = 204
            self._changed.set()
            return
        self.opened()
        self._put(self._style.completed())

    def interrupt(self) -> None:
        """Break off, so that the client comes back.

        The response begins even so: EventSource gives up behind any other answer, such
        as that of a proxy whose server says nothing.
        """
        self.is_broken = True
        self._waiting.clear()
        self.opened()
        self._changed.set()
        self._room.set()

    async def drained(self) -> None:
        """Wait until something that waited has been sent."""
        await self._room.wait()

    def beat(self) -> None:
        """Send a heartbeat where nothing waits to be sent."""
        if self._status == 200 and not self._is_over and not self._held:
            self._put(self._style.heartbeat)

    def leave(self) -> None:
        """Hear that the client has gone, or is sent away: nothing more is sent."""
        self._has_left = True
        self._waiting.clear()
        self._changed.set()
        self._room.set()

    async def status(self) -> int | None:
        """Wait for the response's status: 200 or 204; None where the client has gone."""
        while self._status is None and not self._has_left:
            await self._changed.wait()
            self._changed.clear()
        return None if self._has_left else self._status

    async def take(self) -> Part | None:
        """Wait for what is to be sent next; None where that is all, or nobody is there.

        Whoever takes has sent what it took before.
        """
        self._let_go()
        while not self._has_left:
            if self._waiting or self._is_over:
                body = b"".join(self._waiting)
                self._waiting.clear()
                return Part(body, self._is_over)
            if self.is_broken:
                return None
            self._changed.clear()
            await self._changed.wait()
        return None

    def _has_room(self, size: int) -> bool:
        """Tell whether an entry may wait: alone it always may, however large."""
        if self._held == 0 or self._has_left:
            return True
        is_few = self._held < MAX_WAITING
        return is_few and self._held_bytes + size <= MAX_WAITING_BYTES

    def _put(self, written: bytes) -> None:
        if self._has_left:
            return
        self._waiting.append(written)
        self._held += 1
        self._held_bytes += len(written)
        self._changed.set()

    def _let_go(self) -> None:
        if self._held > len(self._waiting):
            self._held = len(self._waiting)
            self._held_bytes = sum(map(len, self._waiting))
            self._room.set()
