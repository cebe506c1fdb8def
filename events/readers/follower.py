"""Following the log for one subscription, without a task while it keeps up.

Live events are handed on as the hub tells them. A receiver that has no room is served
from the hub's ring when it has, at its own pace, and from the log where the ring has
moved on: what is kept for one subscription is a place, and at most one item.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from enum import Enum
from typing import Final, Protocol

from events.heads import JobHead
from events.live.hub import Hub
from events.live.job_lane import JobLane, Seat
from events.live.ring import Mark
from events.live.watchers import Watchers
from events.recorded import Recorded


class Hole(Enum):
    """An event that cannot be next: something before it is missing."""

    HOLE = "hole"


HOLE: Final = Hole.HOLE


class Receiver[Item](Protocol):
    """Where items go. Nothing here may wait."""

    def send(self, item: Item) -> bool:
        """Take an item, or say that it must wait; then `resume` is called later."""

    def seat(self) -> Seat:
        """Return where it is reached together with others, as long as it keeps up."""

    def opened(self) -> None:
        """Hear that what the reader found at first is on its way."""

    def complete(self) -> None:
        """Hear that nothing more comes."""

    def fail(self, error: Exception) -> None:
        """Hear what ended it."""


class Reader[Item](Protocol):
    """What one subscription reads, and where it stands; see JobReader."""

    mark: Mark
    is_over: bool

    def watch(self, watchers: Watchers, follower: "Follower[Item]") -> None:
        """Register for what is to be read."""

    def unwatch(self, watchers: Watchers, follower: "Follower[Item]") -> None:
        """End it."""

    def open(self) -> AsyncGenerator[Item, None]:
        """Yield what comes before the live events; set `mark` to where they begin."""

    def take(self, event: Recorded) -> Item | Hole | None:
        """Step behind a live event; None where it is not for this reader."""

    def next_kept(self, sequence: int) -> Recorded | None:
        """Return the ring's next event behind a sequence that may be for this reader."""

    def recover(self) -> AsyncGenerator[Item, None]:
        """Read on from the log itself, up to its present end; set `mark`."""

    def restarted(self) -> AsyncGenerator[Item, None] | None:
        """Return what a new log has to tell; None where reading on is enough."""

    def compare(self, job_id: str, head: JobHead | None) -> AsyncGenerator[Item, None]:
        """Hold what was read against PostgreSQL, which says otherwise."""

    def agrees(self, job_id: str, head: JobHead | None) -> bool:
        """Tell whether PostgreSQL says what was read."""

    def checked_jobs(self) -> Collection[str]:
        """Return the jobs whose silence is to be checked."""

    def lane(self) -> tuple[str, JobLane] | None:
        """Return its job and an empty lane that stands where it does, where it has one."""

    def step_to(self, lane: JobLane) -> None:
        """Stand where a lane does."""


class Follower[Item]:
    """Moves one reader's items to one receiver, in order."""

    __slots__ = (
        "_heads",
        "_held",
        "_hub",
        "_is_closed",
        "_is_live",
        "_is_latest",
        "_lane",
        "_reader",
        "_receiver",
        "_room",
        "_task",
        "__weakref__",
    )

    def __init__(
        self,
        hub: Hub,
        reader: Reader[Item],
        receiver: Receiver[Item],
        *,
        is_latest: bool = False,
    ) -> None:
        self._hub = hub
        self._reader = reader
        self._receiver = receiver
        # Leaves out progress where a later event of the same job is waiting already.
        self._is_latest = is_latest
        self._is_live = False
        self._is_closed = False
        self._lane: tuple[str, JobLane] | None = None
        self._held: tuple[Recorded, Item] | None = None
        self._heads: dict[str, JobHead | None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_live(self) -> bool:
        """True while events are handed on as they come; else it catches up."""
        return self._is_live

    def start(self) -> None:
        """Begin with the reader's opening."""
        self._reader.watch(self._hub.watchers, self)
        self._begin(self._opening())

    def stop(self) -> None:
        """Leave, without a word to the receiver."""
        if self._is_closed:
            return
        self.leave_lane()
        self._is_closed, self._is_live, self._held = True, False, None
        self._reader.unwatch(self._hub.watchers, self)
        if self._task is not None:
            self._task.cancel()

    def resume(self) -> None:
        """Go on: the receiver may have room again."""
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        elif self._task is None and not self._is_closed and not self._is_live:
            self._pump_safely()

    def on_event(self, event: Recorded) -> None:
        """Hand on a live event; one that lags finds it in the ring.

        All deliveries pass here: it calls as little as can be.
        """
        if not self._is_live:
            return
        try:
            item = self._reader.take(event)
            if item is None:
                return
            if item is HOLE or self._is_latest or not self._receiver.send(item):
                self._pass_on(event, item)
            if self._reader.is_over:
                self._pump_safely()
            else:
                self._join_lane()
        except Exception as error:
            self.fail(error)

    def on_restart(self) -> None:
        """Begin with what the new log holds."""
        self.leave_lane()
        if self._is_live:
            self._is_live = False
            self._pump_safely()

    def on_head(self, job_id: str, head: JobHead | None) -> None:
        """Hold what was sent against PostgreSQL; silence may hide a loss."""
        if not self._is_live:
            self._heads = {**(self._heads or {}), job_id: head}
            return
        if self._lane is not None:
            self._reader.step_to(self._lane[1])
        if not self._reader.agrees(job_id, head):
            self._detach()
            self._begin(self._reader.compare(job_id, head))

    def checked_jobs(self) -> Collection[str]:
        """Return the jobs whose silence is to be checked."""
        return self._reader.checked_jobs()

    def leave_lane(self) -> None:
        """Go on for itself, where its lane stands."""
        if self._lane is not None:
            job_id, lane = self._lane
            self._lane = None
            self._reader.step_to(lane)
            self._hub.watchers.leave_lane(job_id, self, lane)

    def lag(self, event: Recorded, item: Item) -> None:
        """Keep an item of the lane's for which there was no room."""
        self.leave_lane()
        self._hold(event, item)

    def end_with_lane(self) -> None:
        """Hear that the job's last event was sent."""
        self.leave_lane()
        self._pump_safely()

    def fail(self, error: Exception) -> None:
        """End with an error."""
        if not self._is_closed:
            self._task = None
            self.stop()
            self._receiver.fail(error)

    async def _opening(self) -> AsyncGenerator[Item, None]:
        async with aclosing(self._reader.open()) as items:
            async for item in items:
                yield item
        if not self._reader.is_over:
            self._receiver.opened()
            self._hub.request_check(self)

    def _detach(self) -> None:
        """Leave the live events; the mark remembers what has been told."""
        self.leave_lane()
        self._is_live = False
        self._reader.mark = self._hub.mark

    def _begin(self, items: AsyncGenerator[Item, None]) -> None:
        self._task = asyncio.create_task(self._move(items))

    async def _move(self, items: AsyncGenerator[Item, None]) -> None:
        """Move what takes time to read, at the receiver's pace; then from the ring."""
        try:
            async with aclosing(items):
                async for item in items:
                    while not self._is_closed and not self._receiver.send(item):
                        self._room = asyncio.get_running_loop().create_future()
                        await self._room
                    if self._is_closed:
                        return
        except Exception as error:
            self.fail(error)
        else:
            self._task = None
            self._pump_safely()
        finally:
            self._room = None

    def _pump_safely(self) -> None:
        try:
            self._pump()
        except Exception as error:
            self.fail(error)

    def _pump(self) -> None:
        """Send from the ring until the receiver is full or the reader is live."""
        reader, ring = self._reader, self._hub.ring
        if not self._send_held():
            return
        while not reader.is_over:
            if self._is_closed:
                return
            if reader.mark.epoch != ring.epoch:
                reader.mark = ring.bottom
                if told := reader.restarted():
                    self._begin(told)
                    return
                self._hub.request_check(self)
            if not ring.reaches(reader.mark):
                self._begin(reader.recover())
                return
            event = reader.next_kept(reader.mark.sequence)
            if event is None:
                self._go_live()
                return
            reader.mark = Mark(ring.epoch, event.sequence)
            if not self._pass_on(event, reader.take(event)):
                return
        self._finish()

    def _send_held(self) -> bool:
        if self._held is not None:
            event, item = self._held
            is_stale = self._is_latest and self._is_stale(event)
            if not is_stale and not self._receiver.send(item):
                return False
            self._held = None
        return True

    def _is_stale(self, event: Recorded) -> bool:
        newest = self._hub.ring.newest_of(event.trailing_id)
        return event.is_progress and newest > event.sequence

    def _go_live(self) -> None:
        self._is_live = not self._is_closed
        while self._is_live and self._heads:
            self.on_head(*self._heads.popitem())
        self._join_lane()

    def _join_lane(self) -> None:
        own = self._reader.lane() if self._is_live and not self._is_latest else None
        if own is not None and self._lane is None:
            job_id, empty = own
            send, seat = self._receiver.send, self._receiver.seat()
            lane = self._hub.watchers.join_lane(job_id, self, send, seat, empty)
            self._lane = (job_id, lane) if lane is not None else None

    def _pass_on(self, event: Recorded, item: Item | Hole | None) -> bool:
        """Send an event's item; False where that must wait."""
        if item is None:
            return True
        if isinstance(item, Hole):
            self._is_live = False
            self._begin(self._reader.recover())
            return False
        if (self._is_latest and self._is_stale(event)) or self._receiver.send(item):
            return True
        self._hold(event, item)
        return False

    def _hold(self, event: Recorded, item: Item) -> None:
        self._is_live = False
        self._held = event, item
        self._reader.mark = Mark(self._hub.ring.epoch, event.sequence)

    def _finish(self) -> None:
        if not self._is_closed:
            self.stop()
            self._receiver.complete()
