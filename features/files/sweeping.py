"""Sweeping stored objects whose time is over, and those that nothing leads to."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from core.base import utc_now
from core.config import Settings
from core.database_async import Database, Session
from core.storage import Storage, longest_life
from features.files import crud
from features.files.models import StoredObject
from features.jobs.reading import JobRowsService

# Few enough for a slow store: their rows are locked meanwhile.
BATCH: Final = 100


class ObjectSweeper:
    """Deletes objects: first the bytes, then the rows that stand for them."""

    def __init__(
        self,
        database: Database,
        storage: Storage,
        jobs: JobRowsService,
        settings: Settings,
    ) -> None:
        self._database = database
        self._storage = storage
        self._jobs = jobs
        self._grace = timedelta(seconds=settings.sweep_grace_seconds)
        self._url_life = longest_life(settings.download_expires_seconds)

    async def sweep_expired(self) -> int:
        """Delete what has expired; return how many objects that were."""
        swept = 0
        while True:
            async with self._database.transaction() as session:
                expired = await crud.lock_expired(session, BATCH)
                await self._remove(session, expired)
            swept += len(expired)
            if len(expired) < BATCH:
                return swept

    async def sweep_unnamed(self) -> int:
        """End the life of images that a later attempt has replaced; return how many.

        Whoever saw them before may use their URLs to the end. Their bytes go when that
        is committed: what still looks as if it lasts may be named again.
        """
        before = utc_now() - self._grace - self._url_life
        swept = 0
        while True:
            async with self._database.transaction() as session:
                locked = await crud.lock_unnamed(session, before, BATCH)
                # Named by somebody who was done before the lock was there?
                unnamed = await crud.unnamed_among(session, [one.id for one in locked])
                await crud.set_expiry(session, unnamed, utc_now())
            swept += len(unnamed)
            if len(locked) < BATCH:
                return swept

    async def sweep_unrecorded(self) -> int:
        """Delete ended jobs' objects without a row: their claim was lost meanwhile."""
        before = utc_now() - self._grace
        swept = 0
        keys: list[str] = []
        async for found in self._storage.list("jobs/"):
            if found.modified_at < before:
                keys.append(found.key)
            if len(keys) == BATCH:
                swept += await self._sweep_keys(keys)
                keys = []
        return swept + await self._sweep_keys(keys)

    async def sweep_deleted_files(self) -> int:
        """Delete uploads without a row: targets outlive the files that were deleted."""
        before = utc_now() - self._grace
        swept = 0
        keys: list[str] = []
        async for found in self._storage.list("files/"):
            if found.modified_at < before:
                keys.append(found.key)
            if len(keys) == BATCH:
                swept += await self._sweep_files(keys)
                keys = []
        return swept + await self._sweep_files(keys)

    async def _sweep_files(self, keys: Sequence[str]) -> int:
        async with self._database.transaction() as session:
            known = await crud.known_files(session, keys)
        lost = [key for key in keys if key not in known]
        await self._storage.delete(lost)
        return len(lost)

    async def _sweep_keys(self, keys: Sequence[str]) -> int:
        jobs = {key.split("/")[1] for key in keys}
        # In this order: a job that has ended records nothing more, while one that is
        # active now may record its objects and end before the next line.
        active = await self._jobs.active(sorted(jobs))
        async with self._database.transaction() as session:
            recorded = await crud.recorded_keys(session, keys)
        lost = [
            key
            for key in keys
            if key not in recorded and key.split("/")[1] not in active
        ]
        await self._storage.delete(lost)
        return len(lost)

    async def _remove(self, session: Session, objects: Sequence[StoredObject]) -> None:
        await self._storage.delete([stored.key for stored in objects])
        await crud.remove_objects(session, [stored.id for stored in objects])
