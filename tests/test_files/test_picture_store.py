"""Pictures that a job stores: the same pixels once, and never lost to a deletion."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.base import new_id, utc_now
from core.config import Settings
from core.database_async import Database
from core.storage import Storage, make_storage
from features.files import crud
from features.files.exceptions import ObjectsGone
from features.files.models import StoredObject
from features.files.services import FilesService
from features.psd.picture_store import NamedPicture, PictureStore, StoredPictures
from features.psd.utils import Picture
from features.users.models import LOCAL_ADMINISTRATOR_ID
from tests import databases
from tests.test_core.storages import disk_settings


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    """Give an empty database with all tables."""
    await databases.empty(migrated_url)
    database = Database(migrated_url, pool_size=3)
    yield database
    await database.close()


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """Give a store on the disk."""
    return make_storage(disk_settings(tmp_path))


class Job:
    """A job that stores pictures, without the rest of it."""

    def __init__(self, database: Database, storage: Storage, path: Path) -> None:
        self._database = database
        self._path = path
        files = FilesService(database, storage, Settings(data_dir=path))
        job_id = new_id("job")
        run: Any = SimpleNamespace(
            prefix=f"jobs/{job_id}/1/",
            job=SimpleNamespace(id=job_id, owner_id=LOCAL_ADMINISTRATOR_ID),
        )
        self.store = PictureStore(run, files, timedelta(hours=24))

    def picture(self, name: str, pixels: bytes) -> NamedPicture:
        """Write a picture and its preview."""
        return NamedPicture(name, self._file(pixels), self._file(b"small " + pixels))

    def _file(self, data: bytes) -> Picture:
        path = self._path / new_id("object")
        path.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        return Picture(str(path), "image/png", 1, 1, len(data), digest)

    async def record(self, stored: StoredPictures) -> list[str]:
        """Record what was stored; return the ids of the images."""
        async with self._database.transaction() as session:
            await self.store.record(session, stored)
        await self.store.recorded(stored)
        return [one.image_id for one in stored.pictures]


async def test_the_same_pixels_are_put_once(
    database: Database, storage: Storage, tmp_path: Path
) -> None:
    job = Job(database, storage, tmp_path)
    pictures = [
        job.picture(name, data) for name, data in zip("abc", [b"x", b"y", b"x"])
    ]
    stored = await job.store.store(pictures)
    assert (len(stored.new), stored.held) == (5, [])
    first, second, third = await job.record(stored)
    assert first == third != second
    assert not any(path.exists() for path in stored.files)
    assert len(stored.files) == 6

    again = await job.store.store([job.picture("d", b"x")])
    assert (len(again.new), again.held) == (1, [first])
    other = Job(database, storage, tmp_path)
    later = await other.store.store(
        [other.picture("e", b"y"), other.picture("f", b"z")]
    )
    assert (len(later.new), later.held) == (3, [second])
    keys = [one.key async for one in storage.list("jobs/")]
    assert len(keys) == 5 + 1 + 3


async def test_what_is_deleted_meanwhile_is_stored_anew(
    database: Database, storage: Storage, tmp_path: Path
) -> None:
    job = Job(database, storage, tmp_path)
    [first] = await job.record(await job.store.store([job.picture("a", b"x")]))
    other = Job(database, storage, tmp_path)
    pictures = [other.picture("b", b"x"), other.picture("c", b"y")]
    stored = await other.store.store(pictures)
    async with database.transaction() as session:
        await crud.set_expiry(session, [first], utc_now())
    with pytest.raises(ObjectsGone):
        await other.record(stored)
    ids = await other.record(await other.store.store(pictures, anew=True))
    assert first not in ids
    async with database.transaction() as session:
        rows = [await session.get_one(StoredObject, one) for one in ids]
    assert [row.expires_at for row in rows] == [None, None]
    assert [await storage.stat(row.key) is not None for row in rows] == [True, True]
