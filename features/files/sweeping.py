"""Sweeping stored objects whose time is over, such as previews."""

from typing import Final

from core.database_async import Database
from core.storage import Storage
from features.files import crud

BATCH: Final = 500


class ExpiredObjects:
    """Deletes expired objects: first the bytes, then the rows that name them."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage

    async def sweep(self) -> int:
        """Delete what has expired; return how many objects that were."""
        swept = 0
        while True:
            async with self._database.transaction() as session:
                expired = await crud.lock_expired(session, BATCH)
                await self._storage.delete([stored.key for stored in expired])
                await crud.remove_objects(session, [stored.id for stored in expired])
            swept += len(expired)
            if len(expired) < BATCH:
                return swept
