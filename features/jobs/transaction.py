"""One transaction that changes jobs: rows, events, tasks and places, all or nothing."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from core import outbox
from core.config import Settings
from core.database_async import Database, Session
from core.nats import RelayWaker
from core.outbox import OutboxRow, OutboxStream
from core.task_queue import task_message, task_subject
from features.jobs import crud
from features.jobs.models import Job, JobPriority
from features.jobs.utils import places

# How long, in seconds, a transaction that many share waits for one owner's places.
GROUP_PATIENCE: Final = 0.25
# Where a limit was raised, the reconciler lets the rest in.
ADMITTED_AT_ONCE: Final = 50


class JobTransaction:
    """What one transaction does to jobs; what it publishes is stored at its end."""

    def __init__(self, session: Session, per_user: int, patience: float | None) -> None:
        self.session = session
        self._per_user = per_user
        self._patience = patience
        self._now: datetime | None = None
        self._rows: list[OutboxRow] = []
        self._left: set[str] = set()

    @property
    def now(self) -> datetime:
        """PostgreSQL's clock, read behind the locks: events of a job tell it in order."""
        assert self._now is not None, "nothing has been locked"
        return self._now

    async def lock(self, job_id: str) -> Job | None:
        """Return a job with its row locked."""
        job = await crud.locked(self.session, job_id)
        await self.read_clock()
        return job

    async def lock_at_once(self, job_ids: Sequence[str]) -> dict[str, Job]:
        """Return jobs with their rows locked, less those that somebody else holds."""
        jobs = await crud.locked_at_once(self.session, job_ids)
        await self.read_clock()
        return jobs

    def publish(self, row: OutboxRow) -> None:
        """Store a message at the transaction's end, behind those given before."""
        self._rows.append(row)

    def enqueue(self, job: Job) -> None:
        """Publish the job's task for the time when it may run, if it has a place."""
        if job.admitted:
            self.publish(
                OutboxRow(
                    OutboxStream.TASKS,
                    task_subject(JobPriority(job.priority).task_priority, job.id),
                    task_message(job.task_name, job.id),
                    message_id=outbox.new_message_id(),
                    job_id=job.id,
                    not_before=job.run_after,
                )
            )

    async def read_clock(self) -> None:
        """Read `now`: behind the locks, or for jobs that are new, which need none."""
        self._now = await crud.now(self.session)

    async def add(self, jobs: Sequence[Job]) -> set[str]:
        """Insert jobs and admit them; return the ids of those that are stored now.

        Not those of which another with the same idempotency key, or the same retry,
        exists. Nothing more is published of one that a former try has stored, the
        answer to which was lost.
        """
        added = await crud.add(self.session, jobs)
        existing = {job.id for job in jobs} - added
        if existing:
            self._rows = [row for row in self._rows if row.job_id not in existing]
        await self._admit([job for job in jobs if job.id in added])
        return added | (await crud.stored(self.session, sorted(existing)))

    async def _admit(self, jobs: Sequence[Job]) -> None:
        """Give new jobs a place where their owners have one left.

        Behind the insert, which may wait for a row: who holds places waits for none.
        """
        if not jobs:
            return
        owner_ids = sorted({job.owner_id for job in jobs})
        await self._lock_places(owner_ids)
        admitted = await self._admitted(owner_ids)
        for job in jobs:
            job.admitted = job.priority in self._free(admitted[job.owner_id])
            admitted[job.owner_id] += job.admitted
            self.enqueue(job)
        await crud.admit(self.session, [job.id for job in jobs if job.admitted])

    def leave(self, job: Job) -> None:
        """Give an ended job's place to the next of its owner at the transaction's end."""
        if job.admitted:
            job.admitted = False
            self._left.add(job.owner_id)

    async def hand_on_places(self, owner_ids: Sequence[str]) -> int:
        """Admit what waits for a place and can have one; return how many jobs.

        No row is waited for behind this: locks are taken in the order rows, places.
        """
        await self.session.flush()
        await self._lock_places(owner_ids)
        waiting = await crud.owners_who_wait(self.session, owner_ids)
        return sum([await self._admit_next(owner_id) for owner_id in waiting])

    async def finish(self) -> None:
        """Store all of it."""
        if self._left:
            await self.hand_on_places(sorted(self._left))
        await self.session.flush()
        await outbox.append(self.session, self._rows)

    async def _admit_next(self, owner_id: str) -> int:
        count = 0
        while count < ADMITTED_AT_ONCE:
            free = self._free((await self._admitted([owner_id]))[owner_id])
            job = (
                await crud.next_to_admit(self.session, owner_id, free) if free else None
            )
            if job is None:
                break
            job.admitted = True
            self.enqueue(job)
            await self.session.flush()
            count += 1
        return count

    async def _lock_places(self, owner_ids: Sequence[str]) -> None:
        if self._per_user:
            await crud.lock_places(self.session, owner_ids, self._patience)

    async def _admitted(self, owner_ids: Sequence[str]) -> Counter[str]:
        """Return how many jobs of each owner have a place, where that matters."""
        if not self._per_user:
            return Counter()
        return Counter(await crud.admitted(self.session, owner_ids))

    def _free(self, admitted: int) -> list[JobPriority]:
        """Return the priorities for which an owner has a place left."""
        return [
            priority
            for priority in JobPriority
            if not self._per_user or admitted < places(self._per_user, priority)
        ]


class JobTransactions:
    """Opens them; the relay is woken behind each."""

    def __init__(
        self, database: Database, wake: RelayWaker, settings: Settings
    ) -> None:
        self._database = database
        self._wake = wake
        self._per_user = settings.jobs_per_user

    @asynccontextmanager
    async def begin(
        self, *, patience: float | None = None
    ) -> AsyncIterator[JobTransaction]:
        """Open a transaction that is committed whole at the end, or rolled back.

        PlacesHeld where it has to wait for places for longer than `patience` seconds.
        """
        async with self._database.transaction() as session:
            transaction = JobTransaction(session, self._per_user, patience)
            yield transaction
            await transaction.finish()
        await self._wake()
