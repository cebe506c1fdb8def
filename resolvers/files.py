"""Root fields of files."""

import strawberry

from core.errors import AppError
from features.files.deleting import Deletions
from features.files.services import FilesService
from schema.context import Info
from schema.deleting import DeletePayload
from schema.errors import user_errors
from schema.files import (
    CreateUploadInput,
    CreateUploadPayload,
    SourceFile,
    UploadTarget,
)
from schema.paging import Connection, check_first, connect, read_time_key


async def load_file(info: Info, file_id: str) -> SourceFile | None:
    """Show a file that the caller may see."""
    row = await info.context.loaders.files.load(file_id)
    if row is None or not info.context.caller.may_see(row.owner_id):
        return None
    return SourceFile.of(row)


NODES = {"file": load_file}


@strawberry.type
class FilesQuery:
    """Queries of files."""

    @strawberry.field
    async def files(
        self, info: Info, first: int = 20, after: str | None = None
    ) -> Connection[SourceFile]:
        """The caller's uploads, newest first."""
        check_first(first)
        files, owner_id = info.context.get(FilesService), info.context.owner_id
        key = read_time_key(after)
        rows = await files.list_page(owner_id, first + 1, key)
        return connect(
            rows,
            first,
            after=after,
            key=lambda row: (row.created_at, row.id),
            node=SourceFile.of,
            count=lambda: files.count(owner_id),
        )


@strawberry.type
class FilesMutation:
    """Mutations of files."""

    @strawberry.mutation
    async def create_upload(
        self, info: Info, input: CreateUploadInput
    ) -> CreateUploadPayload:
        """Announce a file and get a signed target for its bytes."""
        files = info.context.get(FilesService)
        try:
            row, target = await files.create_upload(
                info.context.caller.user_id,
                input.filename,
                input.size,
                input.content_type,
                input.sha256,
            )
        except AppError as error:
            return CreateUploadPayload(user_errors=user_errors(error))
        return CreateUploadPayload(
            file=SourceFile.of(row), target=UploadTarget.of(target)
        )

    @strawberry.mutation(
        description="With all that was made from it. CONFLICT while a job needs it."
    )
    async def delete_file(self, info: Info, id: strawberry.ID) -> DeletePayload:
        """Delete an upload and all that was made from it."""
        try:
            await info.context.get(Deletions).delete_file(info.context.caller, id)
        except AppError as error:
            return DeletePayload.refused(error)
        return DeletePayload(deleted_id=id)
