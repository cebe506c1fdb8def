"""What event readers and sweepers ask of PostgreSQL about jobs."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from core.database_async import Database, Session
from core.grouping import Grouping
from events.heads import JobHead
from events.schemas import JobBody
from features.jobs import crud
from features.jobs.rows import body_of

CHANGED_PAGE: Final = 200
# Cursors bear the time of a gateway, rows that of PostgreSQL.
CLOCK_MARGIN: Final = timedelta(minutes=1)


class JobRowsService:
    """Jobs as the readers of the event log see them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bodies: Grouping[str, JobBody | None] = Grouping(self._read_bodies)
        self._heads: Grouping[str, JobHead | None] = Grouping(self._read_some_heads)

    async def heads(self, job_ids: Sequence[str]) -> Mapping[str, JobHead]:
        """Return where the jobs stand that exist; who asks for one shares a statement."""
        if len(job_ids) == 1:
            head = await self._heads(job_ids[0])
            return {job_ids[0]: head} if head is not None else {}
        return await self._read_heads(job_ids)

    async def body(self, job_id: str) -> JobBody | None:
        """Return a job's row as an event would carry it."""
        return await self._bodies(job_id)

    async def changed(
        self, owner: str | None, kinds: Sequence[str], since: datetime
    ) -> AsyncIterator[JobBody]:
        """Yield an owner's jobs (None: everybody's) that run, wait, or changed since."""
        after = ""
        while True:
            async with self._database.statement() as session:
                jobs = await crud.changed(
                    session, owner, kinds, since - CLOCK_MARGIN, after, CHANGED_PAGE
                )
            for job in jobs:
                yield body_of(job)
            if len(jobs) < CHANGED_PAGE:
                return
            after = jobs[-1].id

    async def active(self, job_ids: Sequence[str]) -> set[str]:
        """Return those of the jobs that exist and have not ended."""
        async with self._database.statement() as session:
            jobs = await crud.by_ids(session, job_ids)
        return {job.id for job in jobs if not job.has_ended}

    async def active_on(self, session: Session, ids: Sequence[str]) -> list[str]:
        """Return the jobs that have not ended and name one of the ids in their input.

        In the caller's transaction.
        """
        return [*await crud.active_on(session, ids)]

    async def _read_heads(self, job_ids: Sequence[str]) -> Mapping[str, JobHead]:
        async with self._database.statement() as session:
            return await crud.heads(session, job_ids)

    async def _read_some_heads(self, job_ids: Sequence[str]) -> list[JobHead | None]:
        found = await self._read_heads(job_ids)
        return [found.get(job_id) for job_id in job_ids]

    async def _read_bodies(self, job_ids: Sequence[str]) -> list[JobBody | None]:
        async with self._database.statement() as session:
            found = {
                job.id: body_of(job) for job in await crud.by_ids(session, job_ids)
            }
        return [found.get(job_id) for job_id in job_ids]
