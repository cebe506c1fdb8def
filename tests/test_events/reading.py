"""Subscriptions as tests read them: what came, in short words, and where it stood."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

from nats.aio.client import Client

from core.base import utc_now
from events.cursor import EventCursor, decode_cursor, encode_cursor
from events.feed_reader import FeedEvent, FeedItem, FeedReader
from events.follower import Follower, Reader
from events.heads import JobHeads, JobRows
from events.hub import Hub
from events.job_reader import Gap, JobItem, JobReader, Snapshot, read_row
from events.recorded import Happened
from events.subjects import trailing_id
from tests.test_events.bodies import Rows


@asynccontextmanager
async def running_hub(client: Client, heads: JobHeads) -> AsyncIterator[Hub]:
    """Run a gateway's hub."""
    hub = Hub(client, heads)
    await hub.start()
    async with asyncio.timeout(20):
        await hub.reach()
    yield hub
    await hub.close()


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


def word(item: JobItem) -> str:
    """Return `snapshot 3`, `event 4` or `gap 5`."""
    match item:
        case Snapshot(job=job):
            return f"snapshot {job.job_seq}"
        case Happened(job=job):
            return f"event {job.job_seq}"
        case Gap(job=job):
            return f"gap {job.job_seq}"


def resumed(cursor: EventCursor | None) -> EventCursor | None:
    """Send a cursor through its text, as a client does."""
    return decode_cursor(encode_cursor(cursor)) if cursor is not None else None


class JobReading:
    """One `jobEvents` subscription that is read in the background."""

    def __init__(
        self, hub: Hub, rows: JobRows, job_id: str, after: EventCursor | None = None
    ) -> None:
        self.items: list[JobItem] = []
        self._work = asyncio.create_task(
            self._read(follow_job(hub, rows, job_id, resumed(after)))
        )

    async def _read(self, following: AsyncGenerator[JobItem, None]) -> None:
        async with aclosing(following) as items:
            async for item in items:
                self.items.append(item)

    @property
    def words(self) -> list[str]:
        """What came, in short."""
        return [word(item) for item in self.items]

    @property
    def cursor(self) -> EventCursor:
        """The last item's cursor."""
        return self.items[-1].cursor

    async def reaches(self, count: int, seconds: float = 20) -> list[str]:
        """Wait for that many items, and a moment for what should not come."""
        async with asyncio.timeout(seconds):
            while len(self.items) < count and not self._work.done():
                await asyncio.sleep(0.005)
        if self._work.done():
            self._work.result()
        await asyncio.sleep(0.15)
        return self.words

    async def completes(self, seconds: float = 20) -> list[str]:
        """Wait for the subscription's own end."""
        async with asyncio.timeout(seconds):
            await self._work
        return self.words

    @property
    def is_complete(self) -> bool:
        """True once the subscription has ended by itself."""
        return self._work.done()

    async def drop(self) -> None:
        """Break the connection."""
        self._work.cancel()
        await asyncio.gather(self._work, return_exceptions=True)


class FeedReading:
    """One `events` subscription that is read in the background."""

    def __init__(self, hub: Hub, reader: FeedReader) -> None:
        self.items: list[FeedItem] = []
        self._work = asyncio.create_task(self._read(follow(hub, reader)))

    async def _read(self, following: AsyncGenerator[FeedItem, None]) -> None:
        async with aclosing(following) as items:
            async for item in items:
                self.items.append(item)

    @property
    def told(self) -> list[tuple[str, int] | str]:
        """What came: each event's trailing id and job_seq, or `gap`."""
        return [
            (
                (trailing_id(item.event.subject), number_of(item))
                if isinstance(item, FeedEvent)
                else "gap"
            )
            for item in self.items
        ]

    async def reaches(self, count: int) -> list[tuple[str, int] | str]:
        """Wait for that many items, and a moment for what should not come."""
        async with asyncio.timeout(20):
            while len(self.items) < count and not self._work.done():
                await asyncio.sleep(0.005)
        if self._work.done():
            self._work.result()
        await asyncio.sleep(0.15)
        return self.told

    async def drop(self) -> None:
        """Break the connection."""
        self._work.cancel()
        await asyncio.gather(self._work, return_exceptions=True)


def number_of(item: FeedEvent) -> int:
    """Return an event's job_seq, 0 where it is no job's."""
    job = item.event.body.job
    return job.job_seq if job else 0


type Seer = Callable[[str | None], bool]


def anyone(owner: str | None) -> bool:
    """See everything, as an administrator does."""
    return True


def feed(
    hub: Hub, pattern: str = ">", after: EventCursor | None = None, seer: Seer = anyone
) -> FeedReading:
    """Subscribe to `events`."""
    return FeedReading(hub, FeedReader(hub, pattern, seer, resumed(after)))


def here(hub: Hub) -> EventCursor:
    """Return the cursor of `Query.eventCursor`."""
    return EventCursor(utc_now(), hub.position)
