"""Backup and restore: PostgreSQL by its own tools, and the built-in store's objects."""

import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from core.config import Settings
from workers.embedded.server import ServerError
from workers.postgres_tools import PostgresTools, ToolFailed

DUMP: Final = "database.dump"
OBJECTS: Final = "objects"
# What is lost for good if it is dropped.
PRECIOUS: Final = ("jobs", "source_files", "psd_documents")


class BackupFailed(Exception):
    """A backup could not be made or put back; the message says what to mend."""


def back_up(settings: Settings, archive: Path) -> str:
    """Write an archive, for its owner alone; return a line that says what it holds."""
    with _failures_told():
        tools = _tools(settings)
        if archive.exists():
            raise BackupFailed(f"{archive} is there already; name a new file.")
        objects = None if settings.uses_s3 else settings.data_dir / OBJECTS
        _check_source(tools, objects)
        with tempfile.TemporaryDirectory(
            prefix=f".{archive.name}-", dir=archive.parent
        ) as scratch:
            dump, part = Path(scratch, DUMP), Path(scratch, "archive")
            tools.run("pg_dump", "--format=custom", f"--file={dump}")
            with _private(part) as file:
                count = _write(file, dump, objects)
            part.replace(archive)
    size = archive.stat().st_size
    return f"{archive} holds the database and {count} objects in {size} bytes"


def restore(settings: Settings, archive: Path) -> str:
    """Fill an empty database and store from an archive; return a line for people.

    Refused before anything is changed where either holds something.
    """
    with _failures_told():
        tools = _tools(settings)
        objects = settings.data_dir / OBJECTS
        _check_target(settings, tools, objects)
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=settings.data_dir) as scratch:
            extracted = Path(scratch)
            _extract(archive, extracted, settings.uses_s3)
            # Unpacking takes a while, in which somebody may have begun to work here.
            _check_target(settings, tools, objects)
            tools.run(
                "pg_restore",
                *("--clean", "--if-exists", "--no-owner", "--single-transaction"),
                *("--dbname", tools.database, str(extracted / DUMP)),
            )
            count = _move_in(extracted / OBJECTS, objects)
    return f"{archive} has been restored: the database and {count} objects"


@contextmanager
def _failures_told() -> Iterator[None]:
    try:
        yield
    except (ToolFailed, ServerError, OSError) as error:
        raise BackupFailed(str(error)) from error


def _tools(settings: Settings) -> PostgresTools:
    if not settings.database_url:
        raise BackupFailed(
            "No database: start everything with 'make run', or set "
            "ONEMANAGE_DATABASE_URL."
        )
    return PostgresTools.for_url(settings.database_url)


def _check_source(tools: PostgresTools, objects: Path | None) -> None:
    missing = [name for name in PRECIOUS if not tools.has_table(name)]
    if missing:
        raise BackupFailed(
            f"The database has no table {missing[0]}: nothing to back up."
        )
    if objects is None or objects.is_dir():
        return
    if tools.is_true(
        "select exists (select from stored_objects) "
        "or exists (select from source_files where status = 'READY')"
    ):
        raise BackupFailed(
            f"{objects} is missing, and the database names objects in it; set "
            "ONEMANAGE_DATA_DIR to the directory that the servers use."
        )


def _check_target(settings: Settings, tools: PostgresTools, objects: Path) -> None:
    filled = [
        name
        for name in PRECIOUS
        if tools.has_table(name)
        and tools.is_true(f"select exists (select from {name})")
    ]
    if filled:
        raise BackupFailed(
            f"The database is not empty: it has rows in {', '.join(filled)}. Restore "
            "into a new one."
        )
    if not settings.uses_s3 and next(_files(objects), None) is not None:
        raise BackupFailed(
            f"{objects} is not empty; restore into a new data directory."
        )


@contextmanager
def _private(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that its owner alone may read; it is on the disk at the end."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _write(file: BinaryIO, dump: Path, objects: Path | None) -> int:
    """Write the archive; return how many objects it holds."""
    count = 0
    with tarfile.open(fileobj=file, mode="w") as tar:
        tar.add(dump, DUMP)
        if objects is not None:
            folder = tarfile.TarInfo(OBJECTS)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o700
            tar.addfile(folder)
            for path in _files(objects):
                name = f"{OBJECTS}/{path.relative_to(objects)}"
                count += _add(tar, path, name)
    return count


def _add(tar: tarfile.TarFile, path: Path, name: str) -> bool:
    """Add a file as it is now, though it be replaced meanwhile; False where it is gone."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return False
    with file:
        tar.addfile(tar.gettarinfo(arcname=name, fileobj=file), file)
    return True


def _files(objects: Path) -> Iterator[Path]:
    """Go through the store's objects; uploads under way, in .incoming, are none."""
    for folder, folders, names in os.walk(objects, onerror=_raise_unless_gone):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names))


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _extract(archive: Path, target: Path, uses_s3: bool) -> None:
    try:
        with tarfile.open(archive, "r:") as tar:
            tar.extractall(target, filter="data")
    except tarfile.TarError as error:
        raise BackupFailed(f"{archive} is no backup: {error}") from error
    if not (target / DUMP).is_file():
        raise BackupFailed(f"{archive} is no backup: it holds no {DUMP}.")
    has_objects = (target / OBJECTS).is_dir()
    if has_objects and uses_s3:
        raise BackupFailed(f"{archive} holds objects, but here a bucket keeps them.")
    if not has_objects and not uses_s3:
        raise BackupFailed(
            f"{archive} holds no objects: a bucket keeps them; set ONEMANAGE_S3_*."
        )


def _move_in(extracted: Path, objects: Path) -> int:
    """Put each object in its place; return how many there are."""
    count = 0
    for path in _files(extracted):
        place = objects / path.relative_to(extracted)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, place)
        count += 1
    os.sync()
    return count
