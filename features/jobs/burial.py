"""Dead letters of messages that no worker understood."""

import msgspec

from core.base import prefix_of
from features.jobs import transitions
from features.jobs.models import JobStatus
from features.jobs.transaction import JobTransactions


class _Named(msgspec.Struct):
    """What a task's message says of its job."""

    task_id: str


class Burial:
    """Stores messages that no worker understood, and publishes an event for each."""

    def __init__(self, transactions: JobTransactions) -> None:
        self._transactions = transactions

    async def bury(self, message: bytes, reason: str) -> None:
        """Store one message with the reason why it cannot be worked on.

        A QUEUED job that it names has FAILED: it would wait for ever.
        """
        async with self._transactions.begin() as at:
            job = await at.lock(_named_in(message) or "")
            if job is not None and job.status == JobStatus.QUEUED:
                transitions.buried(at, job, reason, message)
            else:
                transitions.bury(at, reason, message, job)


def _named_in(message: bytes) -> str | None:
    """Return the id of the job that a task's message names."""
    try:
        task_id = msgspec.json.decode(message, type=_Named).task_id
    except (ValueError, RecursionError):  # no JSON, no Unicode, or nested without end
        return None
    return task_id if prefix_of(task_id) is not None else None
