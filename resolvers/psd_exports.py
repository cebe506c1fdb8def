"""Root fields of exports of PSDs."""

import strawberry

from core.errors import AppError
from features.jobs.models import JobPriority
from features.psd.exports import PsdExportsService
from resolvers.psd import load_document
from schema import psd_exports
from schema.context import Info
from schema.errors import user_errors
from schema.jobs import JobPayload
from schema.psd_exports import ExportPsdInput, PsdExport


async def load_export(info: Info, export_id: str) -> PsdExport | None:
    """Show an export of a document that the caller may see."""
    export = await psd_exports.load_export(info, export_id)
    if export is None or await load_document(info, export.row.document_id) is None:
        return None
    return export


NODES = {"export": load_export}


@strawberry.type
class PsdExportsQuery:
    """Queries of exports."""

    @strawberry.field
    async def psd_export(self, info: Info, id: strawberry.ID) -> PsdExport | None:
        """One export."""
        return await load_export(info, id)


@strawberry.type
class PsdExportsMutation:
    """Mutations of exports."""

    @strawberry.mutation
    async def export_psd(self, info: Info, input: ExportPsdInput) -> JobPayload:
        """Draw layers, groups or the whole of a parsed PSD, without another upload."""
        try:
            started = await info.context.get(PsdExportsService).request_export(
                info.context.caller,
                input.document_id,
                input.layer_ids,
                input.options,
                idempotency_key=input.idempotency_key,
                priority=JobPriority(input.priority.value),
                wait_ms=input.wait_ms,
            )
        except AppError as error:
            return JobPayload.refused(user_errors(error))
        return JobPayload.of(started)
