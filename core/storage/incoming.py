"""Bytes on their way in: hashed and written beside the event loop, then moved whole."""

import asyncio
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from core.errors import AppError, ErrorCode

BUFFER_BYTES: Final = 1024 * 1024


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn what the file system refuses into STORAGE_UNAVAILABLE."""
    try:
        yield
    except OSError as error:
        raise AppError(
            ErrorCode.STORAGE_UNAVAILABLE, "The object store cannot be used just now."
        ) from error


def sync_directory(path: Path) -> None:
    """Make the names in a directory survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_durable_directory(path: Path, root: Path) -> None:
    """Make a directory below `root`, and each new name on the way to it durable."""
    if path.is_dir():
        return
    path.mkdir(parents=True, exist_ok=True)
    while path != root:
        path = path.parent
        sync_directory(path)


def move_durably(temporary: Path, final: Path, root: Path) -> None:
    """Put a synced file in its place in one step; what was there before is replaced."""
    make_durable_directory(final.parent, root)
    os.replace(temporary, final)
    sync_directory(final.parent)


class Incoming:
    """An upload under way; nobody sees it before `commit`. Holds at most 1 MiB.

    `size` is in bytes, `sha256` in hex and of all that was written; both are final
    after `finish`.
    """

    def __init__(self, file: BinaryIO, temporary: Path, final: Path, root: Path):
        self._file = file
        self._temporary = temporary
        self._final = final
        self._root = root
        self._buffer = bytearray()
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        """The hash of what has been flushed."""
        return self._hash.hexdigest()

    async def write(self, chunk: bytes) -> None:
        """Take a chunk; returns when there is room for the next."""
        self.size += len(chunk)
        self._buffer += chunk
        if len(self._buffer) >= BUFFER_BYTES:
            await self._flush()

    async def finish(self) -> None:
        """Write what is left and make it durable."""
        await self._flush()
        with storage_errors():
            await asyncio.to_thread(self._sync)

    async def commit(self) -> None:
        """Make the finished bytes the object's content, in one step."""
        with storage_errors():
            await asyncio.to_thread(
                move_durably, self._temporary, self._final, self._root
            )

    async def _flush(self) -> None:
        buffer, self._buffer = self._buffer, bytearray()
        with storage_errors():
            await asyncio.to_thread(self._write_all, buffer)

    def _write_all(self, buffer: bytearray) -> None:
        self._hash.update(buffer)
        self._file.write(buffer)

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
