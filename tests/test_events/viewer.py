"""A client of `jobEvents` that drops and resumes, and judges all that it is given."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Final

from events.cursor import EventCursor
from events.heads import JobHead
from events.hub import Hub
from events.job_reader import Gap, JobItem, Snapshot
from events.recorded import Happened
from events.schemas import JobBody
from tests.test_events.bodies import Rows
from tests.test_events.reading import follow_job

LOSSES: Final = 0.15
PACES: Final = (0.0, 0.0, 0.0, 0.01, 0.3)
ROOMS: Final = (1, 3, 1000)


class Violation(AssertionError):
    """A client was shown what the contract forbids."""


class SlowRows(Rows):
    """Rows that take their time, before and behind the reading."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance

    async def _wait(self) -> None:
        await asyncio.sleep(self._chance.choice((0, 0, 0.002, 0.03)))

    async def body(self, job_id: str) -> JobBody | None:
        """Return the row as it stood at some moment of the call."""
        await self._wait()
        job = await super().body(job_id)
        await self._wait()
        return job

    async def heads(self, job_ids: Sequence[str]) -> Mapping[str, JobHead]:
        """Return heads whose numbers were read one after the other."""
        await self._wait()
        rows = {job_id: self.jobs[job_id].job_seq for job_id in job_ids}
        await self._wait()
        heads = {
            job_id: JobHead(number, self.first_waiting(job_id))
            for job_id, number in rows.items()
        }
        await self._wait()
        return heads


class Viewer:
    """Watches one job over many connections.

    `is_lost` tells whether the log lacks an event of the job behind a job_seq, or,
    without a job_seq, whether it has lost anything. `losses` is the chance that the
    connection breaks behind an item.
    """

    def __init__(
        self,
        rows: Rows,
        job_id: str,
        after: EventCursor | None,
        is_lost: Callable[[str, int | None], bool],
    ) -> None:
        self.job_id = job_id
        self.cursor = after
        self.items: list[str] = []
        self.gaps = 0
        self.losses = LOSSES
        self.is_complete = False
        self._rows = rows
        self._is_lost = is_lost
        self._lowest = self._highest = 0
        self._in_gap = False
        self._violation: Violation | None = None
        self._connection: asyncio.Task[None] | None = None

    @property
    def is_connected(self) -> bool:
        """True while a subscription runs."""
        return self._connection is not None and not self._connection.done()

    def is_at(self, number: int) -> bool:
        """Tell whether what was seen last may be this job_seq."""
        return self._lowest <= number <= self._highest

    def stand_between(self, lowest: int, highest: int) -> None:
        """Bound the job_seq that the client's first cursor stands for."""
        self._lowest, self._highest = lowest, highest

    def connect(self, hub: Hub, chance: random.Random) -> None:
        """Subscribe with the last cursor."""
        self.items.append("connect")
        self._in_gap = False
        self._connection = asyncio.create_task(self._read(hub, chance))

    async def drop(self) -> None:
        """Break the connection wherever it is."""
        assert self._connection is not None
        self._connection.cancel()
        with suppress(asyncio.CancelledError):
            await self._connection
        self.items.append("drop")

    def judge(self) -> None:
        """Raise what the connection has failed with."""
        if self._violation is not None:
            raise self._violation
        if self._connection is not None and self._connection.done():
            if not self._connection.cancelled():
                self._connection.result()

    async def _read(self, hub: Hub, chance: random.Random) -> None:
        following = follow_job(
            hub, self._rows, self.job_id, self.cursor, room=chance.choice(ROOMS)
        )
        try:
            async with aclosing(following) as items:
                async for item in items:
                    self._take(item)
                    if chance.random() < self.losses:
                        self.items.append("lost")
                        return
                    await asyncio.sleep(chance.choice(PACES))
            self._complete()
        except Violation as violation:
            self._violation = violation

    def _take(self, item: JobItem) -> None:
        match item:
            case Snapshot():
                self._see_snapshot(item)
            case Happened():
                self._see_event(item)
            case Gap():
                self._see_gap(item)
        self.cursor = item.cursor

    def _see_snapshot(self, item: Snapshot) -> None:
        number = item.job.job_seq
        self.items.append(f"snapshot {number}")
        self._must(self.cursor is None or self._in_gap, "a snapshot out of place")
        self._must(item.job == self._told(number), "a snapshot that never was")
        self._must(item.cursor.job_seq == number, "a snapshot's cursor is another's")
        self._in_gap = False
        self._lowest = self._highest = number

    def _see_event(self, item: Happened) -> None:
        number = item.job.job_seq
        self.items.append(f"event {number}")
        self._must(not self._in_gap, "a gap without a snapshot")
        self._must(self._lowest < number <= self._highest + 1, "out of order")
        self._must(item.job == self._told(number), "an event that never was")
        self._must(item.cursor.job_seq == number, "an event's cursor is another's")
        self._lowest = self._highest = number

    def _see_gap(self, item: Gap) -> None:
        self.gaps += 1
        self.items.append(f"gap at {item.job.job_seq}")
        self._must(not self._in_gap, "a gap in a gap")
        self._must(self._is_due(), "a gap where nothing was lost")
        self._must(item.cursor == self.cursor, "a gap's cursor is not the one before")
        self._in_gap = True

    def _complete(self) -> None:
        self.items.append("complete")
        self.is_complete = True
        job = self._rows.jobs[self.job_id]
        self._must(job.finished_at is not None, "complete before the job's end")
        self._must(
            self._lowest <= job.job_seq <= self._highest, "complete before the last"
        )

    def _is_due(self) -> bool:
        """Tell whether a gap is told rightly."""
        cursor = self.cursor
        assert cursor is not None
        if cursor.job_id == self.job_id:
            return self._is_lost(self.job_id, cursor.job_seq)
        return cursor.position is None or self._is_lost(self.job_id, None)

    def _told(self, number: int) -> JobBody | None:
        history = self._rows.history[self.job_id]
        return history[number] if number < len(history) else None

    def _must(self, holds: bool, what: str) -> None:
        if not holds:
            raise Violation(f"{what}: {self.items}, seen {self._lowest}")
