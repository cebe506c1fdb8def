"""The parse of a PSD in a worker: each picture stored and told of as it is ready."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from core.base import derived_id
from core.broker import Settlement
from core.config import Settings
from core.database_async import Session
from core.processes import ProcessPool, share
from core.scratch import Scratch
from events.subjects import LAYERS_EXPORTED, PREVIEW_READY, Topic
from features.files.exceptions import ObjectsGone
from features.files.models import StoredObject
from features.files.services import FilesService
from features.jobs.exceptions import JobFailure
from features.jobs.run import JobRun, Report
from features.jobs.runner import JobRunner
from features.psd import crud
from features.psd.failures import failures, limits_of
from features.psd.models import PsdDocument
from features.psd.picture_store import NamedPicture, PictureStore, StoredPictures
from features.psd.rows import document_columns, layer_row
from features.psd.twins import Twins
from features.psd.utils import (
    ENGINE_VERSION,
    Document,
    EmbeddedExported,
    FlattenedExported,
    ImageDepth,
    Layer,
    LayerDamaged,
    LayerExported,
    Message,
    Structure,
    parse,
)

FLUSH_SECONDS: Final = 0.2
LAYERS_PER_EVENT: Final = 100
STRUCTURE_FRACTION: Final = 0.1


class PsdParser:
    """Runs parse jobs."""

    def __init__(
        self,
        runner: JobRunner,
        files: FilesService,
        pool: ProcessPool,
        scratch: Scratch,
        twins: Twins,
        settings: Settings,
    ) -> None:
        self._runner = runner
        self._twins = twins
        self._files = files
        self._pool = pool
        self._scratch = scratch
        self._settings = settings

    async def parse(self, job_id: str) -> Settlement:
        """Run one parse job."""
        return await self._runner.run(job_id, self._work)

    async def _work(self, run: JobRun) -> None:
        file_id = run.job.input["file_id"]
        file = (await self._files.get([file_id])).get(file_id)
        if file is None:
            raise JobFailure(
                "INVALID_INPUT", "The file has been deleted.", retryable=False
            )
        async with (
            self._scratch.directory() as scratch,
            self._files.materialize(file) as source,
        ):
            if not await self._twins.reuse(run):
                await self._export(run, source, scratch)

    async def _export(self, run: JobRun, source: Path, scratch: Path) -> None:
        export = PsdExport(run, self._files, self._settings)
        exports = run.job.input["export_layers"]
        parsing = partial(
            parse,
            source,
            scratch,
            export_layers=exports,
            limits=limits_of(self._settings),
            wide=run.job.input.get("depth") == ImageDepth.AS_STORED,
            turns=scratch / "turns",
        )
        with failures("parsed"):
            await share(
                self._pool,
                parsing,
                partial(parsing, helping=True),
                export.take,
                helpers=self._settings.processes_per_psd - 1 if exports else 0,
                result_type=Message,
                timeout=self._settings.task_timeout_seconds,
            )
        await export.finish()


class PsdExport:
    """Stores what the parsing process tells, batch by batch."""

    def __init__(self, run: JobRun, files: FilesService, settings: Settings) -> None:
        self._run = run
        self._files = files
        life = timedelta(hours=settings.preview_hours)
        self._store = PictureStore(run, files, life)
        self._document_id = derived_id("psd", run.job.id, "document")
        self._waiting: list[LayerExported] = []
        self._damaged: dict[str, str] = {}
        self._embedded: list[tuple[StoredObject, list[str]]] = []
        # What comes first is told at once.
        self._flushed = -FLUSH_SECONDS
        self._done = 0
        self._total = 0

    async def take(self, message: Message) -> None:
        """Store one message, or keep it for the next batch."""
        match message:
            case Structure(document):
                await self._store_structure(document)
            case FlattenedExported():
                await self._store_flattened(message)
            case LayerExported():
                self._waiting.append(message)
            case LayerDamaged(index, reason):
                self._damaged[self._layer_id(index)] = reason
                self._done += 1
            case EmbeddedExported():
                await self._store_embedded(message)
        if self._is_time_to_flush():
            await self._flush()

    async def finish(self) -> None:
        """Store what is left and end the job."""
        if self._waiting:
            await self._flush()

        async def effects(session: Session) -> None:
            await crud.set_damaged(session, self._damaged)
            self._files.add_objects(session, [stored for stored, _ in self._embedded])
            await session.flush()
            for stored, layer_ids in self._embedded:
                await crud.set_embedded(session, layer_ids, stored.id)

        await self._run.succeed(effects)

    def _is_time_to_flush(self) -> bool:
        if len(self._waiting) >= LAYERS_PER_EVENT:
            return True
        late = time.monotonic() - self._flushed > FLUSH_SECONDS
        return bool(self._waiting) and late

    async def _store_structure(self, document: Document) -> None:
        job = self._run.job
        row = PsdDocument(
            id=self._document_id,
            owner_id=job.owner_id,
            job_id=job.id,
            file_id=job.input["file_id"],
            layer_count=len(document.layers),
            engine_version=ENGINE_VERSION,
            **document_columns(document),
        )
        layers = [
            layer_row(self._layer_id(layer.index), row, layer)
            for layer in document.layers
        ]
        self._total = sum(_has_pixels(layer) for layer in document.layers)

        async def effects(session: Session) -> None:
            await crud.save_structure(session, row, layers)

        await self._run.store(
            effects, result_type="PsdDocument", result_id=self._document_id
        )
        await self._run.progress(
            Report("layers", 0, self._total, STRUCTURE_FRACTION, "Structure read")
        )

    async def _store_flattened(self, message: FlattenedExported) -> None:
        async def effects(session: Session, stored: StoredPictures) -> None:
            await crud.set_document_pictures(
                session, self._document_id, stored.pictures[0], message.composed
            )

        await self._record(
            [NamedPicture("document", message.image, message.preview)],
            effects,
            PREVIEW_READY,
            document_id=self._document_id,
        )

    async def _flush(self) -> None:
        """Store the waiting layers' pictures and tell of them in one event."""
        batch, self._waiting = self._waiting, []
        self._flushed = time.monotonic()
        layer_ids = [self._layer_id(message.index) for message in batch]
        self._done += len(batch)

        async def effects(session: Session, stored: StoredPictures) -> None:
            pictures = dict(zip(layer_ids, stored.pictures, strict=True))
            await crud.set_layer_pictures(session, pictures)

        await self._record(
            [NamedPicture(f"layer-{m.index}", m.image, m.preview) for m in batch],
            effects,
            LAYERS_EXPORTED,
            layer_ids=layer_ids,
        )

    async def _record(
        self,
        pictures: Sequence[NamedPicture],
        effects: Callable[[Session, StoredPictures], Awaitable[None]],
        topic: Topic,
        **parts: Any,
    ) -> None:
        """Store pictures; record them and the event that tells of them in one step."""

        async def recorded(session: Session) -> None:
            await self._store.record(session, stored)
            await effects(session, stored)

        stored = await self._store.store(pictures)
        try:
            await self._run.record(topic, recorded, self._report(), **parts)
        except ObjectsGone:  # deleted meanwhile by their owner
            stored = await self._store.store(pictures, anew=True)
            await self._run.record(topic, recorded, self._report(), **parts)
        await self._store.recorded(stored)

    async def _store_embedded(self, message: EmbeddedExported) -> None:
        path = Path(message.path)
        stored = await self._files.put_object(
            f"{self._run.prefix}embedded-{message.indexes[0]}",
            path,
            message.content_type,
            sha256=message.sha256,
        )
        await asyncio.to_thread(path.unlink, missing_ok=True)
        layer_ids = [self._layer_id(index) for index in message.indexes]
        self._embedded.append((stored, layer_ids))

    def _layer_id(self, index: int) -> str:
        return derived_id("layer", self._document_id, str(index))

    def _report(self) -> Report:
        share = self._done / self._total if self._total else 1.0
        fraction = STRUCTURE_FRACTION + (0.99 - STRUCTURE_FRACTION) * min(share, 1.0)
        return Report("layers", self._done, self._total, round(fraction, 4))


def _has_pixels(layer: Layer) -> bool:
    is_group = layer.kind in ("GROUP", "ARTBOARD")
    return not is_group and layer.width > 0 and layer.height > 0
