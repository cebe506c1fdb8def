"""Where jobs stand in PostgreSQL, as those who follow the log need it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from events.schemas import JobBody


class JobHead(NamedTuple):
    """A row's job_seq, and the lowest number that is still in the outbox."""

    job_seq: int
    first_waiting: int | None

    @property
    def published(self) -> int:
        """The highest job_seq that must be in the event log."""
        return self.job_seq if self.first_waiting is None else self.first_waiting - 1


class JobHeads(Protocol):
    """Where many jobs stand."""

    async def heads(self, job_ids: Sequence[str]) -> Mapping[str, JobHead]:
        """Return the heads of the jobs that exist."""


class JobRows(Protocol):
    """Jobs' rows as events would carry them."""

    async def body(self, job_id: str) -> JobBody | None:
        """Return a job's row; None where it is not there."""

    def changed(
        self, owner: str | None, kinds: Sequence[str], since: datetime
    ) -> AsyncIterator[JobBody]:
        """Yield an owner's jobs (None: everybody's) that run, wait, or changed since.

        `kinds` may be empty: all. The oldest come first.
        """
