"""Reading all events that a subject filter covers, in stream order."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import NamedTuple

from core.base import utc_now
from events.cursor import EventCursor, Position
from events.hub import Hub
from events.log import Recorded
from events.schemas import EventBody
from events.subjects import matches, without_id


class FeedEvent(NamedTuple):
    """One event and the cursor to resume behind it."""

    event: Recorded
    cursor: EventCursor


class FeedGap(NamedTuple):
    """The position asked for does not hold; what is still kept follows."""

    cursor: EventCursor


type FeedItem = FeedEvent | FeedGap


def owner_of(body: EventBody) -> str | None:
    """Return who may see an event besides administrators."""
    if body.job:
        return body.job.owner
    return body.owner or None


def stream_filter(pattern: str) -> str:
    """Return the widest stream filter for a pattern that leaves the id off."""
    return f"events.{pattern}" if pattern.endswith(">") else f"events.{pattern}.*"


class FeedReader:
    """Reads the events below a filter that a caller may see, for one subscription."""

    def __init__(
        self, hub: Hub, pattern: str, may_see: Callable[[str | None], bool]
    ) -> None:
        self._hub = hub
        self._pattern = f"events.{pattern}"
        self._filter = stream_filter(pattern)
        self._may_see = may_see
        self._sent = 0

    async def read(self, after: EventCursor | None) -> AsyncGenerator[FeedItem, None]:
        """Yield what comes from now on, or all that came behind `after` and comes."""
        with self._hub.watch_subjects(self._pattern) as watch:
            self._sent = await self._start_of_live()
            if after is not None:
                async for item in self._resume(after):
                    yield item
            while True:
                signal = await watch.next()
                if isinstance(signal, Recorded):
                    following = self._pass_on(signal)
                elif signal is None:
                    following = self._replay(self._sent)
                else:
                    following = self._restart()
                async for item in following:
                    yield item

    async def _start_of_live(self) -> int:
        if self._hub.position is not None:
            return self._hub.position.sequence
        return (await self._hub.log.state()).last

    async def _resume(self, after: EventCursor) -> AsyncIterator[FeedItem]:
        if await self._hub.log.holds(after.position):
            assert after.position is not None
            self._sent = after.position.sequence
        else:
            self._sent = 0
            yield FeedGap(after)
        async for item in self._replay(self._sent):
            yield item

    async def _restart(self) -> AsyncIterator[FeedItem]:
        """Say that the log was cut, then give what is left of it."""
        self._sent = 0
        yield FeedGap(EventCursor(utc_now()))
        async for item in self._replay(0):
            yield item

    async def _replay(self, after: int) -> AsyncIterator[FeedItem]:
        async for event in self._hub.log.replay(after, self._filter):
            async for item in self._pass_on(event):
                yield item

    async def _pass_on(self, event: Recorded) -> AsyncIterator[FeedItem]:
        if event.sequence <= self._sent:
            return
        self._sent = event.sequence
        if not matches(self._pattern, without_id(event.subject)):
            return
        if self._may_see(owner_of(event.body)):
            yield FeedEvent(event, await self._cursor(event))

    async def _cursor(self, event: Recorded) -> EventCursor:
        position = Position(await self._hub.creation(), event.sequence, event.time)
        job = event.body.job
        if job:
            return EventCursor(event.at, position, job.id, job.job_seq)
        return EventCursor(event.at, position)
