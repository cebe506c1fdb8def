"""Subscriptions as tests read them: what came, in short words, and where it stood."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager

from nats.aio.client import Client

from core.base import utc_now
from events.cursor import EventCursor, decode_cursor, encode_cursor
from events.heads import JobHeads, JobRows
from events.live.hub import Hub
from events.readers.feed_reader import FeedEvent, FeedItem, FeedReader
from events.readers.job_feed_reader import JobFeedReader
from events.readers.job_reader import Gap, JobItem, Snapshot
from events.recorded import Happened
from events.subjects import trailing_id
from tests.test_events.bodies import OWNER
from tests.test_events.following import follow, follow_job


@asynccontextmanager
async def running_hub(client: Client, heads: JobHeads) -> AsyncIterator[Hub]:
    """Run a gateway's hub."""
    hub = Hub(client, heads)
    await hub.start()
    async with asyncio.timeout(20):
        await hub.reach()
    yield hub
    await hub.close()


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


class Reading[Item]:
    """One subscription that is read in the background."""

    def __init__(self, following: AsyncGenerator[Item, None]) -> None:
        self.items: list[Item] = []
        self._work = asyncio.create_task(self._read(following))

    async def _read(self, following: AsyncGenerator[Item, None]) -> None:
        async with aclosing(following) as items:
            async for item in items:
                self.items.append(item)

    async def until(self, count: int, seconds: float = 20) -> None:
        """Wait for that many items, and a moment for what should not come."""
        async with asyncio.timeout(seconds):
            while len(self.items) < count and not self._work.done():
                await asyncio.sleep(0.005)
        if self._work.done():
            self._work.result()
        await asyncio.sleep(0.15)

    async def end(self, seconds: float) -> None:
        """Wait for the subscription's own end."""
        async with asyncio.timeout(seconds):
            await self._work

    @property
    def is_complete(self) -> bool:
        """True once the subscription has ended by itself."""
        return self._work.done()

    async def drop(self) -> None:
        """Break the connection."""
        self._work.cancel()
        await asyncio.gather(self._work, return_exceptions=True)


class JobReading(Reading[JobItem]):
    """One `jobEvents` subscription."""

    def __init__(
        self, hub: Hub, rows: JobRows, job_id: str, after: EventCursor | None = None
    ) -> None:
        super().__init__(follow_job(hub, rows, job_id, resumed(after)))

    @property
    def words(self) -> list[str]:
        """What came, in short."""
        return [word(item) for item in self.items]

    @property
    def cursor(self) -> EventCursor:
        """The last item's cursor."""
        return self.items[-1].cursor

    async def reaches(self, count: int, seconds: float = 20) -> list[str]:
        """Wait for that many items; return what came."""
        await self.until(count, seconds)
        return self.words

    async def completes(self, seconds: float = 20) -> list[str]:
        """Wait for the subscription's own end; return what came."""
        await self.end(seconds)
        return self.words


class FeedReading(Reading[FeedItem]):
    """One `events` subscription."""

    def __init__(self, hub: Hub, reader: FeedReader) -> None:
        super().__init__(follow(hub, reader))

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
        """Wait for that many items; return what came."""
        await self.until(count)
        return self.told


class JobFeedReading(Reading[JobItem]):
    """One `jobFeed` subscription."""

    def __init__(
        self, hub: Hub, reader: JobFeedReader, *, is_latest: bool = False
    ) -> None:
        super().__init__(follow(hub, reader, is_latest=is_latest))
        self.reader = reader

    @property
    def told(self) -> list[tuple[str, str]]:
        """What came: each item's job, and `event 3` or the like."""
        return [(item.job.id, word(item)) for item in self.items]

    async def reaches(self, count: int) -> list[tuple[str, str]]:
        """Wait for that many items; return what came."""
        await self.until(count)
        return self.told


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


def job_feed(
    hub: Hub,
    rows: JobRows,
    after: EventCursor | None = None,
    *,
    owner: str | None = OWNER,
    kinds: Sequence[str] = (),
    is_latest: bool = False,
) -> JobFeedReading:
    """Subscribe to `jobFeed`."""
    reader = JobFeedReader(hub, rows, owner, kinds, resumed(after))
    return JobFeedReading(hub, reader, is_latest=is_latest)
