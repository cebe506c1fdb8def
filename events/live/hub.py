"""The hub: what one gateway process has seen of the event log, handed to its watchers.

One tail feeds all watchers, and a ring keeps the newest events for those who lag. What
the hub must ask of PostgreSQL comes to it as a protocol, `JobHeads`.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Final

from loguru import logger
from nats.aio.client import Client

from events.cursor import Position
from events.heads import JobHead, JobHeads
from events.live.counts import HubCounts
from events.live.job_lane import JobLane
from events.live.ring import Mark, Ring
from events.live.silence import SilenceCheck
from events.live.tail import Tail
from events.live.watchers import Watcher, Watchers
from events.log import EventLog
from events.recorded import Recorded
from events.subjects import ALL_EVENTS

PASSING_SECONDS: Final = 5.0
# A request waits so long for a hub that starts; without a place it is still answered.
REACHING_SECONDS: Final = 2.0
# What a hub that starts reads back, so that clients which return find it in the ring.
PREFILLED_EVENTS: Final = 4096
# Handed out in one go; then others have the event loop.
WATCHERS_AT_ONCE: Final = 256


class Hub:
    """Follows the event log and hands every event to those who watch for it."""

    def __init__(self, client: Client, heads: JobHeads) -> None:
        self.log = EventLog(client)
        self.watchers = Watchers()
        self.ring = Ring(_loop_time)
        self.counts = HubCounts()
        self._heads = heads
        self._tail = Tail(
            client,
            self.log,
            on_start=self._prefill,
            on_event=self._dispatch,
            on_restart=self._restart,
            on_attached=self._attach,
        )
        self._silence = SilenceCheck(heads, self.log, self.watchers, self._passed)
        self._dispatched = 0
        # A tail that begins again must not overtake what is still being handed out.
        self._dispatching = asyncio.Lock()
        self._moved = asyncio.Event()
        self._attached = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def position(self) -> Position | None:
        """What the hub has seen; None until it has reached NATS for the first time."""
        return self._tail.position

    @property
    def is_following(self) -> bool:
        """True while the hub hears of the log."""
        return self.position is not None and self._tail.is_alive

    @property
    def silence(self) -> float | None:
        """Seconds since the log, or its heartbeat, was heard of; None: not yet."""
        return self._tail.silence

    @property
    def mark(self) -> Mark:
        """The place in the ring up to which all watchers have been told."""
        return Mark(self.ring.epoch, self._dispatched)

    async def reach(self) -> Position:
        """Wait until the hub follows the log; return what it has seen."""
        while self.position is None:
            await self._attached.wait()
        return self.position

    async def reach_soon(self) -> Position | None:
        """Wait a moment until the hub follows the log; None where NATS is away."""
        with suppress(TimeoutError):
            async with asyncio.timeout(REACHING_SECONDS):
                return await self.reach()
        return None

    async def start(self) -> None:
        """Begin to follow the log, in the background."""
        self._tasks = [
            asyncio.create_task(self._tail.run()),
            asyncio.create_task(self._silence.run()),
        ]

    async def close(self) -> None:
        """Stop following."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def end_of(self, job_id: str) -> AbstractContextManager[asyncio.Event]:
        """Give an event that is set when the job's terminal event comes."""
        return self._moment(job_id, lambda event: event.is_terminal)

    def news_of(self, public_id: str) -> AbstractContextManager[asyncio.Event]:
        """Give an event that is set when the next of what has this id comes."""
        return self._moment(public_id, lambda _event: True)

    async def heads(self, job_ids: Sequence[str]) -> Mapping[str, JobHead]:
        """Return where jobs stand in PostgreSQL."""
        return await self._heads.heads(job_ids)

    async def holds(self, position: Position | None) -> bool:
        """Tell whether reading on from `position` misses nothing."""
        return self.ring.covers(position) or await self.log.holds(position)

    def request_check(self, watcher: Watcher | None = None) -> None:
        """Have a watcher's jobs (None: all) compared with PostgreSQL soon."""
        self._silence.request(watcher)

    @contextmanager
    def _moment(
        self, public_id: str, is_it: Callable[[Recorded], bool]
    ) -> Iterator[asyncio.Event]:
        watcher = _MomentWatcher(is_it)
        self.watchers.watch_job(public_id, watcher)
        try:
            yield watcher.has_come
        finally:
            self.watchers.unwatch_job(public_id, watcher)

    def _attach(self) -> None:
        self.counts.attachments += 1
        self._attached.set()
        self.request_check()

    async def _prefill(self, first: int, position: Position) -> None:
        """Read back what was stored last, up to the position where the tail begins."""
        start = max(first - 1, position.sequence - PREFILLED_EVENTS, 0)
        floor = Position(position.creation, start, None)
        self.ring.reset(floor)
        async for event in self.log.replay(start):
            if event.sequence > position.sequence:
                break
            self.ring.append(event)
        if not await self.log.holds(floor):  # what was to be read is gone already
            self.ring.reset(position)
        self.ring.end = position
        self._dispatched = position.sequence

    async def _dispatch(self, event: Recorded) -> None:
        epoch, was_lane = self.ring.epoch, False
        self.ring.append(event)
        self.counts.events += 1
        async with self._dispatching:
            for place, watcher in enumerate(self.watchers.of(event)):
                if place and (place % WATCHERS_AT_ONCE == 0 or was_lane):
                    await asyncio.sleep(0)
                if self.ring.epoch != epoch:
                    return
                try:
                    watcher.on_event(event)
                except Exception:  # of one watcher; the others are to hear
                    logger.exception("a watcher failed at event {}", event.sequence)
                was_lane = isinstance(watcher, JobLane)
            if self.ring.epoch != epoch:  # while it waited for the event before
                return
            self._dispatched = event.sequence
        self._moved.set()

    def _restart(self, position: Position) -> None:
        self.counts.restarts += 1
        self.ring.reset(position)
        self._dispatched = position.sequence
        for watcher in self.watchers:
            watcher.on_restart()

    async def _passed(self, creation: int, sequence: int) -> bool:
        """Wait some seconds for the tail to reach a sequence of the same stream.

        Where it does not, what lay there may be gone: then it has passed the rest.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(PASSING_SECONDS):
                while not self._is_at(creation, sequence):
                    self._moved.clear()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(0.25):
                            await self._moved.wait()
                return True
        here = self.position
        if here is None or here.creation != creation:
            return False
        return await self.log.next(ALL_EVENTS, here.sequence) is None

    def _is_at(self, creation: int, sequence: int) -> bool:
        here = self.position
        return (
            here is not None
            and here.creation == creation
            and self._dispatched >= sequence
        )


class _MomentWatcher:
    """Waits for one event."""

    def __init__(self, is_it: Callable[[Recorded], bool]) -> None:
        self._is_it = is_it
        self.has_come = asyncio.Event()

    def on_event(self, event: Recorded) -> None:
        if self._is_it(event):
            self.has_come.set()

    def on_restart(self) -> None:
        """Wait on: what is kept comes again."""

    def on_head(self, job_id: str, head: JobHead | None) -> None:
        """Wait on."""

    def checked_jobs(self) -> Collection[str]:
        return ()


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
