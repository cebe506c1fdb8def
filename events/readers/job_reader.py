"""Reading one job: a snapshot, then every event once, in order, or a gap that is told.

The rules are docs/contract/event-log.md's "Reading"; `b` there is `_seen` here.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Collection
from datetime import datetime
from typing import NamedTuple

from core.base import utc_now
from core.errors import AppError, ErrorCode
from events.cursor import EventCursor, Position
from events.heads import JobHead, JobRows
from events.live.hub import Hub
from events.live.job_lane import JobLane
from events.live.ring import Mark
from events.live.watchers import Watchers
from events.readers.follower import HOLE, Follower, Hole
from events.readers.job_place import seen_behind
from events.recorded import Happened, Recorded
from events.schemas import JobBody
from events.subjects import job_filter


class Snapshot(NamedTuple):
    """The job as its row stands."""

    job: JobBody
    cursor: EventCursor
    at: datetime


class Gap(NamedTuple):
    """Events are missing; a snapshot follows. `cursor` is the one the reader had."""

    job: JobBody
    cursor: EventCursor
    at: datetime


type JobItem = Snapshot | Happened | Gap


class Row(NamedTuple):
    """A job's row, and what the hub had seen before it was read: early, never late."""

    job: JobBody
    position: Position | None
    mark: Mark


async def read_row(hub: Hub, rows: JobRows, job_id: str) -> Row | None:
    """Read where a job stands; None where it is not there."""
    position, mark = hub.position, hub.mark
    job = await rows.body(job_id)
    return Row(job, position, mark) if job is not None else None


class JobReader:
    """Reads one job for one subscription, from `after` or, without one, from its row."""

    def __init__(
        self, hub: Hub, rows: JobRows, row: Row, after: EventCursor | None = None
    ) -> None:
        self._hub = hub
        self._rows = rows
        self._row = row
        self._after = after
        self._job_id = row.job.id
        self._seen = 0
        self._cursor = after or EventCursor(utc_now())
        self.mark = row.mark
        self.is_over = False

    def watch(self, watchers: Watchers, follower: Follower[JobItem]) -> None:
        """Register for the job's events."""
        watchers.watch_job(self._job_id, follower)

    def unwatch(self, watchers: Watchers, follower: Follower[JobItem]) -> None:
        """End it."""
        watchers.unwatch_job(self._job_id, follower)

    def checked_jobs(self) -> Collection[str]:
        """Return the job: its silence is checked."""
        return (self._job_id,)

    def lane(self) -> tuple[str, JobLane]:
        """Return the job, and an empty lane that stands here."""
        return self._job_id, JobLane(self._seen, self._cursor)

    def step_to(self, lane: JobLane) -> None:
        """Stand where a lane does, where it has told something since."""
        if lane.seen > self._seen:
            self._seen, self._cursor = lane.seen, lane.cursor
            self.is_over = lane.is_over

    async def open(self) -> AsyncGenerator[JobItem, None]:
        """Yield a snapshot, or what lies behind the cursor."""
        opening = self._snapshot(self._row) if self._after is None else self._resume()
        async for item in opening:
            yield item

    def take(self, event: Recorded) -> JobItem | Hole | None:
        """Step behind the next event, drop what was sent, notice a hole.

        One that cannot be read has no number: the one after it tells the gap.
        """
        number = event.job_seq
        if number != self._seen + 1:
            return None if number <= self._seen else HOLE
        self._seen = number
        self._cursor = event.cursor
        self.is_over = event.is_terminal
        return event.happened

    def next_kept(self, sequence: int) -> Recorded | None:
        """Return the job's next event in the ring."""
        return self._hub.ring.next_of(self._job_id, sequence)

    async def recover(self) -> AsyncGenerator[JobItem, None]:
        """Read on from the log itself: a hole in what the hub told is proven there."""
        async for item in self._replay():
            yield item

    def restarted(self) -> None:
        """Read on: the numbers tell what is missing."""

    def agrees(self, job_id: str, head: JobHead | None) -> bool:
        """Tell whether all was sent that must have been, and nothing else."""
        return head is not None and head.published <= self._seen <= head.job_seq

    async def compare(
        self, job_id: str, head: JobHead | None
    ) -> AsyncGenerator[JobItem, None]:
        """Read again what PostgreSQL says is there; tell a gap where it is not.

        AppError NOT_FOUND where the job is no more.
        """
        if head is None:
            raise AppError(ErrorCode.NOT_FOUND, "This job is no more.")
        if self._seen < head.published:
            async for item in self._replay():
                yield item
        if self.is_over or not await self._is_astray(head):
            return
        async for item in self._gap():
            yield item

    async def _snapshot(self, row: Row) -> AsyncIterator[JobItem]:
        now = utc_now()
        self._seen = row.job.job_seq
        self._cursor = EventCursor(now, row.position, row.job.id, row.job.job_seq)
        self.mark = row.mark
        self.is_over = row.job.finished_at is not None
        yield Snapshot(row.job, self._cursor, now)

    async def _gap(self) -> AsyncIterator[JobItem]:
        row = await read_row(self._hub, self._rows, self._job_id)
        if row is None:
            raise AppError(ErrorCode.NOT_FOUND, "This job is no more.")
        self._hub.counts.gaps += 1
        yield Gap(row.job, self._cursor, utc_now())
        row = await read_row(self._hub, self._rows, self._job_id) or row
        async for item in self._snapshot(row):
            yield item

    async def _resume(self) -> AsyncIterator[JobItem]:
        """Go on behind a cursor: this job's own, or any other place in the log."""
        after = self._cursor
        seen = after.job_seq if after.job_id == self._job_id else None
        if seen is None:
            seen = await seen_behind(self._hub, self._job_id, after.position)
        if seen is None:
            async for item in self._gap():
                yield item
            return
        self._seen = seen
        job = self._row.job
        if job.finished_at is not None and job.job_seq == seen:
            self.is_over = True
            return
        if self._hub.ring.covers(after.position):
            assert after.position is not None
            self.mark = Mark(self._hub.ring.epoch, after.position.sequence)
            self._hub.counts.ring_replays += 1
            return
        async for item in self._replay():
            yield item

    async def _replay(self, *, again: bool = False) -> AsyncIterator[JobItem]:
        """Read from the log what lies behind the cursor's position, to its present end.

        A hole is believed when it is there again: the stream may have been replaced
        by another in the middle of the reading.
        """
        self._hub.counts.log_replays += 1
        self.mark = self._hub.mark  # before the reading: early, never late
        start = await self._start_of_replay()
        async for event in self._hub.log.replay(start, job_filter(self._job_id)):
            item = self.take(event)
            if isinstance(item, Hole):
                async for told in self._gap() if again else self._replay(again=True):
                    yield told
                return
            if item is not None:
                yield item
            if self.is_over:
                return

    async def _start_of_replay(self) -> int:
        """Return the sequence to read behind: 0 where the cursor's place holds no more."""
        position = self._cursor.position
        if position is None or not await self._hub.log.holds(position):
            return 0
        return position.sequence

    async def _is_astray(self, head: JobHead) -> bool:
        """Tell whether events are lost, or were seen that PostgreSQL knows nothing of."""
        if self._seen < head.published:
            return True
        if self._seen <= head.job_seq:
            return False
        job = await self._rows.body(self._job_id)  # `head` may be older than an event
        return job is not None and job.job_seq < self._seen
