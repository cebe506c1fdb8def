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

        AppError NOT_FOUND; CONFLICT where a job that has not ended needs any of it.
        """
        async with self._database.transaction() as session:
            file = await session.get(SourceFile, file_id) if _is_file(file_id) else None
            if file is None or not caller.may_see(file.owner_id):
                raise file_not_found(("id",))
            if not await self.delete_row(session, file, _condemned(file)):
                raise file_not_found(("id",))

    async def delete_row(
        self, session: Session, row: SQLModel, *new: StoredObject
    ) -> bool:
        """Delete a row and those below it; objects that only they named end with them.

        False where it has gone meanwhile; CONFLICT where a job that has not ended names
        it, or one that would go with it, in its input. `new` is stored with that.
        """
        # Objects first: in this order the sweeper takes its locks.
        named = await crud.lock_objects_below(session, row)
        if not await crud.lock_row(session, row):
            return False
        going = await crud.ids_below(session, row)
        self.check_unused(await self._jobs.active_on(session, going))
        session.add_all(new)
        await session.delete(row)
        await session.flush()
        await crud.expire_unnamed(session, named)
        return True

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


def _is_file(file_id: str) -> bool:
    return is_id("file", file_id)


def _condemned(file: SourceFile) -> StoredObject:
    """Make the row by which the sweeper finds a deleted file's bytes."""
    return StoredObject(
        key=file.storage_key,
        content_type=file.content_type,
        size=file.size,
        sha256=file.sha256 or "",
        expires_at=utc_now(),
    )
