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
        self._position: Position | None = None
        self._cursor = EventCursor(utc_now())

    async def read(self, after: EventCursor | None) -> AsyncGenerator[FeedItem, None]:
        """Yield what comes from now on, or all that came behind `after` and comes."""
        with self._hub.watch_subjects(self._pattern) as watch:
            here = await self._hub.reach()
            self._cursor = EventCursor(utc_now(), here) if after is None else after
            self._position = self._cursor.position
            if after is not None:
                async for item in self._catch_up():
                    yield item
            while True:
                signal = await watch.next()
                if isinstance(signal, Recorded):
                    following = self._pass_on(signal, await self._hub.creation())
                else:
                    following = self._catch_up(is_cut=signal is not None)
                async for item in following:
                    yield item

    async def _catch_up(self, *, is_cut: bool = False) -> AsyncIterator[FeedItem]:
        """Read from the log what lies behind the last event, up to its present end.

        Where that place holds no more, or the hub says that the log was cut, a gap is
        told first; its cursor is the one that the client had.
        """
        if not await self._hub.log.holds(self._position):
            self._position, is_cut = None, True
        if is_cut:
            yield FeedGap(self._cursor)
        # Of the stream that is read now; should it be replaced, its places hold no more.
        creation = await self._creation()
        async for event in self._hub.log.replay(self._sent, self._filter):
            if self._position is not None and await self._is_behind_cut(event):
                yield FeedGap(self._cursor)
            async for item in self._pass_on(event, creation):
                yield item

    async def _creation(self) -> int:
        if self._position is not None:
            return self._position.creation
        return (await self._hub.log.state()).creation

    async def _is_behind_cut(self, event: Recorded) -> bool:
        """Tell whether the log lost its beginning, up to `event`, while it was read."""
        if event.sequence == self._sent + 1:
            return False
        return (await self._hub.log.state()).first > self._sent + 1

    @property
    def _sent(self) -> int:
        return self._position.sequence if self._position is not None else 0

    async def _pass_on(self, event: Recorded, creation: int) -> AsyncIterator[FeedItem]:
        if event.sequence <= self._sent:
            return
        self._position = Position(creation, event.sequence, event.time)
        if not matches(self._pattern, without_id(event.subject)):
            return
        if event.is_readable and self._may_see(owner_of(event.body)):
            self._cursor = _cursor_at(event, self._position)
            yield FeedEvent(event, self._cursor)


def _cursor_at(event: Recorded, position: Position) -> EventCursor:
    job = event.body.job
    if job:
        return EventCursor(event.at, position, job.id, job.job_seq)
    return EventCursor(event.at, position)
