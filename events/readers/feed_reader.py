"""Reading all events that a subject filter covers, in stream order."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from typing import NamedTuple

from events.cursor import EventCursor, Position
from events.heads import JobHead
from events.live.hub import Hub
from events.live.watchers import Watchers
from events.readers.follower import Follower
from events.readers.log_reader import LogReader
from events.recorded import Recorded
from events.schemas import EventBody
from events.subjects import matches


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


class FeedReader(LogReader[FeedItem]):
    """Reads the events below a filter that a caller may see, for one subscription."""

    def __init__(
        self,
        hub: Hub,
        pattern: str,
        may_see: Callable[[str | None], bool],
        after: EventCursor | None = None,
    ) -> None:
        super().__init__(hub, after)
        self.log_filter = stream_filter(pattern)
        self._pattern = f"events.{pattern}"
        self._may_see = may_see

    def watch(self, watchers: Watchers, follower: Follower[FeedItem]) -> None:
        """Register for the filter."""
        watchers.watch_subjects(self._pattern, follower)

    def unwatch(self, watchers: Watchers, follower: Follower[FeedItem]) -> None:
        """End it."""
        watchers.unwatch_subjects(self._pattern, follower)

    def wants(self, event: Recorded) -> bool:
        """Tell whether the filter covers an event that the caller may see."""
        return (
            matches(self._pattern, event.bare_subject)
            and event.is_readable
            and self._may_see(owner_of(event.body))
        )

    def show(self, event: Recorded) -> FeedItem:
        """Return the event and its cursor."""
        return FeedEvent(event, event.cursor)

    async def gap(self) -> AsyncIterator[FeedItem]:
        """Tell the gap; all that is kept follows.

        None where the client's own place holds: what was passed over since is nobody's.
        """
        if await self._hub.log.holds(self._cursor.position):
            self._position = self._cursor.position
            return
        state = await self._hub.log.state()
        self._position = Position(state.creation, max(state.first - 1, 0), None)
        self._hub.counts.gaps += 1
        yield FeedGap(self._cursor)

    async def hole(self, event: Recorded) -> AsyncIterator[FeedItem]:
        """Tell nothing: events of any kind are not numbered."""
        nothing: tuple[FeedItem, ...] = ()
        for item in nothing:
            yield item

    def checked_jobs(self) -> Collection[str]:
        """Return none: jobs' numbers are not followed here."""
        return ()

    def agrees(self, job_id: str, head: JobHead | None) -> bool:
        """Agree: nothing was asked."""
        return True

    async def compare(
        self, job_id: str, head: JobHead | None
    ) -> AsyncGenerator[FeedItem, None]:
        """Tell nothing."""
        async for item in self.recover():
            yield item
