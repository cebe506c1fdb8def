"""Bringing back what fell through: running jobs whose worker is gone for good."""

from typing import Final

from loguru import logger

from core.database_async import Database
from core.nats import RelayWaker
from features.jobs import crud, transitions
from features.jobs.models import JobStatus

SILENT_SECONDS: Final = 30.0


class Reconciler:
    """Compares jobs with what should be happening to them."""

    def __init__(self, database: Database, wake: RelayWaker) -> None:
        self._database = database
        self._wake = wake

    async def take_over_silent(self) -> int:
        """Enqueue anew the RUNNING jobs whose worker has been silent for too long.

        Their message would bring them back sooner; this is for when NATS lost it.
        """
        async with self._database.transaction() as session:
            silent = await crud.silent_since(session, SILENT_SECONDS)
        for job_id in silent:
            await self._take_over(job_id)
        return len(silent)

    async def _take_over(self, job_id: str) -> None:
        async with self._database.transaction() as session:
            job = await crud.locked(session, job_id)
            now = await crud.now(session)
            if job is None or job.status != JobStatus.RUNNING:
                return
            assert job.heartbeat_at is not None
            if (now - job.heartbeat_at).total_seconds() < SILENT_SECONDS:
                return
            logger.warning("{} lost its worker", job_id)
            await transitions.worker_lost(session, job, now, has_message=False)
        await self._wake()
