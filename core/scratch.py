"""Scratch directories: below the data directory, locked by the process that made them."""

import asyncio
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from core.config import Settings

ABANDONED_SECONDS: Final = 24 * 3600.0
# A directory is there for a moment before it is locked.
NEW_SECONDS: Final = 60.0


class Scratch:
    """Lends directories to work in, and sweeps those that dead processes left."""

    def __init__(self, settings: Settings) -> None:
        self._root = settings.data_dir / "scratch"

    @asynccontextmanager
    async def directory(self) -> AsyncIterator[Path]:
        """Lend a new directory, which goes away with all in it."""
        path, lock = await asyncio.to_thread(self._make)
        try:
            yield path
        finally:
            await asyncio.to_thread(_remove, path, lock)

    async def sweep(self) -> int:
        """Remove directories of dead processes and those a day old; return how many."""
        return await asyncio.to_thread(self._sweep)

    def _make(self) -> tuple[Path, int]:
        self._root.mkdir(parents=True, exist_ok=True)
        path = Path(tempfile.mkdtemp(dir=self._root))
        lock = os.open(path, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        return path, lock

    def _sweep(self) -> int:
        if not self._root.is_dir():
            return 0
        return sum(map(_sweep_one, self._root.iterdir()))


def _remove(path: Path, lock: int) -> None:
    shutil.rmtree(path, ignore_errors=True)
    os.close(lock)


def _sweep_one(path: Path) -> bool:
    try:
        age = time.time() - path.stat().st_mtime
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        if age < NEW_SECONDS:
            return False
        if age < ABANDONED_SECONDS:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path, ignore_errors=True)
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
