"""Bringing back what fell through: jobs without a worker, jobs without a message."""

from datetime import datetime
from typing import Final

from loguru import logger
from nats.aio.client import Client

from core.database_async import Database
from core.nats import RelayWaker
from core.task_queue import queued_jobs
from features.jobs import crud, transitions
from features.jobs.models import Job, JobStatus

SILENT_SECONDS: Final = 18.0
WAITING_SECONDS: Final = 15.0


class Reconciler:
    """Compares jobs with what should be happening to them."""

    def __init__(self, database: Database, wake: RelayWaker, client: Client) -> None:
        self._database = database
        self._wake = wake
        self._client = client

    async def take_over_silent(self) -> int:
        """Enqueue anew the RUNNING jobs whose worker has been silent for too long.

        Their message would bring them back sooner; this is for when NATS lost it.
        Return how many there were.
        """
        async with self._database.transaction() as session:
            silent = await crud.silent_since(session, SILENT_SECONDS)
        return sum([await self._take_over(job_id) for job_id in silent])

    async def enqueue_lost(self) -> int:
        """Enqueue anew the QUEUED jobs whose message is gone; return how many.

        One that is brought back beside a message after all is run once: a worker
        claims it. NATS errors where the work queue cannot be read.
        """
        async with self._database.transaction() as session:
            waiting = await crud.waiting_since(session, WAITING_SECONDS)
        if not waiting:
            return 0
        lost = set(waiting) - await queued_jobs(self._client)
        return sum([await self._enqueue(job_id) for job_id in sorted(lost)])

    async def _take_over(self, job_id: str) -> bool:
        async with self._database.transaction() as session:
            job = await crud.locked(session, job_id)
            now = await crud.now(session)
            if job is None or not _is_silent(job, now):
                return False
            logger.warning("{} lost its worker", job_id)
            await transitions.worker_lost(session, job, now, has_message=False)
        await self._wake()
        return True

    async def _enqueue(self, job_id: str) -> bool:
        async with self._database.transaction() as session:
            job = await crud.locked(session, job_id)
            if job is None or job.status != JobStatus.QUEUED:
                return False
            logger.warning("{} lost its message", job_id)
            await transitions.enqueue(session, job)
        await self._wake()
        return True


def _is_silent(job: Job, now: datetime) -> bool:
    if job.status != JobStatus.RUNNING:
        return False
    assert job.heartbeat_at is not None
    return (now - job.heartbeat_at).total_seconds() >= SILENT_SECONDS
