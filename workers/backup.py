"""Backup and restore: PostgreSQL by its own tools, and the built-in store's objects."""

import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from core.config import Settings
from workers.embedded.postgres import binaries

DUMP = "database.dump"
OBJECTS = "objects"


class BackupFailed(Exception):
    """A backup could not be made or put back; the message says what to mend."""


def back_up(settings: Settings, archive: Path) -> str:
    """Write an archive; return a line that says what it holds."""
    _check_database(settings)
    if archive.exists():
        raise BackupFailed(f"{archive} is there already; name a new file.")
    objects = settings.data_dir / OBJECTS
    part = archive.with_name(f"{archive.name}.part")
    with tempfile.TemporaryDirectory() as scratch:
        dump = Path(scratch) / DUMP
        _postgres_tool(
            "pg_dump", ["--format=custom", f"--file={dump}", settings.database_url]
        )
        try:
            with tarfile.open(part, "w") as tar:
                tar.add(dump, DUMP)
                if objects.is_dir() and not settings.uses_s3:
                    tar.add(objects, OBJECTS)
            part.replace(archive)
        finally:
            part.unlink(missing_ok=True)
    return f"{archive} holds {archive.stat().st_size} bytes"


def restore(settings: Settings, archive: Path) -> str:
    """Fill an empty database and store from an archive; return a line for people."""
    _check_database(settings)
    objects = settings.data_dir / OBJECTS
    if not settings.uses_s3 and objects.is_dir() and any(objects.rglob("*")):
        raise BackupFailed(
            f"{objects} is not empty; restore into a new data directory."
        )
    with tempfile.TemporaryDirectory(dir=_existing(settings.data_dir)) as scratch:
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(scratch, filter="data")
        except (OSError, tarfile.TarError) as error:
            raise BackupFailed(f"{archive} is no backup: {error}") from error
        _postgres_tool(
            "pg_restore",
            [
                *("--clean", "--if-exists", "--no-owner", "--single-transaction"),
                f"--dbname={settings.database_url}",
                str(Path(scratch) / DUMP),
            ],
        )
        restored = Path(scratch) / OBJECTS
        if restored.is_dir():
            shutil.rmtree(objects, ignore_errors=True)
            restored.rename(objects)
    return f"{archive} has been restored"


def _check_database(settings: Settings) -> None:
    if not settings.database_url:
        raise BackupFailed(
            "No database: start everything with 'make run', or set "
            "ONEMANAGE_DATABASE_URL."
        )


def _existing(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _postgres_tool(name: str, arguments: Sequence[str]) -> None:
    done = subprocess.run(
        [binaries() / name, *arguments], capture_output=True, text=True
    )
    if done.returncode != 0:
        raise BackupFailed(f"{name} failed: {done.stderr.strip()}")
