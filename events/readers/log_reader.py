"""Reading many events in stream order, behind one position: what both feeds share."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator

from core.base import utc_now
from events.cursor import EventCursor, Position
from events.live.hub import Hub
from events.live.job_lane import JobLane
from events.live.ring import Mark
from events.readers.follower import HOLE, Hole
from events.recorded import Recorded
from events.subjects import ALL_EVENTS


class LogReader[Item](ABC):
    """Reads on behind `after` or, without one, from now on; it never ends by itself."""

    log_filter = ALL_EVENTS

    def __init__(self, hub: Hub, after: EventCursor | None) -> None:
        self._hub = hub
        self._after = after
        self._cursor = after or EventCursor(utc_now())
        self._position: Position | None = None
        # Read farther in the log than the hub has: it may come to follow another line.
        self._is_ahead = False
        self.mark = hub.mark
        self.is_over = False

    @abstractmethod
    def wants(self, event: Recorded) -> bool:
        """Tell whether an event is to be shown, by its subject and owner."""

    @abstractmethod
    def show(self, event: Recorded) -> Item | Hole:
        """Return an event as an item, or that something of its job is missing."""

    @abstractmethod
    def gap(self) -> AsyncIterator[Item]:
        """Yield what tells that the place which was read to holds no more.

        It sets `_position` to where reading goes on.
        """

    @abstractmethod
    def hole(self, event: Recorded) -> AsyncIterator[Item]:
        """Yield what tells that events before this one are lost."""

    def lane(self) -> None:
        """Have none: feeds of the same events are few."""

    def step_to(self, lane: JobLane) -> None:
        """Have none."""

    async def open(self) -> AsyncGenerator[Item, None]:
        """Yield what the log holds behind the cursor."""
        here = await self._hub.reach()
        self.mark = self._hub.mark
        if self._after is None:
            self._cursor = EventCursor(utc_now(), here)
            self._position = here
            return
        self._position = self._after.position
        if self._hub.ring.covers(self._position):
            self._hub.counts.ring_replays += 1
            self.mark = Mark(self._hub.ring.epoch, self._sent)
            return
        async for item in self._catch_up():
            yield item

    def take(self, event: Recorded) -> Item | Hole | None:
        """Step behind the next event."""
        if self._is_behind(event):
            return None
        if self._is_ahead and self._has_parted():
            return HOLE
        if not self.wants(event):
            self._position = event.position
            return None
        item = self.show(event)
        if item is not HOLE:
            self._position, self._cursor = event.position, event.cursor
        return item

    def next_kept(self, sequence: int) -> Recorded | None:
        """Return the next event in the ring that is to be shown."""
        return self._hub.ring.next_that(self.wants, sequence)

    async def recover(self) -> AsyncGenerator[Item, None]:
        """Read on from the log itself, up to its present end."""
        async for item in self._catch_up():
            yield item

    async def restarted(self) -> AsyncGenerator[Item, None]:
        """Read on, as the place may hold: the reader may know the new log already."""
        async for item in self._catch_up():
            yield item

    async def _catch_up(self) -> AsyncIterator[Item]:
        """Read what lies behind the last event; tell a gap where that place is gone.

        A batch is believed if the place still holds when it has been read: else it
        may be of another log, or events before it may have expired meanwhile.
        """
        self._hub.counts.log_replays += 1
        while True:
            self._is_ahead = False
            self.mark = self._hub.mark  # before the reading: early, never late
            if not await self._hub.log.holds(self._position):
                async for item in self.gap():
                    yield item
            async for batch in self._hub.log.batches(self._sent, self.log_filter):
                if not await self._hub.log.holds(self._position):
                    break
                for event in batch:
                    async for item in self._pass_on(event):
                        yield item
            if await self._hub.log.holds(self._position):  # that was its end, too
                self._is_ahead = self._sent > self._hub.mark.sequence
                return

    async def _pass_on(self, event: Recorded) -> AsyncIterator[Item]:
        item = self.take(event)
        if isinstance(item, Hole):
            async for told in self.hole(event):
                yield told
        elif item is not None:
            yield item

    def _is_behind(self, event: Recorded) -> bool:
        """Tell whether an event was read, or is of a log that the hub still follows."""
        position = self._position
        return position is not None and (
            event.creation != position.creation or event.sequence <= position.sequence
        )

    def _has_parted(self) -> bool:
        """Tell whether the hub has come another way to where the reader was first."""
        self._is_ahead = False
        return not self._hub.ring.covers(self._position)

    @property
    def _sent(self) -> int:
        return self._position.sequence if self._position is not None else 0
