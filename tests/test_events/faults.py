"""The readers with one rule of the contract switched off: the model must notice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, NamedTuple

from core.base import utc_now
from events.cursor import EventCursor, Position
from events.hub import JobHead
from events.job_reader import Gap, JobItem, JobReader, Snapshot
from events.log import EventLog, Recorded
from events.tail import Tail


class Fault(NamedTuple):
    """What stands in for an attribute of a class."""

    owner: type[Any]
    name: str
    stand_in: Any


FAULTS: Final[dict[str, Fault]] = {}


def fault(owner: type[Any], name: str) -> Callable[[Any], Any]:
    """Register a function as a fault, named after the function."""

    def register(stand_in: Any) -> Any:
        FAULTS[stand_in.__name__] = Fault(owner, name, stand_in)
        return stand_in

    return register


@fault(EventLog, "holds")
async def every_position_holds(self: EventLog, position: Position | None) -> bool:
    return position is not None


@fault(EventLog, "holds")
async def times_are_not_compared(self: EventLog, position: Position | None) -> bool:
    if position is None:
        return False
    state = await self.state()
    if position.creation != state.creation:
        return False
    return state.first - 1 <= position.sequence <= state.last


@fault(JobReader, "_compare")
async def silence_is_not_checked(
    self: JobReader, head: JobHead
) -> AsyncIterator[JobItem]:
    nothing: tuple[JobItem, ...] = ()
    for item in nothing:
        yield item


def the_outbox_is_forgotten(self: JobHead) -> int:
    return self.job_seq


FAULTS["the_outbox_is_forgotten"] = Fault(
    JobHead, "published", property(the_outbox_is_forgotten)
)


@fault(JobReader, "_is_astray")
async def rows_are_not_read_again(self: JobReader, head: JobHead) -> bool:
    return self._seen != head.published


@fault(JobReader, "_feed")
async def holes_are_passed_over(
    self: JobReader, event: Recorded, *, proven: bool
) -> AsyncIterator[JobItem]:
    job = event.body.job
    if job and job.job_seq > self._seen:
        yield await self._happened(event, job)


_find_start = Tail._find_start


@fault(Tail, "_find_start")
async def the_hub_trusts_its_place(self: Tail) -> None:
    await self._log.state()
    if self.position is None:
        await _find_start(self)


_resume = JobReader._resume


@fault(JobReader, "_resume")
async def the_cursor_s_job_is_ignored(
    self: JobReader, after: EventCursor
) -> AsyncIterator[JobItem]:
    if after.position is not None:
        after = EventCursor(after.made_at, after.position)
    async for item in _resume(self, after):
        yield item


@fault(JobReader, "_snapshot")
async def a_snapshot_s_position_is_late(self: JobReader) -> AsyncIterator[JobItem]:
    job = await self._rows.body(self._job_id)
    assert job is not None
    await asyncio.sleep(1)
    self._seen = job.job_seq
    self._cursor = EventCursor(utc_now(), self._hub.position, job.id, job.job_seq)
    self._ended = job.finished_at is not None
    yield Snapshot(job, self._cursor, utc_now())


@fault(JobReader, "_gap")
async def a_gap_moves_the_cursor(self: JobReader) -> AsyncIterator[JobItem]:
    job = await self._rows.body(self._job_id)
    assert job is not None
    cursor = EventCursor(utc_now(), self._hub.position, job.id, job.job_seq)
    yield Gap(job, cursor, utc_now())
    async for item in self._snapshot():
        yield item


@fault(JobReader, "_seen_at")
async def the_row_tells_what_was_seen(self: JobReader, sequence: int) -> int | None:
    following = await self._hub.log.next(self._filter, sequence)
    if following is not None and following.body.job:
        return following.body.job.job_seq - 1
    head = (await self._hub.heads([self._job_id])).get(self._job_id)
    return head.published if head is not None else 0
