"""Root fields of PSDs."""

import strawberry

from core.errors import AppError
from features.jobs.models import JobPriority
from features.psd.services import PsdService
from features.psd.utils import ImageDepth
from schema.context import Info
from schema.deleting import DeletePayload
from schema.errors import user_errors
from schema.jobs import JobPayload
from schema.paging import Connection, check_first, connect, read_time_key
from schema.psd import ParsePsdInput, PsdDocument, PsdLayer


async def load_document(info: Info, document_id: str) -> PsdDocument | None:
    """Show a document that the caller may see."""
    row = await info.context.loaders.documents.load(document_id)
    if row is None or not info.context.caller.may_see(row.owner_id):
        return None
    return PsdDocument.of(row)


async def load_layer(info: Info, layer_id: str) -> PsdLayer | None:
    """Show a layer of a document that the caller may see."""
    row = await info.context.loaders.layers.load(layer_id)
    if row is None or await load_document(info, row.document_id) is None:
        return None
    return PsdLayer.of(row)


NODES = {"psd": load_document, "layer": load_layer}


@strawberry.type
class PsdQuery:
    """Queries of PSDs."""

    @strawberry.field
    async def psd_document(self, info: Info, id: strawberry.ID) -> PsdDocument | None:
        """One parsed PSD."""
        return await load_document(info, id)

    @strawberry.field
    async def psd_documents(
        self, info: Info, first: int = 20, after: str | None = None
    ) -> Connection[PsdDocument]:
        """The caller's parsed PSDs, newest first."""
        check_first(first)
        psd, owner_id = info.context.get(PsdService), info.context.owner_id
        return connect(
            await psd.document_page(owner_id, first + 1, read_time_key(after)),
            first,
            after=after,
            key=lambda row: (row.created_at, row.id),
            node=PsdDocument.of,
            count=lambda: psd.count_documents(owner_id),
        )


@strawberry.type
class PsdMutation:
    """Mutations of PSDs."""

    @strawberry.mutation
    async def parse_psd(self, info: Info, input: ParsePsdInput) -> JobPayload:
        """Parse an uploaded PSD and export its layers."""
        try:
            started = await info.context.get(PsdService).request_parse(
                info.context.caller,
                input.file_id,
                export_layers=input.export_layers,
                depth=ImageDepth(input.depth.value),
                reuse=input.reuse,
                idempotency_key=input.idempotency_key,
                priority=JobPriority(input.priority.value),
                wait_ms=input.wait_ms,
            )
        except AppError as error:
            return JobPayload.refused(user_errors(error))
        return JobPayload.of(started)

    @strawberry.mutation(
        description="With its layers and pictures; the file stays. CONFLICT while it "
        "is being parsed."
    )
    async def delete_psd_document(self, info: Info, id: strawberry.ID) -> DeletePayload:
        """Delete a parsed PSD."""
        psd = info.context.get(PsdService)
        try:
            await psd.delete_document(info.context.caller, id)
        except AppError as error:
            return DeletePayload.refused(error)
        return DeletePayload(deleted_id=id)
