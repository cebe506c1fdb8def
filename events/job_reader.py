"""Reading one job: a snapshot, then every event once, in order, or a gap that is told.

The rules are docs/contract/event-log.md's "Reading"; `b` there is `_seen` here.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from datetime import datetime
from typing import NamedTuple, Protocol

from core.base import utc_now
from events.cursor import EventCursor, Position
from events.hub import Hub, JobHead, Watch, is_terminal
from events.log import Recorded
from events.schemas import JobBody
from events.subjects import job_filter


class Snapshot(NamedTuple):
    """The job as its row stands."""

    job: JobBody
    cursor: EventCursor
    at: datetime


class Happened(NamedTuple):
    """One recorded event of the job."""

    event: Recorded
    job: JobBody
    cursor: EventCursor


class Gap(NamedTuple):
    """Events are missing; a snapshot follows. `cursor` is the one the reader had."""

    job: JobBody
    cursor: EventCursor
    at: datetime


type JobItem = Snapshot | Happened | Gap


class JobRows(Protocol):
    """A job's row, as the reader needs it."""

    async def body(self, job_id: str) -> JobBody | None:
        """Return the row as an event would carry it; None where it is not there."""


def event_cursor(event: Recorded, job: JobBody, creation: int) -> EventCursor:
    """Return the cursor to resume behind an event of a job."""
    position = Position(creation, event.sequence, event.time)
    return EventCursor(event.at, position, job.id, job.job_seq)


class JobReader:
    """Reads one job for one subscription."""

    def __init__(self, hub: Hub, rows: JobRows, job_id: str) -> None:
        self._hub = hub
        self._rows = rows
        self._job_id = job_id
        self._filter = job_filter(job_id)
        self._seen = 0
        self._cursor = EventCursor(utc_now())
        self._ended = False

    async def read(self, after: EventCursor | None) -> AsyncGenerator[JobItem, None]:
        """Yield from `after` (None: a snapshot first) to the job's terminal event."""
        with self._hub.watch_job(self._job_id) as watch:
            if after is None:
                opening = self._snapshot()
            else:
                opening = self._resume(after)
            async for item in opening:
                yield item
            self._hub.request_check()
            while not self._ended:
                async for item in self._live(watch):
                    yield item

    async def _snapshot(self) -> AsyncIterator[JobItem]:
        """Yield the row; the position is from before it was read: early, never late."""
        position = self._hub.position
        job = await self._rows.body(self._job_id)
        if job is None:
            self._ended = True
            return
        now = utc_now()
        self._seen = job.job_seq
        self._cursor = EventCursor(now, position, job.id, job.job_seq)
        self._ended = job.finished_at is not None
        yield Snapshot(job, self._cursor, now)

    async def _gap(self) -> AsyncIterator[JobItem]:
        job = await self._rows.body(self._job_id)
        if job is not None:
            yield Gap(job, self._cursor, utc_now())
        async for item in self._snapshot():
            yield item

    async def _resume(self, after: EventCursor) -> AsyncIterator[JobItem]:
        """Go on behind a cursor: this job's own, or any other place in the log."""
        self._cursor = after
        holds = await self._hub.log.holds(after.position)
        seen = after.job_seq if after.job_id == self._job_id else None
        if seen is None and holds and after.position is not None:
            seen = await self._seen_at(after.position.sequence)
            if not await self._hub.log.holds(after.position):
                seen = None  # it was asked of another stream meanwhile
        if seen is None:
            async for item in self._gap():
                yield item
            return
        self._seen = seen
        job = await self._rows.body(self._job_id)
        if job is None or (job.finished_at is not None and job.job_seq == seen):
            self._ended = True
            return
        async for item in self._replay():
            yield item

    async def _seen_at(self, sequence: int) -> int | None:
        """Return the job_seq of the job's last event at or before a stream sequence.

        None where the log cannot tell: it has lost or dropped what the answer needs.
        """
        head = (await self._hub.heads([self._job_id])).get(self._job_id)
        while True:
            following = await self._hub.log.next(self._filter, sequence)
            if following is not None:
                return await self._seen_before(following, sequence)
            newest = await self._hub.log.last(self._filter)
            if newest is None:
                return None if head is not None and head.published else 0
            if newest.sequence <= sequence:
                return _job_of(newest).job_seq

    async def _seen_before(self, following: Recorded, sequence: int) -> int | None:
        """Return the job_seq of the event that the relay named as the one before.

        None where that one was behind `sequence`, and has been lost, or is kept no more.
        """
        if _job_of(following).job_seq == 1:
            return 0
        if not 1 <= following.previous <= sequence:
            return None
        before = await self._hub.log.at(following.previous)
        return _job_of(before).job_seq if before is not None else None

    async def _replay(self, *, again: bool = False) -> AsyncIterator[JobItem]:
        """Read from the log what lies behind the cursor's position, to its present end.

        A hole is believed when it is there again: the stream may have been replaced
        by another in the middle of the reading.
        """
        start = await self._start_of_replay()
        async for event in self._hub.log.replay(start, self._filter):
            if self._is_behind_hole(event) and not again:
                async for item in self._replay(again=True):
                    yield item
                return
            async for item in self._feed(event, proven=True):
                yield item
            if self._ended:
                return

    async def _start_of_replay(self) -> int:
        """Return the sequence to read behind: 0 where the cursor's place holds no more."""
        position = self._cursor.position
        if position is None or not await self._hub.log.holds(position):
            return 0
        return position.sequence

    def _is_behind_hole(self, event: Recorded) -> bool:
        return event.is_readable and _job_of(event).job_seq > self._seen + 1

    async def _live(self, watch: Watch) -> AsyncIterator[JobItem]:
        """Read one signal of the hub."""
        signal = await watch.next()
        if signal is None:
            following = self._replay()
        elif isinstance(signal, Recorded):
            following = self._feed(signal, proven=False)
        elif isinstance(signal, JobHead):
            following = self._compare(signal)
        else:
            self._hub.request_check()
            return
        async for item in following:
            yield item

    async def _feed(self, event: Recorded, *, proven: bool) -> AsyncIterator[JobItem]:
        """Pass on the next event, drop what was sent, turn a hole into a gap.

        A hole in what the hub delivered is looked for at the leader first (`proven`:
        the event itself came from there).
        """
        if not event.is_readable:
            return  # the number after it tells the gap
        job = _job_of(event)
        if job.job_seq <= self._seen:
            return
        if job.job_seq == self._seen + 1:
            yield await self._happened(event, job)
        else:
            async for item in self._gap() if proven else self._replay():
                yield item

    async def _happened(self, event: Recorded, job: JobBody) -> Happened:
        creation = await self._hub.creation()
        self._seen = job.job_seq
        self._cursor = event_cursor(event, job, creation)
        self._ended = is_terminal(event)
        return Happened(event, job, self._cursor)

    async def _compare(self, head: JobHead) -> AsyncIterator[JobItem]:
        """Hold what has been sent against PostgreSQL: silence may hide a loss."""
        if self._seen < head.published:
            async for item in self._replay():
                yield item
        if self._ended or not await self._is_astray(head):
            return
        async for item in self._gap():
            yield item

    async def _is_astray(self, head: JobHead) -> bool:
        """Tell whether events are lost, or were seen that PostgreSQL knows nothing of."""
        if self._seen < head.published:
            return True
        if self._seen <= head.job_seq:
            return False
        job = await self._rows.body(self._job_id)  # `head` may be older than an event
        return job is not None and job.job_seq < self._seen


def _job_of(event: Recorded) -> JobBody:
    job = event.body.job
    if not job:
        raise ValueError(f"event {event.sequence} on {event.subject} names no job")
    return job
