"""Parsed PSDs as the gateway sees them. Each call is one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from core.database_async import Database
from core.security import Caller
from core.validators import is_id
from events.subjects import JobKind
from features.files.deleting import Deletions
from features.files.services import FilesService
from features.jobs.models import JobPriority
from features.jobs.reading import JobRowsService
from features.jobs.services import JobRequest, JobsService, StartedJob, check_start
from features.psd import crud
from features.psd.exceptions import document_not_found
from features.psd.models import REUSE, LayerSelection, PsdDocument, PsdLayer
from features.psd.utils import ImageDepth

PARSE_TASK: Final = "psd.parse_export"


class PsdService:
    """Starts parses, and reads what they made."""

    def __init__(
        self,
        database: Database,
        jobs: JobsService,
        job_rows: JobRowsService,
        files: FilesService,
        deletions: Deletions,
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._job_rows = job_rows
        self._files = files
        self._deletions = deletions

    async def request_parse(
        self,
        caller: Caller,
        file_id: str,
        *,
        export_layers: bool,
        depth: ImageDepth,
        reuse: bool,
        idempotency_key: str | None,
        priority: JobPriority,
        wait_ms: int,
    ) -> StartedJob:
        """Start the parse of an uploaded file; wait up to `wait_ms` for its end.

        With `reuse` it takes what was parsed from the same bytes before.

        AppError for a file that is not there, not the caller's or not uploaded, and
        for an idempotency key that was used with other input.
        """
        check_start(idempotency_key, wait_ms)
        request = JobRequest(
            JobKind.PSD_PARSE,
            caller.user_id,
            "parsePsd",
            PARSE_TASK,
            _input(file_id, export_layers, depth, reuse),
            idempotency_key,
            priority,
        )
        if repeated := await self._jobs.repeated(request):
            return await self._jobs.wait_for(repeated, wait_ms)
        owner_id = None if caller.is_admin else caller.user_id
        await self._files.require_ready(owner_id, file_id, ("input", "fileId"))
        return await self._jobs.start(request, wait_ms)

    async def documents(self, ids: Sequence[str]) -> dict[str, PsdDocument]:
        """Return the documents that exist, by id."""
        async with self._database.statement() as session:
            found = await crud.documents_by_ids(session, ids)
        return {document.id: document for document in found}

    async def document_page(
        self, owner_id: str | None, limit: int, after: tuple[datetime, str] | None
    ) -> Sequence[PsdDocument]:
        """Return the newest documents of an owner (None: of all), older than `after`."""
        async with self._database.statement() as session:
            return await crud.document_page(session, owner_id, limit, after)

    async def count_documents(self, owner_id: str | None) -> int:
        """Count an owner's documents (None: all)."""
        async with self._database.statement() as session:
            return await crud.count_documents(session, owner_id)

    async def delete_document(self, caller: Caller, document_id: str) -> None:
        """Delete a document, its layers and their pictures; its file stays.

        AppError NOT_FOUND; CONFLICT while its parse has not ended.
        """
        known = await self.documents([document_id]) if is_id("psd", document_id) else {}
        found = known.get(document_id)
        if found is None or not caller.may_see(found.owner_id):
            raise document_not_found()
        active = await self._job_rows.active([found.job_id])
        self._deletions.check_unused(sorted(active))
        async with self._database.transaction() as session:
            row = await session.get(PsdDocument, document_id)
            if row is None or not await self._deletions.delete_row(session, row):
                raise document_not_found()

    async def layers(self, ids: Sequence[str]) -> dict[str, PsdLayer]:
        """Return the layers that exist, by id."""
        async with self._database.statement() as session:
            return {layer.id: layer for layer in await crud.layers_by_ids(session, ids)}

    async def layers_of(self, document_ids: Sequence[str]) -> dict[str, list[PsdLayer]]:
        """Return all layers of documents, by document and index."""
        async with self._database.statement() as session:
            found = await crud.layers_of_documents(session, document_ids)
        return _by_document(found)

    async def layer_pages(
        self,
        document_ids: Sequence[str],
        selection: LayerSelection,
        limit: int,
        after: int,
    ) -> dict[str, list[PsdLayer]]:
        """Return each document's first `limit` layers behind index `after`."""
        async with self._database.statement() as session:
            found = await crud.layer_pages(
                session, document_ids, selection, limit, after
            )
        return _by_document(found)

    async def layer_counts(
        self, document_ids: Sequence[str], selection: LayerSelection
    ) -> dict[str, int]:
        """Return how many layers of a selection each document has; none: left out."""
        async with self._database.statement() as session:
            return await crud.layer_counts(session, document_ids, selection)


def _input(
    file_id: str, export_layers: bool, depth: ImageDepth, reuse: bool
) -> dict[str, Any]:
    """Return a job's input; what is as it always was is left out, for old keys' sake."""
    given: dict[str, Any] = {"file_id": file_id, "export_layers": export_layers}
    if depth is not ImageDepth.EIGHT:
        given["depth"] = depth
    if not reuse:
        given[REUSE] = False
    return given


def _by_document(layers: Sequence[PsdLayer]) -> dict[str, list[PsdLayer]]:
    grouped: dict[str, list[PsdLayer]] = {}
    for layer in layers:
        grouped.setdefault(layer.document_id, []).append(layer)
    return grouped
