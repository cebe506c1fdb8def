"""Followers as tests drive them: a client that takes one item at a time."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing
from typing import Any, Final

from events.cursor import EventCursor
from events.heads import JobRows
from events.live.hub import Hub
from events.live.job_lane import ALONE, Seat
from events.readers.follower import Follower, Reader
from events.readers.job_reader import JobItem, JobReader, read_row


class Pull[Item]:
    """A receiver with room for `room` items, which a test takes one by one."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._items: deque[Item] = deque()
        self._news = asyncio.Event()
        self._is_over = False
        self._error: Exception | None = None
        self.follower: Follower[Item] | None = None

    def send(self, item: Item) -> bool:
        if len(self._items) >= self._room:
            return False
        self._items.append(item)
        self._news.set()
        return True

    def seat(self) -> Seat:
        """Be told with the others, or, where there is room for an odd number, singly."""
        return ALONE if self._room % 2 else Seat(CROWD, self)

    def opened(self) -> None:
        """Nobody waits for it here."""

    def complete(self) -> None:
        self._is_over = True
        self._news.set()

    def fail(self, error: Exception) -> None:
        self._error = error
        self._news.set()

    async def next(self) -> Item | None:
        """Return the next item; None at the end."""
        while not self._items:
            if self._error is not None:
                raise self._error
            if self._is_over:
                return None
            self._news.clear()
            await self._news.wait()
        item = self._items.popleft()
        assert self.follower is not None
        self.follower.resume()
        return item


class Crowd:
    """The receivers that are told together."""

    def broadcast[M](self, item: Any, ports: Mapping[M, Pull[Any]]) -> Collection[M]:
        return [member for member, pull in ports.items() if not pull.send(item)]


CROWD: Final = Crowd()


class Numbered[Item](Follower[Item]):
    """A follower whose place in a set is the same in each run of a schedule."""

    __slots__ = ("_number",)
    count = 0

    def __init__(
        self, hub: Hub, reader: Reader[Item], receiver: Pull[Item], is_latest: bool
    ) -> None:
        super().__init__(hub, reader, receiver, is_latest=is_latest)
        Numbered.count += 1
        self._number = Numbered.count

    def __hash__(self) -> int:
        return self._number


async def follow[Item](
    hub: Hub, reader: Reader[Item], *, room: int = 1000, is_latest: bool = False
) -> AsyncGenerator[Item, None]:
    """Yield what a subscription's reader reads, at the pace of whoever asks."""
    pull: Pull[Item] = Pull(room)
    pull.follower = Numbered(hub, reader, pull, is_latest)
    pull.follower.start()
    try:
        while (item := await pull.next()) is not None:
            yield item
    finally:
        pull.follower.stop()


async def follow_job(
    hub: Hub,
    rows: JobRows,
    job_id: str,
    after: EventCursor | None = None,
    *,
    room: int = 1000,
    is_latest: bool = False,
) -> AsyncGenerator[JobItem, None]:
    """Yield what `jobEvents` tells."""
    row = await read_row(hub, rows, job_id)
    assert row is not None
    reader = JobReader(hub, rows, row, after)
    async with aclosing(follow(hub, reader, room=room, is_latest=is_latest)) as items:
        async for item in items:
            yield item
