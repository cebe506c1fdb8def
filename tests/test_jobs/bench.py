"""Jobs over a real database while NATS is away: what they publish stays in the outbox."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

from nats.aio.client import Client
from sqlalchemy import text
from sqlmodel import col, select

from core.base import new_id
from core.broker import Settlement
from core.config import Settings
from core.container import Container
from core.database_async import Database
from core.nats import RelayWaker
from core.outbox import OutboxMessage, OutboxStream
from core.security import Caller
from core.task_queue import task_message
from events.heads import JobHeads
from events.live.hub import Hub
from events.schemas import EventBody, decode
from events.subjects import JobKind, without_id
from features.jobs import crud
from features.jobs.burial import Burial
from features.jobs.exceptions import ClaimLost
from features.jobs.models import DeadLetter, Job
from features.jobs.reading import JobRowsService
from features.jobs.run import JobRun, Report
from features.jobs.runner import JobRunner
from features.jobs.services import JobRequest, JobsService, StartedJob
from features.jobs.transaction import JobTransactions
from features.users.models import LOCAL_ADMINISTRATOR_ID, User

ADMINISTRATOR = Caller(LOCAL_ADMINISTRATOR_ID, is_admin=True)
ASKED = JobRequest(
    kind=JobKind.PSD_PARSE,
    owner_id=LOCAL_ADMINISTRATOR_ID,
    mutation="parsePsd",
    task_name="tests.nothing",
    input={"file_id": "file_1", "export_layers": True},
)


def asked(**changes: Any) -> JobRequest:
    """Return a request for a job."""
    return ASKED._replace(**changes)


def report(fraction: float) -> Report:
    """Return a report of work at `fraction`."""
    return Report("layers", round(fraction * 100), 100, fraction)


@asynccontextmanager
async def changes_nothing(bench: "Bench", job_id: str) -> AsyncIterator[None]:
    """Check that the job's row and the outbox are the same at the block's end."""

    async def state() -> tuple[Any, ...]:
        row = (await bench.job(job_id)).model_dump()
        return row, await bench.count("outbox"), await bench.count("dead_letters")

    before = await state()
    yield
    assert await state() == before


async def no_effects(_session: object) -> None:
    """Change nothing."""


class Delivery:
    """One delivery of a job's task; its work waits for what the test tells it."""

    def __init__(self, runner: JobRunner, job_id: str) -> None:
        self.job_id = job_id
        self.run: JobRun | None = None
        self._begun = asyncio.Event()
        self._order: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(runner.run(job_id, self._work))

    async def _work(self, run: JobRun) -> None:
        self.run = run
        self._begun.set()
        await self._order

    async def begun(self) -> JobRun:
        """Wait until the job is claimed and its work has begun."""
        waiting = asyncio.create_task(self._begun.wait())
        await asyncio.wait({self.task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        assert self.run is not None, f"not claimed: {self.task.result()}"
        return self.run

    async def refused(self) -> Settlement:
        """Wait for the settlement of a delivery that must not begin any work."""
        settlement = await self.task
        assert self.run is None
        return settlement

    async def end(self, error: BaseException | None = None) -> Settlement:
        """Let the work return, or raise `error`; return the settlement."""
        if error is None:
            self._order.set_result(None)
        else:
            self._order.set_exception(error)
        return await self.task

    async def interrupt(self) -> Settlement:
        """Cancel the work as a worker does that shuts down."""
        self.task.cancel()
        return await self.task

    async def forget(self) -> None:
        """Drop what is left of a delivery whose job is nobody's concern any more."""
        self.task.cancel()
        with suppress(asyncio.CancelledError, ClaimLost):
            await self.task


class Bench:
    """What a test needs to drive jobs and to look at what has become of them."""

    def __init__(self, database: Database, settings: Settings | None = None) -> None:
        self.database = database
        self.container = Container()
        client = Client()
        self.container.give(Client, client)
        self.container.give(Settings, settings or Settings())
        self.container.give(Database, database)
        self.container.give(RelayWaker, RelayWaker(client))
        self.container.give(JobHeads, JobRowsService(database))  # type: ignore[type-abstract]
        self.hub = self.container.get(Hub)
        self.jobs = self.container.get(JobsService)
        self.runner = self.container.get(JobRunner)
        self.transactions = self.container.get(JobTransactions)

    async def start(self, **changes: Any) -> Job:
        """Start a job without waiting for it."""
        return (await self.started(**changes)).job

    async def started(self, **changes: Any) -> StartedJob:
        """Start a job as a mutation does: by its idempotency key, or anew."""
        request = asked(**changes)
        return await self.jobs.repeated(request) or await self.jobs.start(request, 0)

    def deliver(self, job_id: str) -> Delivery:
        """Deliver the job's task to a worker."""
        return Delivery(self.runner, job_id)

    async def claim(self, job_id: str) -> Delivery:
        """Deliver the job's task, which must be claimed."""
        delivery = self.deliver(job_id)
        await delivery.begun()
        return delivery

    async def job(self, job_id: str) -> Job:
        """Return the job's row."""
        async with self.database.transaction() as session:
            return await session.get_one(Job, job_id)

    async def events(self, job_id: str) -> list[EventBody]:
        """Return the job's events in the order in which they were stored."""
        rows = await self._outbox(OutboxStream.EVENTS, job_id)
        bodies = [decode(row.body) for row in rows]
        for number, (row, body) in enumerate(zip(rows, bodies, strict=True), 1):
            assert row.subject.endswith(f".{body.status}.{job_id}")
            assert row.message_id == f"{job_id}:{number}"
            assert body.job and (row.job_seq, body.job.job_seq) == (number, number)
        return bodies

    async def statuses(self, job_id: str) -> list[str]:
        """Return the last word of each event's subject."""
        return [body.status for body in await self.events(job_id)]

    async def tasks(self, job_id: str) -> Sequence[OutboxMessage]:
        """Return the job's tasks that wait to be published."""
        return await self._outbox(OutboxStream.TASKS, job_id)

    async def dead_letters(self) -> Sequence[DeadLetter]:
        """Return all dead letters."""
        async with self.database.transaction() as session:
            query = select(DeadLetter).order_by(col(DeadLetter.id))
            return (await session.scalars(query)).all()

    async def dead_letter_events(self) -> list[tuple[str, EventBody]]:
        """Return the dead letters' events with their subjects, less the trailing id."""
        rows = await self._outbox(OutboxStream.EVENTS, None)
        return [(without_id(row.subject), decode(row.body)) for row in rows]

    async def silence(self, job_id: str, seconds: float) -> None:
        """Let the job's worker have shown its last sign `seconds` ago."""
        await self.execute(
            "update jobs set heartbeat_at = clock_timestamp() - make_interval("
            "secs => :seconds) where id = :id",
            id=job_id,
            seconds=seconds,
        )

    async def pass_time(self, job_id: str) -> None:
        """Let the wait before the job's next attempt be over."""
        for statement in (
            "update jobs set run_after = now() where id = :id",
            "update outbox set not_before = now() where job_id = :id",
        ):
            await self.execute(statement, id=job_id)

    async def clock(self) -> datetime:
        """Return PostgreSQL's time."""
        async with self.database.transaction() as session:
            return await crud.now(session)

    async def is_waited_for(self) -> bool:
        """Tell whether a transaction waits for a lock that another holds."""
        async with self.database.transaction() as session:
            found = await session.scalar(
                text(
                    "select count(*) from pg_stat_activity where "
                    "datname = current_database() and wait_event_type = 'Lock'"
                )
            )
        return bool(found)

    async def new_member(self) -> Caller:
        """Make a person who is no administrator."""
        user = User(id=new_id("user"), email=f"{new_id('user')}@example.com", name="M")
        async with self.database.transaction() as session:
            session.add(user)
        return Caller(user.id, is_admin=False)

    async def count_admitted(self, *callers: Caller) -> int:
        """Count the jobs of these people that have a place."""
        async with self.database.transaction() as session:
            admitted = await crud.admitted(session, [one.user_id for one in callers])
        return sum(admitted.values())

    async def bury(self, job_id: str) -> None:
        """Bury the job's task, which no worker knows."""
        message = task_message("tests.of_the_future", job_id)
        await self.container.get(Burial).bury(message, "Nobody knows it.")

    async def count(self, table: str) -> int:
        """Count the rows of a table."""
        async with self.database.transaction() as session:
            found = await session.execute(text(f"select count(*) from {table}"))
            return int(found.scalar_one())

    async def execute(self, statement: str, **values: Any) -> None:
        """Run one statement."""
        async with self.database.transaction() as session:
            await session.execute(text(statement), values)

    async def _outbox(
        self, stream: OutboxStream, job_id: str | None
    ) -> Sequence[OutboxMessage]:
        query = (
            select(OutboxMessage)
            .where(OutboxMessage.stream == stream.value, OutboxMessage.job_id == job_id)
            .order_by(col(OutboxMessage.position))
        )
        async with self.database.transaction() as session:
            return (await session.scalars(query)).all()
