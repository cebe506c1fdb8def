"""Dead letters of messages that no worker understood."""

import msgspec

from core.base import prefix_of
from core.database_async import Database, Session
from core.nats import RelayWaker
from features.jobs import crud, transitions
from features.jobs.models import Job, JobStatus


class _Named(msgspec.Struct):
    """What a task's message says of its job."""

    task_id: str


class Burial:
    """Stores messages that no worker understood, and publishes an event for each."""

    def __init__(self, database: Database, wake: RelayWaker) -> None:
        self._database = database
        self._wake = wake

    async def bury(self, message: bytes, reason: str) -> None:
        """Store one message with the reason why it cannot be worked on.

        A QUEUED job that it names has FAILED: it would wait for ever.
        """
        async with self._database.transaction() as session:
            job = await _job_of(session, message)
            if job is not None and job.status == JobStatus.QUEUED:
                now = await crud.now(session)
                await transitions.buried(session, job, now, reason, message)
            else:
                await transitions.bury(session, reason, message, job)
        await self._wake()


async def _job_of(session: Session, message: bytes) -> Job | None:
    try:
        named = msgspec.json.decode(message, type=_Named)
    except msgspec.DecodeError:
        return None
    if prefix_of(named.task_id) is None:
        return None
    return await crud.locked(session, named.task_id)
