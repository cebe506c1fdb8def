"""Root fields of imports."""

import strawberry

from core.errors import AppError
from features.data_import.previews import ImportPreviews
from features.data_import.services import DataImportService
from features.data_import.undoing import UndoService
from features.data_import.utils.types import ReadOptions
from features.jobs.models import JobPriority
from schema import data_import
from schema.context import Info
from schema.data_import import (
    ImportError,
    ImportPreview,
    ImportPreviewPayload,
    ImportRecord,
    ImportTarget,
    UndoImportPayload,
)
from schema.data_import_inputs import ImportDataInput, ReadOptionsInput
from schema.errors import user_errors
from schema.jobs import JobPayload
from schema.paging import Connection, check_first, connect, read_time_key


async def load_import(info: Info, import_id: str) -> ImportRecord | None:
    """Show an import that the caller may see."""
    found = await data_import.load_import(info, import_id)
    if found is None or not info.context.caller.may_see(found.record.owner_id):
        return None
    return found


async def load_error(info: Info, error_id: str) -> ImportError | None:
    """Show an error of an import that the caller may see."""
    row = await info.context.loaders.import_errors.load(error_id)
    if row is None or await load_import(info, row.import_id) is None:
        return None
    return ImportError.of(row)


NODES = {"import": load_import, "importerror": load_error}


@strawberry.type
class DataImportQuery:
    """Queries of imports."""

    @strawberry.field
    def import_targets(self) -> list[ImportTarget]:
        """The tables that files can be imported into."""
        return [ImportTarget.of(target) for target in DataImportService.targets()]

    @strawberry.field
    async def import_preview(
        self,
        info: Info,
        file_id: strawberry.ID,
        target: str | None = None,
        read: ReadOptionsInput | None = None,
    ) -> ImportPreviewPayload:
        """What an import would see in a file; nothing is stored."""
        try:
            found = await info.context.get(ImportPreviews).preview(
                info.context.caller,
                file_id,
                target,
                read.options if read is not None else ReadOptions(),
            )
        except AppError as error:
            return ImportPreviewPayload(user_errors=user_errors(error))
        return ImportPreviewPayload(preview=ImportPreview.of(found))

    @strawberry.field
    async def import_record(self, info: Info, id: strawberry.ID) -> ImportRecord | None:
        """One import."""
        return await load_import(info, id)

    @strawberry.field
    async def import_records(
        self, info: Info, first: int = 20, after: str | None = None
    ) -> Connection[ImportRecord]:
        """The caller's imports, newest first."""
        check_first(first)
        imports, owner_id = info.context.get(DataImportService), info.context.owner_id
        return connect(
            await imports.record_page(owner_id, first + 1, read_time_key(after)),
            first,
            after=after,
            key=lambda row: (row.created_at, row.id),
            node=ImportRecord.of,
            count=lambda: imports.count_records(owner_id),
        )


@strawberry.type
class DataImportMutation:
    """Mutations of imports."""

    @strawberry.mutation(
        description="Import an uploaded spreadsheet into a target, or make a dataset of "
        "it."
    )
    async def import_data(self, info: Info, input: ImportDataInput) -> JobPayload:
        """Import a file."""
        try:
            started = await info.context.get(DataImportService).request_import(
                info.context.caller,
                input.asked,
                idempotency_key=input.idempotency_key,
                priority=JobPriority(input.priority.value),
                wait_ms=input.wait_ms,
            )
        except AppError as error:
            return JobPayload.refused(user_errors(error))
        return JobPayload.of(started)

    @strawberry.mutation(
        description="Takes back what an APPEND or UPSERT stored, where nothing has "
        "changed those rows since; else a CONFLICT that says which."
    )
    async def undo_import(
        self, info: Info, import_id: strawberry.ID
    ) -> UndoImportPayload:
        """Take an import back."""
        try:
            row = await info.context.get(UndoService).undo(
                info.context.caller, import_id
            )
        except AppError as error:
            return UndoImportPayload(user_errors=user_errors(error))
        return UndoImportPayload(import_record=ImportRecord.of(row))
