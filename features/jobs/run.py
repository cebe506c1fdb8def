"""One claim of one job, as the work sees it: what to do, and how to tell of it."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, NamedTuple, Protocol

from core.base import utc_now
from core.database_async import Session
from events.schemas import Progress
from events.subjects import Topic
from features.jobs import transitions
from features.jobs.models import Job
from features.jobs.transaction import JobTransaction
from features.jobs.utils import eta_seconds

PROGRESS_SECONDS: Final = 0.25

type Effects = Callable[[Session], Awaitable[None]]


class Claims(Protocol):
    """Changes a job for whoever holds its claim; ClaimLost where it holds no more."""

    async def change(
        self, claimed: Job, change: Callable[[JobTransaction, Job], None]
    ) -> None:
        """Change a job under its lock, beside others that come at once."""

    def changing(
        self, claimed: Job
    ) -> AbstractAsyncContextManager[tuple[JobTransaction, Job]]:
        """Lock a job for a transaction of its own."""

    def ending(
        self, claimed: Job, progress: Callable[[], Progress]
    ) -> AbstractAsyncContextManager[Session]:
        """Open a transaction at the end of which the job is locked, and succeeds."""


class Report(NamedTuple):
    """How far the work is; `fraction` 0 to 1."""

    stage: str
    done: int
    total: int | None
    fraction: float
    message: str | None = None


class JobRun:
    """One claim of one job, as the work sees it: what to do, and how to tell of it.

    Every write checks the claim in its own transaction and raises ClaimLost where
    the job was cancelled or taken over.
    """

    def __init__(self, claims: Claims, job: Job) -> None:
        self._claims = claims
        self._started = utc_now()
        self._reported = 0.0
        self.job = job
        self.has_ended = False

    @property
    def prefix(self) -> str:
        """The claim's own place in the object store; ends in a slash."""
        return f"jobs/{self.job.id}/{self.job.claim}/"

    async def progress(self, report: Report) -> None:
        """Report how far the work is; at most 4 reports a second are recorded."""
        if self._is_due():
            progress = self._progress(report)
            await self._claims.change(
                self.job, lambda at, job: transitions.progressed(at, job, progress)
            )

    async def record(
        self, topic: Topic, effects: Effects, report: Report, **parts: Any
    ) -> None:
        """Store `effects`, the event that tells of them and a report, in one step."""

        async with self._claims.changing(self.job) as (at, job):
            await effects(at.session)
            progress = self._progress(report)
            if self._is_due():
                transitions.progressed(at, job, progress)
            else:
                transitions.advance(job, progress)
            transitions.record(at, job, topic, **parts)

    async def store(
        self, effects: Effects, *, result_type: str, result_id: str
    ) -> None:
        """Store `effects` and show them as the job's result from now on."""

        async with self._claims.changing(self.job) as (at, job):
            await effects(at.session)
            job.result_type, job.result_id = result_type, result_id

    async def succeed(self, effects: Effects | None = None) -> None:
        """Store the last effects and end the job, in one transaction."""

        if effects is None:
            await self._claims.change(self.job, transitions.succeeded)
        else:
            async with self._claims.changing(self.job) as (at, job):
                await effects(at.session)
                transitions.succeeded(at, job)
        self.has_ended = True

    @asynccontextmanager
    async def ending(self, report: Callable[[], Report]) -> AsyncIterator[Session]:
        """Open a transaction that may take long, and of which the job's end is the last.

        With what `report` tells then.
        Until the block's end the job's row is free for heartbeats, reports and cancels.
        An error in the block, or a lost claim, leaves nothing of the transaction.
        """
        told = self._claims.ending(self.job, lambda: self._progress(report()))
        async with told as session:
            yield session
        self.has_ended = True

    def _is_due(self) -> bool:
        """Tell whether another progress event may be recorded, and count it."""
        now = time.monotonic()
        if now - self._reported < PROGRESS_SECONDS:
            return False
        self._reported = now
        return True

    def _progress(self, report: Report) -> Progress:
        eta = eta_seconds(report.fraction, self._started, utc_now())
        return Progress(
            report.fraction,
            report.stage,
            report.done,
            report.total,
            eta,
            report.message,
        )
