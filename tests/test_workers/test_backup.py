"""Backup and restore: of a system at work, and what both refuse."""

import asyncio
import os
import stat
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest

from core.config import Settings
from core.database_async import Database
from tests.client import Client
from tests.integration.designs import noisy_design
from tests.integration.pictures import document_of
from tests.running import ROOT, Running, eventually, settings
from tests.test_psd.documents import small_document
from tests.test_workers.test_cli import onemanage
from workers.backup import BackupFailed, back_up, restore
from workers.embedded.postgres import PostgresServer
from workers.postgres_tools import PostgresTools, ToolFailed

ADD_OBJECT = (
    "insert into stored_objects (id, key, content_type, size, sha256, created_at) "
    "values ('object_1', 'a/b', 'image/png', 1, '', now())"
)


def _objects(data_dir: Path) -> dict[str, bytes]:
    """Return the store's content; uploads under way are no part of it."""
    root = data_dir / "objects"
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".incoming" not in path.parts
    }


async def _shown(client: Client, job_id: str) -> tuple[Any, list[bytes]]:
    """Return a document without its addresses, and the bytes of all its images."""
    document = await document_of(client, job_id)
    pictures: list[bytes] = []
    async with httpx.AsyncClient() as http:
        for one in (document, *document["layers"]["nodes"]):
            for name in ("image", "preview"):
                if picture := one[name]:
                    del picture["expiresAt"]
                    answer = await http.get(picture.pop("url"))
                    assert answer.status_code == 200
                    pictures.append(answer.content)
    return document, pictures


async def test_a_system_at_work_comes_back_elsewhere(
    running: Running, client: Client, tmp_path: Path
) -> None:
    small_document().save(tmp_path / "small.psd")
    file_id = await client.upload(tmp_path / "small.psd")
    job_id = (await client.parse(file_id, waitMs=0))["job"]["id"]
    assert (await client.watch(job_id))[-1]["job"]["status"] == "SUCCEEDED"
    before = await _shown(client, job_id)
    assert len(before[1]) > 4

    noisy = await client.upload(noisy_design(tmp_path / "noisy.psd", 24, 400))
    busy = (await client.parse(noisy, waitMs=0))["job"]
    archive = tmp_path / "backup.tar"
    done = await asyncio.to_thread(onemanage, running.data_dir, "backup", str(archive))
    assert (done.returncode, done.stderr) == (0, "")
    assert (await client.watch(busy["id"]))[-1]["job"]["status"] == "SUCCEEDED"
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    with tarfile.open(archive) as tar:
        names = tar.getnames()
    assert names[:2] == ["database.dump", "objects"]
    assert [name for name in names if ".incoming" in name] == []
    assert done.stdout == (
        f"{archive} holds the database and {len(names) - 2} objects in "
        f"{archive.stat().st_size} bytes\n"
    )

    data_dir = tmp_path / "new"
    restored = await asyncio.to_thread(_restore_into, data_dir, archive)
    assert (restored.returncode, restored.stderr) == (0, "")
    assert restored.stdout == (
        f"{archive} has been restored: the database and {len(names) - 2} objects\n"
    )
    assert len(_objects(data_dir)) == len(names) - 2
    again = await asyncio.to_thread(Running, data_dir)
    try:
        async with Client(again.base_url) as other:
            assert await _shown(other, job_id) == before
    finally:
        again.supervisor.terminate()
        await asyncio.to_thread(again.supervisor.wait, 60)


def _restore_into(data_dir: Path, archive: Path) -> subprocess.CompletedProcess[str]:
    server = PostgresServer(data_dir)
    server.start()
    try:
        return onemanage(data_dir, "restore", str(archive), DATABASE_URL=server.url)
    finally:
        server.stop()


async def test_what_is_filled_is_left_as_it_is(
    running: Running, client: Client, tmp_path: Path
) -> None:
    small_document().save(tmp_path / "small.psd")
    file_id = await client.upload(tmp_path / "small.psd")
    job_id = (await client.parse(file_id, waitMs=0))["job"]["id"]
    await client.watch(job_id)
    archive = tmp_path / "backup.tar"
    done = await asyncio.to_thread(onemanage, running.data_dir, "backup", str(archive))
    assert done.returncode == 0
    later = await client.upload(tmp_path / "small.psd")
    before = await _shown(client, job_id), _objects(running.data_dir)
    done = await asyncio.to_thread(onemanage, running.data_dir, "restore", str(archive))
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "The database is not empty: it has rows in jobs, source_files, psd_documents. "
        "Restore into a new one.\n",
    )
    assert (await _shown(client, job_id), _objects(running.data_dir)) == before
    assert (await client.parse(later, waitMs=0))["userErrors"] == []


def _settings(url: str, data_dir: Path) -> Settings:
    return Settings(_env_file=None, database_url=url, data_dir=data_dir)


def _name(process: psutil.Process) -> str | None:
    """Return what a process runs; None where it has ended meanwhile."""
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return None


async def test_no_command_line_shows_the_password(
    database: Database, migrated_url: str, tmp_path: Path
) -> None:
    password = database.engine.url.password
    assert password
    connection = await asyncpg.connect(migrated_url)
    url = migrated_url.replace("postgresql://", "postgresql+asyncpg://")
    try:
        async with connection.transaction():
            # The dump waits for it, so that it can be looked at.
            await connection.execute("lock table jobs in access exclusive mode")
            backup = subprocess.Popen(
                [sys.executable, "-m", "workers.cli", "backup", str(tmp_path / "b")],
                cwd=ROOT,
                env=settings(tmp_path, DATABASE_URL=url),
            )
            dump = await asyncio.to_thread(
                eventually, lambda: psutil.Process(backup.pid).children()
            )
            while _name(dump[0]) != "pg_dump":
                await asyncio.sleep(0.05)
                dump = psutil.Process(backup.pid).children() or dump
            lines = [*dump[0].cmdline(), *psutil.Process(backup.pid).cmdline()]
            assert [line for line in lines if password in line] == []
            assert dump[0].environ()["PGPASSWORD"] == password
    finally:
        await connection.close()
    assert await asyncio.to_thread(backup.wait, 60) == 0


async def test_a_backup_without_the_objects_is_refused(
    database: Database, migrated_url: str, tmp_path: Path
) -> None:
    connection = await asyncpg.connect(migrated_url)
    await connection.execute(ADD_OBJECT)
    await connection.close()
    with pytest.raises(BackupFailed) as caught:
        back_up(_settings(migrated_url, tmp_path), tmp_path / "b.tar")
    assert str(caught.value) == (
        f"{tmp_path}/objects is missing, and the database names objects in it; set "
        "ONEMANAGE_DATA_DIR to the directory that the servers use."
    )
    assert [*tmp_path.iterdir()] == []


async def test_a_store_with_objects_is_left_as_it_is(
    database: Database, migrated_url: str, tmp_path: Path
) -> None:
    wanted = _settings(migrated_url, tmp_path)
    (tmp_path / "objects" / ".incoming").mkdir(parents=True)
    (tmp_path / "objects" / ".incoming" / "upload").touch()
    line = back_up(wanted, tmp_path / "b.tar")
    assert line.startswith(f"{tmp_path}/b.tar holds the database and 0 objects in ")
    assert restore(wanted, tmp_path / "b.tar") == (
        f"{tmp_path}/b.tar has been restored: the database and 0 objects"
    )
    (tmp_path / "objects" / "ab").mkdir()
    (tmp_path / "objects" / "ab" / "object").write_text("precious")
    with pytest.raises(BackupFailed) as caught:
        restore(wanted, tmp_path / "b.tar")
    assert str(caught.value) == (
        f"{tmp_path}/objects is not empty; restore into a new data directory."
    )
    assert (tmp_path / "objects" / "ab" / "object").read_text() == "precious"


async def test_what_is_no_backup_is_told(
    database: Database, migrated_url: str, tmp_path: Path
) -> None:
    wanted = _settings(migrated_url, tmp_path)
    file = tmp_path / "b.tar"
    file.write_text("no archive")
    with pytest.raises(BackupFailed) as caught:
        back_up(wanted, file)
    assert str(caught.value) == f"{file} is there already; name a new file."
    with pytest.raises(BackupFailed) as caught:
        restore(wanted, file)
    assert str(caught.value) == f"{file} is no backup: truncated header"
    assert file.read_text() == "no archive"
    with pytest.raises(BackupFailed, match="No such file or directory"):
        restore(wanted, tmp_path / "absent.tar")
    with pytest.raises(BackupFailed, match="^psql failed: "):
        back_up(_settings("postgresql://a:b@127.0.0.1:9/c", tmp_path), tmp_path / "c")
    assert os.listdir(tmp_path) == ["b.tar"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql+asyncpg://a%40b:c%2Fd%3A@[::1]:1/e%20f?ssl=require",
            {
                "PGHOST": "::1",
                "PGPORT": "1",
                "PGUSER": "a@b",
                "PGPASSWORD": "c/d:",
                "PGDATABASE": "e f",
                "PGSSLMODE": "require",
            },
        ),
        (
            "postgres://a@/b?host=/run/postgresql&port=2",
            {
                "PGHOST": "/run/postgresql",
                "PGPORT": "2",
                "PGUSER": "a",
                "PGDATABASE": "b",
            },
        ),
    ],
)
def test_an_address_is_taken_apart(url: str, expected: dict[str, str]) -> None:
    assert PostgresTools.for_url(url).env == expected


def test_an_unreadable_address_is_not_quoted() -> None:
    with pytest.raises(ToolFailed) as caught:
        PostgresTools.for_url("postgresql://a:secret@host:secret/b")
    assert str(caught.value) == "ONEMANAGE_DATABASE_URL is no valid address"
