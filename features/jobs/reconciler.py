"""Bringing back what fell through: jobs without a worker, jobs without a message."""

from datetime import datetime
from typing import Final

from loguru import logger
from nats.aio.client import Client

from core.database_async import Database
from core.task_queue import queued_ids
from features.jobs import crud, transitions
from features.jobs.models import Job, JobStatus
from features.jobs.transaction import JobTransactions

SILENT_SECONDS: Final = 18.0
# Looks further apart than this tell that PostgreSQL, or this machine, was away.
BLIND_SECONDS: Final = 9.0
WAITING_SECONDS: Final = 15.0


class Reconciler:
    """Compares jobs with what should be happening to them."""

    def __init__(
        self, database: Database, transactions: JobTransactions, client: Client
    ) -> None:
        self._database = database
        self._transactions = transactions
        self._client = client
        self._looked_at: datetime | None = None
        self._watching_since: datetime | None = None

    async def watch_workers(self) -> int:
        """Take over from silent workers, once they could have been heard for long enough.

        To be called every few seconds. After an outage of PostgreSQL all workers seem
        silent: they get time to show that they live. Return how many jobs lost theirs.
        """
        try:
            async with self._database.statement() as session:
                now = await crud.now(session)
        except Exception:
            self._looked_at = None
            raise
        before, self._looked_at = self._looked_at, now
        if before is None or _seconds(before, now) > BLIND_SECONDS:
            self._watching_since = now
        assert self._watching_since is not None
        if _seconds(self._watching_since, now) < SILENT_SECONDS:
            return 0
        return await self.take_over_silent()

    async def take_over_silent(self) -> int:
        """Enqueue anew the RUNNING jobs whose worker has been silent for too long.

        Their message would bring them back sooner; this is for when NATS lost it.
        Return how many there were.
        """
        async with self._database.statement() as session:
            silent = await crud.silent_since(session, SILENT_SECONDS)
        return sum([await self._take_over(job_id) for job_id in silent])

    async def enqueue_lost(self) -> int:
        """Enqueue anew the QUEUED jobs whose message is gone; return how many.

        One that is brought back beside a message after all is run once: a worker
        claims it. NATS errors where the work queue cannot be read.
        """
        async with self._database.statement() as session:
            waiting = await crud.waiting_since(session, WAITING_SECONDS)
        if not waiting:
            return 0
        lost = set(waiting) - await queued_ids(self._client)
        return sum([await self._enqueue(job_id) for job_id in sorted(lost)])

    async def hand_on_places(self) -> int:
        """Admit jobs that wait though their owner has places; return how many.

        Whoever ends a job hands its place on; this is for when the limit was raised,
        and for what that one passed over because somebody held it.
        """
        async with self._database.statement() as session:
            waiting = await crud.owners_who_wait(session)
        return sum([await self._hand_on_places(owner_id) for owner_id in waiting])

    async def _hand_on_places(self, owner_id: str) -> int:
        async with self._transactions.begin() as at:
            return await at.hand_on_places([owner_id])

    async def _take_over(self, job_id: str) -> bool:
        async with self._transactions.begin() as at:
            job = await at.lock(job_id)
            if job is None or not _is_silent(job, at.now):
                return False
            transitions.worker_lost(at, job, has_message=False)
        with logger.contextualize(job_id=job_id):
            logger.warning("the job lost its worker")
        return True

    async def _enqueue(self, job_id: str) -> bool:
        async with self._transactions.begin() as at:
            job = await at.lock(job_id)
            if job is None or job.status != JobStatus.QUEUED:
                return False
            at.enqueue(job)
        with logger.contextualize(job_id=job_id):
            logger.warning("the job lost its message")
        return True


def _is_silent(job: Job, now: datetime) -> bool:
    if job.status != JobStatus.RUNNING:
        return False
    assert job.heartbeat_at is not None
    return _seconds(job.heartbeat_at, now) >= SILENT_SECONDS


def _seconds(since: datetime, now: datetime) -> float:
    return (now - since).total_seconds()
