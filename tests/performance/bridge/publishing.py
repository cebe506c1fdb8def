"""Who makes events happen: a job in PostgreSQL and JetStream, or a line to a server."""

import json
from collections import deque
from typing import Final, Protocol

import msgspec

from core import outbox
from core.database_async import Database
from core.outbox import DueMessage, OutboxStream
from events.placing import Placer
from events.schemas import Progress
from events.subjects import JobKind, Transition, transition_topic
from features.jobs import transitions
from features.jobs.models import Job
from features.jobs.transaction import JobTransaction, JobTransactions
from features.users.models import LOCAL_ADMINISTRATOR_ID
from tests.performance.bridge.question import STAGE, TOTAL, fraction, progressed
from tests.performance.bridge.serving import Server

PROGRESSED: Final = transition_topic(JobKind.PSD_PARSE, Transition.PROGRESSED)


class Publisher(Protocol):
    """Publishes one job's events; `number` is the last one's."""

    job_id: str
    number: int

    async def prepare(self, count: int) -> None:
        """Make so many events ready to be published, at no cost of the server's."""

    async def publish(self) -> None:
        """Publish the next event."""


class LinePublisher:
    """Tells a server that has no event log."""

    job_id = "job_1"

    def __init__(self, server: Server) -> None:
        self.number = 0
        self._input = server.program.popen.stdin

    async def prepare(self, count: int) -> None:
        """Nothing has to be stored before."""

    async def publish(self) -> None:
        """Write a line."""
        assert self._input is not None
        self.number += 1
        self._input.write(json.dumps(progressed(self.number)).encode() + b"\n")
        self._input.flush()


class JobPublisher:
    """A running job: its events are stored as its worker and placed as a relay would."""

    def __init__(
        self, job_id: str, database: Database, transactions: JobTransactions, to: Placer
    ) -> None:
        self.job_id = job_id
        self.number = 0
        self._database = database
        self._transactions = transactions
        self._placer = to
        self._ready: deque[DueMessage] = deque()

    async def begin(self) -> None:
        """Have the job queued and started."""
        async with self._transactions.begin() as at:
            at.session.add(new_job(self.job_id))
            await at.session.flush()
            job = await self._locked(at)
            transitions.queued(at, job)
            transitions.started(at, job)
        await self._fetch(2)
        while self._ready:
            await self.publish()

    async def prepare(self, count: int, message: str | None = None) -> None:
        """Store so many events; `message` makes them larger."""
        assert not self._ready, "there are some to publish"
        async with self._transactions.begin() as at:
            job = await self._locked(at)
            for _ in range(count):
                progress = _progress(job.job_seq + 1, message)
                job.progress = msgspec.to_builtins(progress)
                transitions.record(at, job, PROGRESSED, progress=progress)
        await self._fetch(count)

    async def publish(self) -> None:
        """Place the next event; its rows go when the last of them is placed."""
        row = self._ready.popleft()
        await self._placer.place(row)
        self.number += 1
        assert row.job_seq == self.number
        if not self._ready:
            await self._forget()

    async def _locked(self, at: JobTransaction) -> Job:
        job = await at.lock(self.job_id)
        assert job is not None
        return job

    async def _fetch(self, count: int) -> None:
        async with self._database.transaction() as session:
            rows = await outbox.due(session, OutboxStream.EVENTS, count)
        assert [row.job_id for row in rows] == [self.job_id] * count
        self._ready.extend(rows)
        self._placed = [row.position for row in rows]

    async def _forget(self) -> None:
        async with self._database.transaction() as session:
            await outbox.remove(session, self._placed)


def _progress(number: int, message: str | None) -> Progress:
    return Progress(fraction(number), STAGE, number, TOTAL, None, message)


def new_job(job_id: str) -> Job:
    """Make a row to which nothing has happened yet."""
    return Job(
        id=job_id,
        kind=JobKind.PSD_PARSE.value,
        owner_id=LOCAL_ADMINISTRATOR_ID,
        mutation="parsePsd",
        input={},
        task_name="psd.parse_export",
        start_cursor="",
    )
