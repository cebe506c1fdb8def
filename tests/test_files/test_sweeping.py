"""Sweeping on a real database and both kinds of store."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from core.base import new_id, utc_now
from core.config import Settings
from core.database_async import Database
from core.scratch import Scratch
from core.storage import Storage, make_storage
from features.files import crud, sweeping
from features.files.deleting import Deletions
from features.files.models import SourceFile, StoredObject
from features.files.sweeping import ObjectSweeper
from features.jobs.models import Job
from features.jobs.reading import JobRowsService
from features.psd.models import PsdDocument, PsdLayer
from features.users.models import LOCAL_ADMINISTRATOR_ID
from tests import databases
from tests.test_core.s3_server import running_s3_server
from tests.test_core.storages import disk_settings, s3_settings

OLD = utc_now() - timedelta(hours=3)


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    """Give an empty database with all tables: other features' rows name objects."""
    await databases.empty(migrated_url)
    database = Database(migrated_url, pool_size=5)
    yield database
    await database.close()


@pytest.fixture(params=["disk", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """Give each kind of store."""
    if request.param == "disk":
        return make_storage(disk_settings(tmp_path))
    return make_storage(s3_settings(running_s3_server(), tmp_path))


class Yard:
    """Objects that jobs stored, with rows or without."""

    def __init__(self, database: Database, storage: Storage, path: Path) -> None:
        self.database = database
        self.storage = storage
        self._path = path
        self.sweeper = self.sweeper_with(JobRowsService(database))

    def sweeper_with(
        self, jobs: JobRowsService, grace_seconds: float = 3600.0
    ) -> ObjectSweeper:
        """Make a sweeper that asks `jobs`."""
        settings = Settings(
            sweep_grace_seconds=grace_seconds, download_expires_seconds=1800
        )
        return ObjectSweeper(self.database, self.storage, jobs, settings)

    async def job(self, status: str) -> str:
        """Store a job's row; return its id."""
        job = Job(
            kind="PSD_PARSE",
            owner_id=LOCAL_ADMINISTRATOR_ID,
            mutation="parsePsd",
            input={},
            task_name="tests.nothing",
            start_cursor="",
            status=status,
        )
        async with self.database.transaction() as session:
            session.add(job)
        return job.id

    async def put(self, job_id: str, name: str) -> str:
        """Store an object's bytes alone; return its key."""
        key = f"jobs/{job_id}/1/{name}"
        source = self._path / new_id("object")
        source.write_bytes(name.encode())
        await self.storage.put_file(key, source, "image/png")
        return key

    async def record(self, job_id: str, name: str, **values: Any) -> StoredObject:
        """Store an object with its row."""
        key = await self.put(job_id, name)
        row = StoredObject(
            key=key,
            content_type="image/png",
            size=len(name),
            sha256="0" * 64,
            **({"created_at": OLD} | values),
        )
        async with self.database.transaction() as session:
            session.add(row)
        return row

    async def kept(self, *keys: str) -> list[str]:
        """Return those of the keys whose bytes are there."""
        return [key for key in keys if await self.storage.stat(key) is not None]

    async def rows(self, *objects: StoredObject) -> list[str]:
        """Return the keys of those objects that have a row."""
        async with self.database.transaction() as session:
            found = [await session.get(StoredObject, one.id) for one in objects]
        return [one.key for one in found if one is not None]


@pytest.fixture
async def yard(database: Database, storage: Storage, tmp_path: Path) -> Yard:
    """Give an empty yard of each kind."""
    await storage.delete([one.key async for one in storage.list("jobs/")])
    return Yard(database, storage, tmp_path)


async def test_what_has_expired_goes(yard: Yard) -> None:
    job_id = await yard.job("SUCCEEDED")
    over = await yard.record(job_id, "over", expires_at=OLD)
    later = utc_now() + timedelta(hours=1)
    alive = await yard.record(job_id, "alive", expires_at=later)

    assert await yard.sweeper.sweep_expired() == 1
    assert await yard.kept(over.key, alive.key) == [alive.key]
    assert await yard.rows(over, alive) == [alive.key]
    assert await yard.sweeper.sweep_expired() == 0


async def test_only_ended_jobs_objects_without_a_row_go(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 3)
    ended = [await yard.job(one) for one in ("SUCCEEDED", "FAILED", "CANCELED")]
    going = [await yard.job(one) for one in ("QUEUED", "RUNNING")]
    lost = [await yard.put(job_id, f"lost-{n}") for job_id in ended for n in (1, 2)]
    lost.append(await yard.put(new_id("job"), "of-nobody"))
    kept = [(await yard.record(job_id, "recorded")).key for job_id in ended]
    kept += [await yard.put(job_id, "under-way") for job_id in going]

    assert await yard.sweeper.sweep_unrecorded() == 0
    sweeper = yard.sweeper_with(JobRowsService(yard.database), grace_seconds=0.0)
    # A store's clock may tell whole seconds alone, and be a little ahead.
    await asyncio.sleep(1.1)
    assert await sweeper.sweep_unrecorded() == 7
    assert await yard.kept(*lost, *kept) == kept
    assert await sweeper.sweep_unrecorded() == 0


class JobsThatEnd(JobRowsService):
    """Jobs that record an object and end just before or behind the answer."""

    def __init__(self, database: Database, *, before: bool, row: StoredObject) -> None:
        super().__init__(database)
        self._before = before
        self._row = row

    async def active(self, job_ids: Sequence[str]) -> set[str]:
        """Answer, while the job ends."""
        if self._before:
            await self._end(job_ids[0])
        answer = await super().active(job_ids)
        if not self._before:
            await self._end(job_ids[0])
        return answer

    async def _end(self, job_id: str) -> None:
        async with self._database.transaction() as session:
            session.add(self._row)
            (await session.get_one(Job, job_id)).status = "SUCCEEDED"


@pytest.mark.parametrize("before", [True, False])
async def test_what_a_job_records_while_it_ends_stays(yard: Yard, before: bool) -> None:
    job_id = await yard.job("RUNNING")
    key = await yard.put(job_id, "image")
    row = StoredObject(key=key, content_type="image/png", size=5, sha256="0" * 64)
    jobs = JobsThatEnd(yard.database, before=before, row=row)
    await asyncio.sleep(1.1)
    assert await yard.sweeper_with(jobs, 0.0).sweep_unrecorded() == 0
    assert await yard.kept(key) == [key]


async def test_what_no_document_and_no_layer_names_goes(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 2)
    job_id = await yard.job("SUCCEEDED")
    names = ("image", "preview", "layer-image", "layer-preview", "layer-embedded")
    named = [await yard.record(job_id, name) for name in names]
    before = [await yard.record(job_id, f"before-{n}") for n in range(5)]
    # A URL of half an hour, signed for it before it was replaced, may live an hour.
    recent = utc_now() - timedelta(hours=1, minutes=59)
    fresh = await yard.record(job_id, "fresh", created_at=recent)
    await _name(yard.database, job_id, [one.id for one in named])

    assert await yard.sweeper.sweep_unnamed() == 5
    assert await yard.sweeper.sweep_expired() == 5
    everything = [*named, *before, fresh]
    rest = [one.key for one in (*named, fresh)]
    assert await yard.kept(*(one.key for one in everything)) == rest
    assert await yard.rows(*everything) == rest
    assert await yard.sweeper.sweep_unnamed() == 0

    async with yard.database.transaction() as session:
        await session.execute(delete(PsdDocument))
    assert await yard.sweeper.sweep_unnamed() == 5
    assert await yard.sweeper.sweep_expired() == 5
    assert await yard.kept(*rest) == [fresh.key]


async def test_what_somebody_is_about_to_name_again_stays(yard: Yard) -> None:
    job_id = await yard.job("SUCCEEDED")
    names = ("image", "preview", "layer-image", "layer-preview", "layer-embedded")
    objects = [await yard.record(job_id, name) for name in names]
    shared = objects[2]
    await _name(yard.database, job_id, [one.id for one in objects])
    deletions = Deletions(yard.database, JobRowsService(yard.database))

    async def delete_document() -> None:
        async with yard.database.transaction() as session:
            document = (await session.scalars(select(PsdDocument))).one()
            await deletions.delete_row(session, document)

    async with yard.database.transaction() as session:
        assert await crud.hold_objects(session, [shared.id]) == 1
        deleting = asyncio.create_task(delete_document())
        assert await yard.sweeper.sweep_unnamed() == 0
        await asyncio.sleep(0.5)
        assert not deleting.done()
        other = await yard.job("SUCCEEDED")
        file = _file()
        session.add(file)
        await session.flush()
        session.add(_document(other, file.id, image_id=shared.id))
    await deleting
    async with yard.database.transaction() as session:
        kept = await session.get_one(StoredObject, shared.id)
        gone = await session.get_one(StoredObject, objects[0].id)
    assert kept.expires_at is None
    assert gone.expires_at is not None
    assert await yard.sweeper.sweep_expired() == 4
    assert await yard.rows(*objects) == [shared.key]


async def test_what_is_about_to_go_is_not_named_again(yard: Yard) -> None:
    job_id = await yard.job("SUCCEEDED")
    lasting = await yard.record(job_id, "lasting")
    going = await yard.record(job_id, "going", expires_at=OLD)
    async with yard.database.transaction() as session:
        assert await crud.hold_objects(session, [lasting.id, going.id]) == 1


def _file() -> SourceFile:
    return SourceFile(
        owner_id=LOCAL_ADMINISTRATOR_ID,
        filename="a.psd",
        content_type="image/vnd.adobe.photoshop",
        size=1,
        storage_key=f"files/{new_id('file')}",
        upload_expires_at=OLD,
    )


def _document(job_id: str, file_id: str, **named: Any) -> PsdDocument:
    return PsdDocument(
        id=new_id("psd"),
        owner_id=LOCAL_ADMINISTRATOR_ID,
        job_id=job_id,
        file_id=file_id,
        width=1,
        height=1,
        color_mode="RGB",
        bit_depth=8,
        is_large=False,
        layer_count=1,
        fonts=[],
        **named,
    )


async def _name(database: Database, job_id: str, objects: list[str]) -> None:
    """Store a document and a layer that name the five objects."""
    file = _file()
    document = _document(job_id, file.id, image_id=objects[0], preview_id=objects[1])
    layer = PsdLayer(
        id=new_id("layer"),
        document_id=document.id,
        index=0,
        name="Layer",
        path=["Layer"],
        depth=0,
        kind="PIXEL",
        visible=True,
        opacity=1.0,
        blend_mode="NORMAL",
        left=0,
        top=0,
        width=1,
        height=1,
        clipped=False,
        has_mask=False,
        has_vector_mask=False,
        effects=[],
        fidelity="EXACT",
        unsupported=[],
        image_id=objects[2],
        preview_id=objects[3],
        embedded_id=objects[4],
    )
    async with database.transaction() as session:
        for row in (file, document, layer):
            session.add(row)
            await session.flush()


HOLD = """
import asyncio, sys
from core.config import Settings
from core.scratch import Scratch

async def main():
    async with Scratch(Settings()).directory() as path:
        (path / "half").write_bytes(b"x")
        print(path, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_scratch_of_dead_processes_goes_and_that_of_live_ones_stays(
    tmp_path: Path,
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        env={**os.environ, "ONEMANAGE_DATA_DIR": str(tmp_path)},
        cwd=databases.ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    theirs = Path(child.stdout.readline().strip())
    scratch = Scratch(Settings(data_dir=tmp_path))
    async with scratch.directory() as ours:
        assert theirs.parent == ours.parent == tmp_path / "scratch"
        for path in (ours, theirs):
            _age(path, 3600)
        assert await scratch.sweep() == 0
        child.kill()
        child.wait()
        assert await scratch.sweep() == 1
        assert [*ours.parent.iterdir()] == [ours]
    assert [*ours.parent.iterdir()] == []


async def test_scratch_goes_when_a_day_old_and_not_when_new(tmp_path: Path) -> None:
    scratch = Scratch(Settings(data_dir=tmp_path))
    assert await scratch.sweep() == 0
    async with scratch.directory() as lent:
        new = lent.parent / "new"
        new.mkdir()
        assert await scratch.sweep() == 0
        _age(lent, 25 * 3600)
        assert await scratch.sweep() == 1
        assert [*lent.parent.iterdir()] == [new]


def _age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))
