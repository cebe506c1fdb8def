"""Files in: announced, received, checked, lent to workers. Results: stored and shown."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from core.base import new_id, utc_now
from core.config import Settings
from core.database_async import Database, Session
from core.errors import AppError, ErrorCode
from core.scratch import Scratch
from core.storage import ObjectStat, Storage, UploadTarget, stable_expiry
from core.validators import is_id
from features.files import crud
from features.files.exceptions import ObjectsGone, file_not_found
from features.files.models import FileStatus, SourceFile, StoredObject
from features.files.utils import check_announcement, sha256_of_file


class ReceivedBytes(Protocol):
    """An upload that has arrived in full and waits to be put in its place."""

    size: int

    @property
    def sha256(self) -> str:
        """The hash of the bytes, in hex."""

    async def commit(self) -> None:
        """Put the bytes in their place."""


@dataclass(frozen=True, slots=True)
class Download:
    """A signed URL and the instant until which it works."""

    url: str
    expires_at: datetime


class FilesService:
    """The rules of files. Each call is one unit of work."""

    def __init__(
        self, database: Database, storage: Storage, settings: Settings
    ) -> None:
        self._database = database
        self._storage = storage
        self._settings = settings
        self._scratch = Scratch(settings)

    async def create_upload(
        self,
        owner_id: str,
        filename: str,
        size: int,
        content_type: str | None = None,
        sha256: str | None = None,
    ) -> tuple[SourceFile, UploadTarget]:
        """Announce a file; AppError with the field at fault where it cannot be taken."""
        announced = check_announcement(
            filename,
            size,
            content_type,
            sha256,
            max_bytes=self._settings.upload_max_bytes,
        )
        file_id = new_id("file")
        lifetime = timedelta(seconds=self._settings.upload_expires_seconds)
        file = SourceFile(
            id=file_id,
            owner_id=owner_id,
            filename=announced.filename,
            content_type=announced.stored_type,
            size=announced.size,
            announced_sha256=announced.sha256,
            storage_key=f"files/{file_id}",
            upload_expires_at=utc_now() + lifetime,
        )
        target = self._storage.upload_target(
            file.storage_key,
            size=announced.size,
            content_type=announced.content_type,
            sha256=announced.sha256,
            expires_at=file.upload_expires_at,
        )
        async with self._database.transaction() as session:
            session.add(file)
        return file, target

    async def get(self, ids: Sequence[str]) -> dict[str, SourceFile]:
        """Return the files that exist, by id."""
        async with self._database.statement() as session:
            return {file.id: file for file in await crud.files_by_ids(session, ids)}

    async def list_page(
        self,
        owner_id: str | None,
        limit: int,
        after: tuple[datetime, str] | None = None,
    ) -> Sequence[SourceFile]:
        """Return at most `limit` files, newest first.

        `after` is the `created_at` and id of the last one seen; owner None means all.
        """
        async with self._database.statement() as session:
            return await crud.files_page(session, owner_id, limit, after)

    async def count(self, owner_id: str | None) -> int:
        """Count an owner's files (None: all)."""
        async with self._database.statement() as session:
            return await crud.count_files(session, owner_id)

    async def require_ready(
        self, owner_id: str | None, file_id: str, field: tuple[str, ...]
    ) -> SourceFile:
        """Return an owner's file (None: anyone's) whose bytes are there.

        AppError NOT_FOUND or NOT_UPLOADED with `field`. A store that tells nobody what
        arrives (S3) is asked.
        """
        known = await self.get([file_id]) if is_id("file", file_id) else {}
        file = known.get(file_id)
        if file is None or owner_id not in (None, file.owner_id):
            raise file_not_found(field)
        if file.recorded_status != FileStatus.READY:
            stat = await self._storage.stat(file.storage_key)
            if stat is not None:
                file = await self._record_arrival(file, stat)
        if file.status is not FileStatus.READY:
            raise AppError(ErrorCode.NOT_UPLOADED, file.absence, field=field)
        return file

    async def complete_upload(self, key: str, received: ReceivedBytes) -> SourceFile:
        """Take an upload's bytes: into their place, and the file READY, together.

        AppError NOT_FOUND; INVALID where the bytes are not the announced ones, which
        rejects the file until a better upload; CONFLICT where it is READY with others.
        """
        async with self._database.transaction() as session:
            file = await crud.lock_file_by_key(session, key)
            if file is None:
                raise file_not_found()
            if file.recorded_status == FileStatus.READY:
                return _same_as_ready(file, received)
            fault = file.fault_of(received.size, received.sha256)
            if fault is None:
                await received.commit()
            file.settle(fault, received.sha256)
        if fault is not None:
            raise AppError(ErrorCode.INVALID, fault)
        return file

    async def reject_upload(self, key: str, reason: str) -> None:
        """Note why an upload was refused, unless the file is READY already."""
        async with self._database.transaction() as session:
            file = await crud.lock_file_by_key(session, key)
            if file is not None and file.recorded_status != FileStatus.READY:
                file.settle(reason, None)

    async def verify(self, file_id: str, local_path: Path) -> SourceFile:
        """Hash a file's bytes, once; AppError CORRUPT_FILE where others were announced."""
        digest = await asyncio.to_thread(sha256_of_file, local_path)
        async with self._database.transaction() as session:
            file = await crud.lock_file(session, file_id)
            if file is None:
                raise file_not_found()
            fault = file.fault_of(file.size, digest)
            file.settle(fault, digest)
        if fault is not None:
            await self._storage.delete([file.storage_key])
            raise AppError(ErrorCode.CORRUPT_FILE, fault)
        return file

    @asynccontextmanager
    async def materialize(self, file: SourceFile) -> AsyncIterator[Path]:
        """Lend a READY file's bytes as a local file, not to be written.

        Bytes that nobody has hashed yet are verified first.
        """
        async with self._local_copy(file.storage_key, file.id) as path:
            if file.sha256 is None:
                await self.verify(file.id, path)
            yield path

    @asynccontextmanager
    async def borrow(self, stored: StoredObject) -> AsyncIterator[Path]:
        """Lend a result's bytes as a local file, not to be written."""
        async with self._local_copy(stored.key, stored.id) as path:
            yield path

    async def put_object(
        self,
        key: str,
        path: Path,
        content_type: str,
        *,
        sha256: str | None = None,
        width: int | None = None,
        height: int | None = None,
        expires_at: datetime | None = None,
    ) -> StoredObject:
        """Store a result's bytes; its row is the caller's to add with `add_objects`.

        Nobody may write to `path` any more. Sizes are an image's, in pixels.
        """
        digest = sha256
        if digest is None:
            digest = await asyncio.to_thread(sha256_of_file, path)
        size = (await asyncio.to_thread(path.stat)).st_size
        await self._storage.put_file(key, path, content_type)
        return StoredObject(
            key=key,
            content_type=content_type,
            size=size,
            sha256=digest,
            width=width,
            height=height,
            expires_at=expires_at,
        )

    def add_objects(self, session: Session, objects: Iterable[StoredObject]) -> None:
        """Record stored results in the caller's transaction."""
        session.add_all(objects)

    async def same_content(
        self, owner_id: str, sha256s: Sequence[str]
    ) -> dict[str, str]:
        """Return the ids of an owner's lasting images of these bytes, by sha256."""
        if not sha256s:
            return {}
        async with self._database.statement() as session:
            return await crud.same_content(session, owner_id, sha256s)

    async def hold_objects(self, session: Session, ids: Sequence[str]) -> None:
        """Keep objects from being swept until the caller's transaction names them.

        ObjectsGone where one is not there any more, or about to go.
        """
        if ids and await crud.hold_objects(session, ids) < len(ids):
            raise ObjectsGone

    async def keep_until(
        self, session: Session, ids: Sequence[str], expires_at: datetime
    ) -> None:
        """Move the end of stored objects' life, in the caller's transaction."""
        await crud.set_expiry(session, ids, expires_at)

    async def get_objects(self, ids: Sequence[str]) -> dict[str, StoredObject]:
        """Return the stored objects that exist, by id."""
        async with self._database.statement() as session:
            found = await crud.objects_by_ids(session, ids)
        return {stored.id: stored for stored in found}

    def download(
        self, stored: StoredObject, *, filename: str | None = None, inline: bool = True
    ) -> Download:
        """Sign a URL for a result; no longer valid than the result lives."""
        expires_at = stable_expiry(self._settings.download_expires_seconds)
        if stored.expires_at is not None:
            expires_at = min(expires_at, stored.expires_at)
        url = self._storage.download_url(
            stored.key,
            stored.content_type,
            expires_at,
            filename=filename,
            inline=inline,
        )
        return Download(url, expires_at)

    async def _record_arrival(self, file: SourceFile, stat: ObjectStat) -> SourceFile:
        async with self._database.transaction() as session:
            locked = await crud.lock_file(session, file.id)
            if locked is None or locked.recorded_status == FileStatus.READY:
                return locked or file
            fault = locked.fault_of(stat.size, stat.sha256)
            locked.settle(fault, stat.sha256)
        if fault is not None:
            await self._storage.delete([locked.storage_key])
        return locked

    @asynccontextmanager
    async def _local_copy(self, key: str, name: str) -> AsyncIterator[Path]:
        path = self._storage.local_path(key)
        if path is not None:
            if not await asyncio.to_thread(path.exists):
                raise AppError(ErrorCode.NOT_FOUND, "The stored object is gone.")
            yield path
            return
        async with self._scratch.directory() as directory:
            copy = directory / name
            await self._storage.fetch_to(key, copy)
            yield copy


def _same_as_ready(file: SourceFile, received: ReceivedBytes) -> SourceFile:
    if file.sha256 != received.sha256:
        raise AppError(
            ErrorCode.CONFLICT, "This file has been uploaded already, with other bytes."
        )
    return file
