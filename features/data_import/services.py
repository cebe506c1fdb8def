"""Imports as the gateway sees them. Each call is one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from core.database_async import Database
from core.errors import AppError, ErrorCode
from core.security import Caller
from events.subjects import JobKind
from features.data_import import crud, record_crud
from features.data_import.models import ImportMode, ImportRecord, ImportRowError
from features.data_import.targets import TARGETS
from features.data_import.utils.asked import Asked, check_asked
from features.data_import.utils.declaring import Target
from features.files.services import FilesService
from features.jobs.models import JobPriority
from features.jobs.services import JobRequest, JobsService, StartedJob, check_start

IMPORT_TASK: Final = "data_import.import"


class DataImportService:
    """Starts imports, and reads what they have stored and rejected."""

    def __init__(
        self, database: Database, jobs: JobsService, files: FilesService
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._files = files

    @staticmethod
    def targets() -> Sequence[Target]:
        """Return what files can be imported into, by name."""
        return [*TARGETS.values()]

    async def request_import(
        self,
        caller: Caller,
        asked: Asked,
        *,
        idempotency_key: str | None,
        priority: JobPriority,
        wait_ms: int,
    ) -> StartedJob:
        """Start the import of an uploaded file; wait up to `wait_ms` for its end.

        AppError for a file that is not there, not the caller's or not uploaded, for
        what cannot be, for a REPLACE that is not the caller's to do, and for a key that
        was used with other input.
        """
        check_start(idempotency_key, wait_ms)
        target = target_of(asked.target, ("input", "target"))
        check_asked(asked, target)
        _check_rights(caller, asked)
        request = JobRequest(
            JobKind.DATA_IMPORT,
            caller.user_id,
            "importData",
            IMPORT_TASK,
            asked.as_input(),
            idempotency_key,
            priority,
        )
        if repeated := await self._jobs.repeated(request):
            return await self._jobs.wait_for(repeated, wait_ms)
        owner_id = None if caller.is_admin else caller.user_id
        await self._files.require_ready(owner_id, asked.file_id, ("input", "fileId"))
        return await self._jobs.start(request, wait_ms)

    async def records(self, ids: Sequence[str]) -> dict[str, ImportRecord]:
        """Return the imports that exist, by id."""
        async with self._database.statement() as session:
            found = await crud.records_by_ids(session, ids)
        return {record.id: record for record in found}

    async def record_page(
        self, owner_id: str | None, limit: int, after: tuple[datetime, str] | None
    ) -> Sequence[ImportRecord]:
        """Return the newest imports of an owner (None: of all), older than `after`."""
        async with self._database.statement() as session:
            return await crud.records_page(session, owner_id, limit, after)

    async def count_records(self, owner_id: str | None) -> int:
        """Count an owner's imports (None: all)."""
        async with self._database.statement() as session:
            return await crud.count_records(session, owner_id)

    async def earlier_imports(self, ids: Sequence[str]) -> dict[str, ImportRecord]:
        """Return the earlier import of the same file to the same target, by import."""
        async with self._database.statement() as session:
            return await record_crud.earlier_imports(session, ids)

    async def errors(self, ids: Sequence[str]) -> dict[str, ImportRowError]:
        """Return the row errors that exist, by id."""
        async with self._database.statement() as session:
            found = await crud.errors_by_ids(session, ids)
        return {error.id: error for error in found}

    async def error_pages(
        self, import_ids: Sequence[str], limit: int, after: tuple[int, int] | None
    ) -> dict[str, list[ImportRowError]]:
        """Return each import's first `limit` errors behind a row and position (None: from the first)."""
        async with self._database.statement() as session:
            found = await crud.error_pages(session, import_ids, limit, after)
        pages: dict[str, list[ImportRowError]] = {}
        for error in found:
            pages.setdefault(error.import_id, []).append(error)
        return pages

    async def error_counts(self, import_ids: Sequence[str]) -> dict[str, int]:
        """Return how many errors each import has; none: left out."""
        async with self._database.statement() as session:
            return await crud.error_counts(session, import_ids)


def target_of(name: str | None, field: tuple[str, ...]) -> Target | None:
    """Return the target of that name; AppError NOT_FOUND where there is none."""
    if name is None:
        return None
    target = TARGETS.get(name)
    if target is None:
        raise AppError(
            ErrorCode.NOT_FOUND,
            f"There is no import target {name[:100]!r}. There is {', '.join(TARGETS)}.",
            field=field,
        )
    return target


def _check_rights(caller: Caller, asked: Asked) -> None:
    if asked.mode == ImportMode.REPLACE and not caller.is_admin:
        raise AppError(
            ErrorCode.FORBIDDEN,
            "Only administrators may replace what a target holds: its rows are "
            "everybody's. Use APPEND or UPSERT.",
            field=("input", "mode"),
        )
