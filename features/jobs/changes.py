"""Changing jobs: what comes at once shares a transaction, and so its cost."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from core.grouping import Grouping
from features.jobs.exceptions import PlacesHeld, Refused
from features.jobs.models import Job
from features.jobs.transaction import (
    GROUP_PATIENCE,
    JobTransaction,
    JobTransactions,
)

type Change[T] = Callable[[JobTransaction, Job | None], T]


class _Asked(NamedTuple):
    job_id: str
    change: Change[Any]


class _Absent(Refused):
    """The group's transaction did not get what the change needs: somebody holds it."""


class JobChanges:
    """Applies small changes of jobs, each as if it were alone.

    A change raises `Refused` before it changes anything, or nothing.
    """

    def __init__(self, transactions: JobTransactions) -> None:
        self._transactions = transactions
        self._grouped: Grouping[_Asked, Any] = Grouping(self._apply_all)

    async def apply[T](self, job_id: str, change: Change[T]) -> T:
        """Change a job under its lock, None where there is none; return the answer."""
        try:
            answer: T = await self._grouped(_Asked(job_id, change))
        except _Absent:
            # By itself, so that nobody else waits for whoever holds the lock.
            async with self._transactions.begin() as at:
                answer = change(at, await at.lock(job_id))
        return answer

    async def _apply_all(self, asked: Sequence[_Asked]) -> list[Any]:
        try:
            async with self._transactions.begin(patience=GROUP_PATIENCE) as at:
                jobs = await at.lock_at_once([one.job_id for one in asked])
                return [_answer(at, jobs.get(one.job_id), one) for one in asked]
        except PlacesHeld:
            return [_Absent(one.job_id) for one in asked]


def _answer(at: JobTransaction, job: Job | None, asked: _Asked) -> Any:
    if job is None:
        return _Absent(asked.job_id)
    try:
        return asked.change(at, job)
    except Refused as refusal:
        return refusal
