"""Who makes events happen: a job in PostgreSQL and JetStream, or a line to a server."""

import json
from collections import deque
from typing import Protocol

from core import outbox
from core.database_async import Database
from core.outbox import DueMessage, OutboxStream
from events.placing import Placer
from events.schemas import Progress
from features.jobs.transaction import JobTransactions
from tests.performance.bridge.question import STAGE, fraction, progressed
from tests.performance.bridge.serving import Server
from tests.test_jobs.handwork import Handwork


class Publisher(Protocol):
    """Publishes one job's events; `number` is the last one's."""

    job_id: str
    number: int

    async def prepare(self, count: int, message: str | None = None) -> None:
        """Make events ready, at no cost of the server's; `message` lengthens them."""

    async def publish(self) -> None:
        """Publish the next event."""


class LinePublisher:
    """Tells a server that has no event log."""

    job_id = "job_1"

    def __init__(self, server: Server) -> None:
        self.number = 0
        self._message: str | None = None
        self._input = server.program.popen.stdin

    async def prepare(self, count: int, message: str | None = None) -> None:
        """Nothing has to be stored before."""
        self._message = message

    async def publish(self) -> None:
        """Write a line."""
        assert self._input is not None
        self.number += 1
        event = progressed(self.number, self._message)
        self._input.write(json.dumps(event).encode() + b"\n")
        self._input.flush()


class JobPublisher:
    """A running job: its events are stored as its worker and placed as a relay would."""

    def __init__(
        self, database: Database, transactions: JobTransactions, placer: Placer
    ) -> None:
        self.number = 0
        self._database = database
        self._work = Handwork(transactions)
        self._placer = placer
        self._ready: deque[DueMessage] = deque()
        self.job_id = self._work.job_id

    async def begin(self) -> None:
        """Have the job queued and started."""
        await self._work.begin()
        await self._fetch(2)
        while self._ready:
            await self.publish()

    async def prepare(self, count: int, message: str | None = None) -> None:
        """Store so many events."""
        assert not self._ready, "there are some to publish"
        first = self._work.number + 1
        await self._work.get_on(
            *(
                Progress(fraction(number), STAGE, number, message=message)
                for number in range(first, first + count)
            )
        )
        await self._fetch(count)

    async def publish(self) -> None:
        """Place the next event; the rows go when the last of them is placed."""
        row = self._ready.popleft()
        await self._placer.place(row)
        self.number += 1
        assert row.job_seq == self.number
        if not self._ready:
            await self._forget()

    async def _fetch(self, count: int) -> None:
        async with self._database.transaction() as session:
            rows = await outbox.due(session, OutboxStream.EVENTS, count)
        assert [row.job_id for row in rows] == [self.job_id] * count
        self._ready.extend(rows)
        self._placed = [row.position for row in rows]

    async def _forget(self) -> None:
        async with self._database.transaction() as session:
            await outbox.remove(session, self._placed)
