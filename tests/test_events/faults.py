"""The readers with one rule of the contract switched off: the model must notice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, NamedTuple

from core.base import utc_now
from events.cursor import EventCursor, Position
from events.heads import JobHead
from events.live.hub import Hub
from events.live.tail import Tail
from events.log import EventLog
from events.readers import job_place
from events.readers.job_reader import Gap, JobItem, JobReader, Row, Snapshot, read_row
from events.recorded import Recorded
from events.subjects import job_filter


class Fault(NamedTuple):
    """What stands in for an attribute of a class or a module."""

    owner: Any
    name: str
    stand_in: Any


FAULTS: Final[dict[str, Fault]] = {}


def fault(owner: Any, name: str) -> Callable[[Any], Any]:
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


@fault(JobReader, "agrees")
def silence_is_not_checked(self: JobReader, job_id: str, head: JobHead | None) -> bool:
    return True


def the_outbox_is_forgotten(self: JobHead) -> int:
    return self.job_seq


FAULTS["the_outbox_is_forgotten"] = Fault(
    JobHead, "published", property(the_outbox_is_forgotten)
)


@fault(JobReader, "_is_astray")
async def rows_are_not_read_again(self: JobReader, head: JobHead) -> bool:
    return self._seen != head.published


@fault(JobReader, "take")
def holes_are_passed_over(self: JobReader, event: Recorded) -> JobItem | None:
    if event.job_seq <= self._seen:
        return None
    self._seen, self._cursor = event.job_seq, event.cursor
    self.is_over = event.is_terminal
    return event.happened


_find_start = Tail._find_start


@fault(Tail, "_find_start")
async def the_hub_trusts_its_place(self: Tail) -> None:
    await self._log.state()
    if self.position is None:
        await _find_start(self)


_open = JobReader.open


@fault(JobReader, "open")
async def the_cursor_s_job_is_ignored(self: JobReader) -> AsyncIterator[JobItem]:
    if self._after is not None and self._after.position is not None:
        self._cursor = EventCursor(self._after.made_at, self._after.position)
    async for item in _open(self):
        yield item


@fault(JobReader, "_snapshot")
async def a_snapshot_s_position_is_late(
    self: JobReader, row: Row
) -> AsyncIterator[JobItem]:
    await asyncio.sleep(1)
    self._seen = row.job.job_seq
    self._cursor = EventCursor(
        utc_now(), self._hub.position, row.job.id, row.job.job_seq
    )
    self.mark = self._hub.mark
    self.is_over = row.job.finished_at is not None
    yield Snapshot(row.job, self._cursor, utc_now())


@fault(JobReader, "_gap")
async def a_gap_moves_the_cursor(self: JobReader) -> AsyncIterator[JobItem]:
    row = await read_row(self._hub, self._rows, self._job_id)
    assert row is not None
    cursor = EventCursor(utc_now(), row.position, row.job.id, row.job.job_seq)
    yield Gap(row.job, cursor, utc_now())
    async for item in self._snapshot(row):
        yield item


@fault(job_place, "seen_at")
async def the_row_tells_what_was_seen(
    hub: Hub, job_id: str, sequence: int
) -> int | None:
    following = await hub.log.next(job_filter(job_id), sequence)
    if following is not None and following.body.job:
        return following.body.job.job_seq - 1
    head = (await hub.heads([job_id])).get(job_id)
    return head.published if head is not None else 0
