"""Deleting what people no longer want, with all that was made from it."""

from sqlmodel import SQLModel

from core.base import utc_now
from core.database_async import Database, Session
from core.errors import AppError, ErrorCode
from core.security import Caller
from core.validators import is_id
from features.files import crud
from features.files.exceptions import file_not_found
from features.files.models import SourceFile, StoredObject
from features.jobs.reading import JobRowsService


class Deletions:
    """Deletes rows at once, and has maintenance sweep their bytes within seconds."""

    def __init__(self, database: Database, jobs: JobRowsService) -> None:
        self._database = database
        self._jobs = jobs

    async def delete_file(self, caller: Caller, file_id: str) -> None:
        """Delete an upload, whatever was parsed from it, and all their pictures.

        AppError NOT_FOUND; CONFLICT where a job that has not ended needs the file.
        """
        async with self._database.transaction() as session:
            file = (
                await crud.lock_file(session, file_id)
                if is_id("file", file_id)
                else None
            )
            if file is None or not caller.may_see(file.owner_id):
                raise file_not_found(("id",))
            self.check_unused(await self._jobs.active_on(session, "file_id", file_id))
            session.add(_condemned(file))
            await self.delete_row(session, file)

    async def delete_row(self, session: Session, row: SQLModel) -> None:
        """Delete a row and those below it; objects that only they named end with them.

        Two that go at once and name the same object leave it to the sweeper of what
        nothing names.
        """
        named = await crud.objects_below(session, row)
        await session.delete(row)
        await session.flush()
        await crud.expire_unnamed(session, named)

    @staticmethod
    def check_unused(job_ids: list[str]) -> None:
        """Raise CONFLICT where jobs that have not ended need what is to be deleted."""
        if job_ids:
            raise AppError(
                ErrorCode.CONFLICT,
                f"The job {job_ids[0]} is not done with it. Wait for it to end, or "
                "cancel it.",
                field=("id",),
            )


def _condemned(file: SourceFile) -> StoredObject:
    """Make the row by which the sweeper finds a deleted file's bytes."""
    return StoredObject(
        key=file.storage_key,
        content_type=file.content_type,
        size=file.size,
        sha256=file.sha256 or "",
        expires_at=utc_now(),
    )
