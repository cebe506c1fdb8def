"""What waits and what runs, as PostgreSQL knows it."""

from collections.abc import Mapping
from typing import NamedTuple

from core import outbox
from core.database_async import Database
from core.outbox import OutboxStream, Waiting
from features.jobs import crud
from features.jobs.models import OpenJobs


class Backlog(NamedTuple):
    """The outbox by stream, the jobs that have not ended, and the dead letters."""

    outbox: Mapping[OutboxStream, Waiting]
    jobs: OpenJobs
    dead_letters: int


class BacklogService:
    """Reads the backlog: what is counted is small, or counted in an index."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self) -> Backlog:
        """Return the backlog as it is now."""
        async with self._database.statement() as session:
            return Backlog(
                outbox=await outbox.waiting(session),
                jobs=await crud.open_jobs(session),
                dead_letters=await crud.count_dead_letters(session),
            )
