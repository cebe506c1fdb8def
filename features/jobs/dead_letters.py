"""Dead letters as administrators see them."""

from collections.abc import Sequence
from datetime import datetime

from core.database_async import Database
from features.jobs import crud
from features.jobs.models import DeadLetter


class DeadLettersService:
    """Reads dead letters. Each call is one statement."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_ids(self, ids: Sequence[str]) -> dict[str, DeadLetter]:
        """Return the dead letters that exist, by id."""
        async with self._database.statement() as session:
            found = await crud.dead_letters_by_ids(session, ids)
        return {letter.id: letter for letter in found}

    async def page(
        self, limit: int, after: tuple[datetime, str] | None
    ) -> Sequence[DeadLetter]:
        """Return the newest dead letters, behind the key `after`."""
        async with self._database.statement() as session:
            return await crud.dead_letters_page(session, limit, after)

    async def count(self) -> int:
        """Return how many dead letters there are."""
        async with self._database.statement() as session:
            return await crud.count_dead_letters(session)
