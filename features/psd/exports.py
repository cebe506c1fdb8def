"""Exports of parsed PSDs as the gateway sees them. Each call is one transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from core.database_async import Database
from core.errors import AppError, ErrorCode
from core.security import Caller
from core.validators import is_id
from events.subjects import JobKind
from features.jobs.models import JobPriority
from features.jobs.services import JobRequest, JobsService, StartedJob, check_start
from features.psd import export_crud
from features.psd.models import PsdDocument, PsdExport, PsdExportPicture, PsdLayer
from features.psd.services import PsdService
from features.psd.utils.exporting import (
    MAX_LAYERS,
    Options,
    check_options,
    check_sizes,
)

EXPORT_TASK: Final = "psd.export"


class PsdExportsService:
    """Starts exports, and reads what they made."""

    def __init__(self, database: Database, jobs: JobsService, psd: PsdService) -> None:
        self._database = database
        self._jobs = jobs
        self._psd = psd

    async def request_export(
        self,
        caller: Caller,
        document_id: str,
        layer_ids: Sequence[str] | None,
        options: Options,
        *,
        idempotency_key: str | None,
        priority: JobPriority,
        wait_ms: int,
    ) -> StartedJob:
        """Start an export of layers (None: of the whole); wait up to `wait_ms` for it.

        AppError for a document or layer that is not there or not the caller's, for
        options that cannot be, and for a key that was used with other input.
        """
        check_start(idempotency_key, wait_ms)
        check_options(options)
        _check_layers(layer_ids)
        asked = {
            "document_id": document_id,
            "layer_ids": list(layer_ids) if layer_ids is not None else None,
            "options": msgspec.json.decode(msgspec.json.encode(options)),
        }
        request = JobRequest(
            JobKind.PSD_EXPORT,
            caller.user_id,
            "exportPsd",
            EXPORT_TASK,
            asked,
            idempotency_key,
            priority,
        )
        if repeated := await self._jobs.repeated(request):
            return await self._jobs.wait_for(repeated, wait_ms)
        document = await self._document(caller, document_id)
        if layer_ids is None:
            sources = [("the document", (document.width, document.height))]
        else:
            layers = await self._layers(document, layer_ids)
            sources = [(one.name, _source(one, document, options)) for one in layers]
        check_sizes(options, sources)
        return await self._jobs.start(request, wait_ms)

    async def exports(self, ids: Sequence[str]) -> dict[str, PsdExport]:
        """Return the exports that exist, by id."""
        async with self._database.statement() as session:
            found = await export_crud.exports_by_ids(session, ids)
        return {export.id: export for export in found}

    async def pictures(self, ids: Sequence[str]) -> dict[str, PsdExportPicture]:
        """Return the pictures that exist, by id."""
        async with self._database.statement() as session:
            found = await export_crud.pictures_by_ids(session, ids)
        return {picture.id: picture for picture in found}

    async def picture_pages(
        self, export_ids: Sequence[str], limit: int, after: int
    ) -> dict[str, list[PsdExportPicture]]:
        """Return each export's first `limit` pictures behind index `after`."""
        async with self._database.statement() as session:
            found = await export_crud.picture_pages(session, export_ids, limit, after)
        return _grouped((picture.export_id, picture) for picture in found)

    async def picture_counts(self, export_ids: Sequence[str]) -> dict[str, int]:
        """Return how many pictures each export has; none: left out."""
        async with self._database.statement() as session:
            return await export_crud.picture_counts(session, export_ids)

    async def export_pages(
        self,
        document_ids: Sequence[str],
        limit: int,
        after: tuple[datetime, str] | None,
    ) -> dict[str, list[PsdExport]]:
        """Return each document's newest `limit` exports, older than `after`."""
        async with self._database.statement() as session:
            found = await export_crud.export_pages(session, document_ids, limit, after)
        return _grouped((export.document_id, export) for export in found)

    async def export_counts(self, document_ids: Sequence[str]) -> dict[str, int]:
        """Return how many exports each document has; none: left out."""
        async with self._database.statement() as session:
            return await export_crud.export_counts(session, document_ids)

    async def _document(self, caller: Caller, document_id: str) -> PsdDocument:
        known = {}
        if is_id("psd", document_id):
            known = await self._psd.documents([document_id])
        document = known.get(document_id)
        if document is None or not caller.may_see(document.owner_id):
            raise AppError(
                ErrorCode.NOT_FOUND,
                "There is no such document.",
                field=("input", "documentId"),
            )
        return document

    async def _layers(
        self, document: PsdDocument, layer_ids: Sequence[str]
    ) -> list[PsdLayer]:
        wanted = [one for one in layer_ids if is_id("layer", one)]
        known = await self._psd.layers(wanted)
        layers = []
        for place, layer_id in enumerate(layer_ids):
            layer = known.get(layer_id)
            if layer is None or layer.document_id != document.id:
                raise AppError(
                    ErrorCode.NOT_FOUND,
                    "There is no such layer in this document.",
                    field=("input", "layerIds", str(place)),
                )
            layers.append(layer)
        return layers


def _check_layers(layer_ids: Sequence[str] | None) -> None:
    if layer_ids is None:
        return
    field = ("input", "layerIds")
    if not layer_ids:
        raise AppError(
            ErrorCode.INVALID,
            "Name at least one layer, or leave layerIds out for the whole document.",
            field=field,
        )
    if len(layer_ids) > MAX_LAYERS:
        raise AppError(
            ErrorCode.LIMIT_EXCEEDED,
            f"An export has at most {MAX_LAYERS} layers; these are {len(layer_ids)}.",
            field=field,
        )
    seen: set[str] = set()
    for place, layer_id in enumerate(layer_ids):
        if layer_id in seen:
            raise AppError(
                ErrorCode.INVALID,
                "This layer is named twice.",
                field=(*field, str(place)),
            )
        seen.add(layer_id)


def _source(
    layer: PsdLayer, document: PsdDocument, options: Options
) -> tuple[int, int]:
    if options.whole_canvas:
        return document.width, document.height
    return layer.width, layer.height


def _grouped[T](found: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    grouped: dict[str, list[T]] = {}
    for key, row in found:
        grouped.setdefault(key, []).append(row)
    return grouped
