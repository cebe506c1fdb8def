"""The built-in store: one file per object below a directory."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO, Final

from core.errors import AppError, ErrorCode
from core.storage.incoming import (
    Incoming,
    move_durably,
    storage_errors,
)
from core.storage.interface import ObjectStat, UploadTarget
from core.storage.keys import check_key, group_of
from core.storage.media import disposition_type
from core.storage.tokens import DownloadGrant, TokenSigner, UploadGrant

_TEMPORARY: Final = ".incoming"
_SYNCS_AT_ONCE: Final = 16


class DiskStorage:
    """Objects as files ``ab/cd/<key>`` below `root`; URLs below ``/files``.

    The two directories come from the hash of the key's group, so that one owner's
    objects lie together and listing them reads one directory.
    """

    def __init__(self, root: Path, *, base_url: str, signer: TokenSigner) -> None:
        self.signer = signer
        self._root = root.absolute()
        self._temporary = self._root / _TEMPORARY
        self._url = f"{base_url}/files/"
        # Syncs that wait side by side share one write of the file system's journal.
        self._syncing = ThreadPoolExecutor(_SYNCS_AT_ONCE, "storage")

    def upload_target(
        self,
        key: str,
        *,
        size: int,
        content_type: str | None,
        sha256: str | None,
        expires_at: datetime,
    ) -> UploadTarget:
        """Sign a PUT to this server's own /files."""
        grant = UploadGrant(
            check_key(key), int(expires_at.timestamp()), size, content_type, sha256
        )
        headers = {} if content_type is None else {"Content-Type": content_type}
        url = self._url + self.signer.sign(grant)
        return UploadTarget("PUT", url, headers, expires_at)

    def download_url(
        self,
        key: str,
        content_type: str,
        expires_at: datetime,
        *,
        filename: str | None = None,
        inline: bool = True,
    ) -> str:
        """Sign a GET from this server's own /files."""
        grant = DownloadGrant(
            check_key(key),
            int(expires_at.timestamp()),
            content_type,
            disposition_type(content_type, inline),
            filename,
        )
        return self._url + self.signer.sign(grant)

    def local_path(self, key: str) -> Path:
        """Return where the object is, or would be."""
        group = group_of(check_key(key)) or key
        return self._shard(group) / key.replace("/", "+")

    async def stat(self, key: str) -> ObjectStat | None:
        """Look an object up; its hash is not kept."""
        with storage_errors():
            return await asyncio.to_thread(_stat, self.local_path(key), key)

    async def put_file(self, key: str, path: Path, content_type: str) -> None:
        """Link the file in, or copy it where it is on another file system."""
        loop, final = asyncio.get_running_loop(), self.local_path(key)
        with storage_errors():
            await loop.run_in_executor(self._syncing, self._put_file, final, path)

    async def fetch_to(self, key: str, path: Path) -> None:
        """Copy an object's bytes."""
        with storage_errors():
            found = await asyncio.to_thread(_copy, self.local_path(key), path)
        if not found:
            raise AppError(ErrorCode.NOT_FOUND, "The stored object is gone.")

    @asynccontextmanager
    async def incoming(self, key: str) -> AsyncIterator[Incoming]:
        """Take an object's bytes as they come; whatever is not committed vanishes."""
        final = self.local_path(key)
        with storage_errors():
            file, temporary = await asyncio.to_thread(self._open_temporary)
        try:
            yield Incoming(file, temporary, final, self._root)
        finally:
            await asyncio.to_thread(_close, file, temporary)

    async def delete(self, keys: Iterable[str]) -> None:
        """Delete objects' files."""
        paths = [self.local_path(key) for key in keys]
        with storage_errors():
            await asyncio.to_thread(_delete, paths)

    async def list(self, prefix: str) -> AsyncIterator[ObjectStat]:
        """Go through one shard where the prefix names a whole group, else through all."""
        group = group_of(prefix)
        with storage_errors():
            shards = await asyncio.to_thread(self._shards, group)
        for shard in shards:
            with storage_errors():
                page = await asyncio.to_thread(_scan, shard, prefix)
            for found in page:
                yield found

    async def check(self) -> None:
        """Write and remove a file."""
        async with self.incoming("health") as probe:
            await probe.write(b"alive")
            await probe.finish()

    async def discard_abandoned(self, before: datetime) -> int:
        """Remove uploads that died under way before an instant; return how many."""
        with storage_errors():
            return await asyncio.to_thread(self._discard, before.timestamp())

    async def close(self) -> None:
        """End the threads."""
        self._syncing.shutdown(wait=False)

    def _shard(self, group: str) -> Path:
        digest = hashlib.sha256(group.encode()).hexdigest()
        return self._root / digest[:2] / digest[2:4]

    def _shards(self, group: str | None) -> Sequence[Path]:
        if group is not None:
            return [self._shard(group)]
        return sorted(self._root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]"))

    def _new_temporary(self) -> Path:
        self._temporary.mkdir(parents=True, exist_ok=True)
        return self._temporary / token_hex(16)

    def _open_temporary(self) -> tuple[BinaryIO, Path]:
        temporary = self._new_temporary()
        return temporary.open("xb"), temporary

    def _put_file(self, final: Path, source: Path) -> None:
        temporary = self._new_temporary()
        try:
            _link_or_copy(source, temporary)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            move_durably(temporary, final, self._root)
        finally:
            temporary.unlink(missing_ok=True)

    def _discard(self, before: float) -> int:
        if not self._temporary.is_dir():
            return 0
        old = [
            Path(entry.path)
            for entry in os.scandir(self._temporary)
            if (found := _entry_stat(entry)) and found.st_mtime < before
        ]
        _delete(old)
        return len(old)


def _close(file: BinaryIO, temporary: Path) -> None:
    file.close()
    temporary.unlink(missing_ok=True)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _copy(source: Path, target: Path) -> bool:
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        if source.exists():
            raise
        return False
    return True


def _delete(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _stat(path: Path, key: str) -> ObjectStat | None:
    try:
        return _object_stat(path.stat(), key)
    except FileNotFoundError:
        return None


def _object_stat(found: os.stat_result, key: str) -> ObjectStat:
    return ObjectStat(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))


def _entry_stat(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat()
    except FileNotFoundError:
        return None


def _scan(shard: Path, prefix: str) -> list[ObjectStat]:
    if not shard.is_dir():
        return []
    with os.scandir(shard) as entries:
        found = [(entry.name.replace("+", "/"), entry) for entry in entries]
    return [
        _object_stat(stat, key)
        for key, entry in found
        if key.startswith(prefix) and (stat := _entry_stat(entry))
    ]
