"""Running a job in a worker: claim, heartbeat, end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from loguru import logger

from core.broker import Redeliver, Settlement, Unroutable
from core.config import Settings
from core.database_async import Database, Session
from core.errors import AppError
from core.validators import is_id
from events.schemas import JobErrorBody, Progress
from features.jobs import crud, transitions
from features.jobs.changes import JobChanges
from features.jobs.exceptions import (
    ClaimLost,
    JobBusy,
    JobFailure,
    UnknownJob,
    timed_out,
)
from features.jobs.models import Job, JobStatus
from features.jobs.run import JobRun
from features.jobs.transaction import JobTransaction, JobTransactions
from features.jobs.utils import INTERNAL, error_of

HEARTBEAT_SECONDS: Final = 2.0
LEASE_SECONDS: Final = 10.0

type Handler = Callable[[JobRun], Awaitable[None]]


class JobRunner:
    """Runs jobs in this worker process."""

    def __init__(
        self,
        database: Database,
        transactions: JobTransactions,
        changes: JobChanges,
        settings: Settings,
    ) -> None:
        self._database = database
        self._transactions = transactions
        self._changes = changes
        self._timeout = settings.task_timeout_seconds

    async def run(self, job_id: str, handler: Handler) -> Settlement:
        """Claim a job and run `handler`; return how its message is to be settled.

        A handler that returns without having ended the job has succeeded.
        """
        with logger.contextualize(job_id=job_id):
            try:
                job = await self._claim(job_id)
            except JobBusy as busy:
                return Redeliver(busy.seconds)
            except UnknownJob:
                return Unroutable("The message names a job that does not exist.")
            if job is None:
                return None
            logger.info("attempt {} of {}", job.attempt, job.max_attempts)
            try:
                await self._attempt(JobRun(self, job), handler)
            except ClaimLost:
                return await self._settlement_of_lost(job_id)
            return None

    async def change(
        self, claimed: Job, change: Callable[[JobTransaction, Job], None]
    ) -> None:
        """Change a job under its lock; ClaimLost where the claim holds no more."""
        await self._changes.apply(
            claimed.id, lambda at, job: change(at, _held(claimed, job))
        )

    @asynccontextmanager
    async def changing(self, claimed: Job) -> AsyncIterator[tuple[JobTransaction, Job]]:
        """Lock a job for a transaction of its own; ClaimLost as `change` says."""
        async with self._transactions.begin() as at:
            yield at, _held(claimed, await at.lock(claimed.id))

    @asynccontextmanager
    async def ending(
        self, claimed: Job, progress: Callable[[], Progress]
    ) -> AsyncIterator[Session]:
        """Open a transaction whose last step is the job's good end, all or nothing.

        ClaimLost at the block's beginning or end, as `change` says.
        """
        async with self._transactions.begin() as at:
            # Read anew, and locked, at the end.
            at.session.expunge(_held(claimed, await crud.by_id(at.session, claimed.id)))
            yield at.session
            job = _held(claimed, await at.lock(claimed.id))
            transitions.advance(job, progress())
            transitions.succeeded(at, job)

    async def _claim(self, job_id: str) -> Job | None:
        """Take the job, or return None where there is nothing to run.

        A shutdown meanwhile waits for the claim, so that it can be handed back.
        """
        if not is_id("job", job_id):
            raise UnknownJob(job_id)
        taking = asyncio.create_task(self._changes.apply(job_id, _take))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            job = await taking
            if job is not None:
                await self.change(job, transitions.handed_back)
            return None

    async def _attempt(self, run: JobRun, handler: Handler) -> None:
        """Run one attempt and write down how it ended; ClaimLost where it may not."""
        try:
            await self._supervised(run, handler)
        except ClaimLost:
            raise
        except asyncio.CancelledError:
            logger.info("handing the job back: the worker is shutting down")
            await self.change(run.job, transitions.handed_back)
        except JobFailure as failure:
            await self._fail(run, failure.error)
        except AppError as error:
            await self._fail(run, error_of(error))
        except Exception:
            logger.exception("the attempt failed")
            await self._fail(run, INTERNAL)

    async def _settlement_of_lost(self, job_id: str) -> Settlement:
        """Settle the message of a job that this worker holds no more.

        Where another worker runs the job, the message is that one's.
        """
        logger.info("stopped: the job has ended or was taken over")
        async with self._database.statement() as session:
            job = await crud.by_id(session, job_id)
        return None if job is None or job.has_ended else Redeliver(LEASE_SECONDS)

    async def _supervised(self, run: JobRun, handler: Handler) -> None:
        """Run the handler beside heartbeats; a lost claim cancels it."""
        work = asyncio.ensure_future(handler(run))
        beats = asyncio.create_task(self._heartbeats(run))
        try:
            await asyncio.wait(
                {work, beats},
                timeout=self._timeout,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not (work.done() or beats.done()):
                raise timed_out(self._timeout)
            if not work.done():
                raise ClaimLost(run.job.id)
            if work.cancelled():
                raise RuntimeError("the work was cancelled from within")
            await work
            if not run.has_ended:
                await run.succeed()
        finally:
            for task in (work, beats):
                task.cancel()
            await asyncio.gather(work, beats, return_exceptions=True)

    async def _heartbeats(self, run: JobRun) -> None:
        """Beat until the claim is lost; PostgreSQL being away is no reason to stop."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                async with self._database.statement() as session:
                    alive = await crud.heartbeat(session, run.job.id, run.job.claim)
            except Exception as error:
                logger.warning("no heartbeat: {!r}", error)
                continue
            if not alive:
                return

    async def _fail(self, run: JobRun, error: JobErrorBody) -> None:
        logger.warning("attempt failed: {} {}", error.code, error.message)
        failing = self.change(
            run.job, lambda at, job: transitions.failed(at, job, error)
        )
        writing = asyncio.create_task(failing)
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await writing  # a shutdown waits: there is nothing left to hand back


def _held(claimed: Job, job: Job | None) -> Job:
    """Return the row as it is now, if the claim still holds it."""
    if job is None or job.claim != claimed.claim or job.status != JobStatus.RUNNING:
        raise ClaimLost(claimed.id)
    return job


def _take(at: JobTransaction, job: Job | None) -> Job | None:
    """Claim a locked job where it can be run; from a silent worker it is taken over."""
    if job is None:
        raise UnknownJob
    if job.status == JobStatus.RUNNING:
        _check_lease(job, at.now)
        transitions.worker_lost(at, job, has_message=True)
    if job.has_ended or (job.run_after is not None and job.run_after > at.now):
        return None
    transitions.started(at, job)
    return job


def _check_lease(job: Job, now: datetime) -> None:
    assert job.heartbeat_at is not None
    silent = (now - job.heartbeat_at).total_seconds()
    if silent < LEASE_SECONDS:
        raise JobBusy(LEASE_SECONDS - silent + 1)
