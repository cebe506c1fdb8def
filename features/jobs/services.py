"""Jobs: starting, watching and steering them. Each change is one transaction."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from core.base import new_id, utc_now
from core.database_async import Database
from core.errors import AppError, ErrorCode
from core.grouping import Grouping
from core.security import Caller
from core.validators import check_between, check_key, is_id
from events.cursor import EventCursor, Position, encode_cursor
from events.live.hub import Hub
from events.schemas import Progress
from events.subjects import JobKind
from features.jobs import crud, transitions
from features.jobs.exceptions import PlacesHeld
from features.jobs.models import Job, JobPriority, JobSelection
from features.jobs.transaction import (
    GROUP_PATIENCE,
    JobTransaction,
    JobTransactions,
)

MAX_WAIT_MS = 10_000


class JobRequest(NamedTuple):
    """What a mutation asks for: `input` is what its idempotency key stands for."""

    kind: JobKind
    owner_id: str
    mutation: str
    task_name: str
    input: dict[str, Any]
    idempotency_key: str | None = None
    priority: JobPriority = JobPriority.INTERACTIVE


class StartedJob(NamedTuple):
    """A job, what the hub had seen before its row was read, and a cursor.

    The cursor is from before the job's first event, or just before a cancel.
    """

    job: Job
    position: Position | None
    cursor: str


class JobsService:
    """Jobs as the gateway sees them."""

    def __init__(
        self, database: Database, transactions: JobTransactions, hub: Hub
    ) -> None:
        self._database = database
        self._transactions = transactions
        self._hub = hub
        self._insert: Grouping[Job, bool] = Grouping(self._insert_all)
        self._read: Grouping[str, Job] = Grouping(self._read_all)

    async def repeated(self, request: JobRequest) -> StartedJob | None:
        """Return the job that the request's idempotency key has already started.

        AppError CONFLICT where the key was used with other input.
        """
        if request.idempotency_key is None:
            return None
        position = self._hub.position
        async with self._database.statement() as session:
            job = await crud.by_key(
                session, request.owner_id, request.mutation, request.idempotency_key
            )
        if job is None:
            return None
        if (job.input, job.priority) != (request.input, request.priority):
            raise AppError(
                ErrorCode.CONFLICT,
                "This idempotency key was used with other input; choose a new key.",
                field=("input", "idempotencyKey"),
            )
        return StartedJob(job, position, job.start_cursor)

    async def start(self, request: JobRequest, wait_ms: int) -> StartedJob:
        """Store a job with its task, then wait up to `wait_ms` for its end."""
        job = self._new_job(request)
        with self._hub.end_of(job.id) as end:
            if not await self._is_new(job):
                return await self._repeat(request, wait_ms)
            await self._wait(end, wait_ms)
        return await self._fresh(job.id, job.start_cursor)

    async def wait_for(self, started: StartedJob, wait_ms: int) -> StartedJob:
        """Wait up to `wait_ms` for the end of a job that was started before."""
        if started.job.has_ended:
            return started
        with self._hub.end_of(started.job.id) as end:
            now = await self._fresh(started.job.id, started.cursor)
            if now.job.has_ended:
                return now
            await self._wait(end, wait_ms)
        return await self._fresh(started.job.id, started.cursor)

    async def cancel(self, caller: Caller, job_id: str) -> StartedJob:
        """End a job that has not ended; the cursor is the one just before that."""
        position = self._hub.position
        async with self._transactions.begin() as at:
            found = await at.lock(job_id) if is_id("job", job_id) else None
            job = _visible(caller, found)
            if job.has_ended:
                raise AppError(
                    ErrorCode.CONFLICT,
                    f"This job has ended already: it is {job.status}.",
                    field=("id",),
                )
            cursor = EventCursor(utc_now(), position, job.id, job.job_seq)
            transitions.canceled(at, job)
        return StartedJob(job, position, encode_cursor(cursor))

    async def retry(self, caller: Caller, job_id: str) -> StartedJob:
        """Start a new job with the input of one that FAILED or was CANCELED, once."""
        async with self._transactions.begin() as at:
            found = await at.lock(job_id) if is_id("job", job_id) else None
            old = _visible(caller, found)
            _must_be_retryable(old)
            job = self._new_job(
                JobRequest(
                    JobKind(old.kind),
                    old.owner_id,
                    "retryJob",
                    old.task_name,
                    old.input,
                    priority=JobPriority(old.priority),
                )
            )
            job.retry_of = old.id
            if not await _insert(at, [job]):
                job = (await crud.retries_of(at.session, [old.id]))[0]
        return await self._fresh(job.id, job.start_cursor)

    async def by_ids(self, ids: Sequence[str]) -> dict[str, Job]:
        """Return the jobs that exist, by id."""
        async with self._database.statement() as session:
            return {job.id: job for job in await crud.by_ids(session, ids)}

    async def retries_of(self, ids: Sequence[str]) -> dict[str, Job]:
        """Return the jobs that run one of these again, by the id of the first."""
        async with self._database.statement() as session:
            found = await crud.retries_of(session, ids)
            return {job.retry_of: job for job in found if job.retry_of is not None}

    async def page(
        self, selection: JobSelection, limit: int, after: tuple[datetime, str] | None
    ) -> Sequence[Job]:
        """Return the newest jobs of a selection, behind the key `after`."""
        async with self._database.statement() as session:
            return await crud.page(session, selection, limit, after)

    async def count(self, selection: JobSelection) -> int:
        """Return how many jobs a selection holds."""
        async with self._database.statement() as session:
            return await crud.count(session, selection)

    def _new_job(self, request: JobRequest) -> Job:
        job_id = new_id("job")
        cursor = EventCursor(utc_now(), self._hub.position, job_id, 0)
        return Job(
            id=job_id,
            kind=request.kind.value,
            owner_id=request.owner_id,
            mutation=request.mutation,
            idempotency_key=request.idempotency_key,
            input=request.input,
            task_name=request.task_name,
            priority=request.priority.value,
            start_cursor=encode_cursor(cursor),
            progress=msgspec.to_builtins(Progress()),
        )

    async def _is_new(self, job: Job) -> bool:
        """Store a job, with those that come at once; False where it exists already."""
        try:
            return await self._insert(job)
        except PlacesHeld:
            # By itself, so that nobody else waits for whoever holds them.
            [is_new] = await self._store([job], None)
            return is_new

    async def _insert_all(self, jobs: Sequence[Job]) -> list[bool | Exception]:
        try:
            return [*await self._store(jobs, GROUP_PATIENCE)]
        except PlacesHeld:
            return [PlacesHeld() for _ in jobs]

    async def _store(self, jobs: Sequence[Job], patience: float | None) -> list[bool]:
        """Store jobs; tell which did not exist already."""
        for job in jobs:  # of a group that has failed it may have been changed already
            job.job_seq, job.admitted = 0, False
        async with self._transactions.begin(patience=patience) as at:
            stored = await _insert(at, jobs)
        return [job.id in stored for job in jobs]

    async def _repeat(self, request: JobRequest, wait_ms: int) -> StartedJob:
        found = await self.repeated(request)
        assert found is not None
        return await self.wait_for(found, wait_ms)

    async def _fresh(self, job_id: str, cursor: str) -> StartedJob:
        position = self._hub.position
        return StartedJob(await self._read(job_id), position, cursor)

    async def _read_all(self, job_ids: Sequence[str]) -> list[Job]:
        found = await self.by_ids(job_ids)
        return [found[job_id] for job_id in job_ids]

    @staticmethod
    async def _wait(end: asyncio.Event, wait_ms: int) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_ms / 1000):
                await end.wait()


def check_start(idempotency_key: str | None, wait_ms: int) -> None:
    """Raise AppError INVALID where a job-starting mutation's key or wait is none."""
    check_between(wait_ms, 0, MAX_WAIT_MS, "waitMs", ("input", "waitMs"))
    check_key(idempotency_key, ("input", "idempotencyKey"))


async def _insert(at: JobTransaction, jobs: Sequence[Job]) -> set[str]:
    """Store jobs, each with its first event and its task; see `JobTransaction.add`."""
    await at.read_clock()
    for job in jobs:
        transitions.queued(at, job)
    return await at.add(jobs)


def _visible(caller: Caller, job: Job | None) -> Job:
    if job is None or not caller.may_see(job.owner_id):
        raise AppError(ErrorCode.NOT_FOUND, "There is no such job.", field=("id",))
    return job


def _must_be_retryable(job: Job) -> None:
    if job.status not in ("FAILED", "CANCELED"):
        raise AppError(
            ErrorCode.CONFLICT,
            f"Only a job that FAILED or was CANCELED can be retried; this one is "
            f"{job.status}.",
            field=("id",),
        )
