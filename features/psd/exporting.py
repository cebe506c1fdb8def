"""An export in a worker: each picture stored and told of as it is ready."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

import msgspec

from core.base import derived_id, utc_now
from core.broker import Settlement
from core.config import Settings
from core.database_async import Database, Session
from core.processes import ProcessPool
from core.scratch import Scratch
from events.subjects import PICTURES_EXPORTED
from features.files.models import SourceFile, StoredObject
from features.files.services import FilesService
from features.jobs.exceptions import JobFailure
from features.jobs.run import JobRun, Report
from features.jobs.runner import JobRunner
from features.psd import crud, export_crud
from features.psd.failures import failures, limits_of
from features.psd.models import PsdDocument, PsdExport, PsdExportPicture, PsdLayer
from features.psd.utils import Picture
from features.psd.utils.exporting import (
    SUFFIXES,
    ArchiveExported,
    ExportMessage,
    Options,
    Order,
    PictureExported,
    Subject,
    export,
    file_names,
    safe_part,
)

FLUSH_SECONDS: Final = 0.25
PICTURES_PER_EVENT: Final = 100
PICTURES_FRACTION: Final = 0.98


class Plan(NamedTuple):
    """What a job exports: layers by their place in the order, or the whole (None)."""

    document: PsdDocument
    file: SourceFile
    layers: Sequence[PsdLayer | None]
    order: Order

    @property
    def stem(self) -> str:
        """The file's name without its ending, as a name for what is made of it."""
        return safe_part(PurePosixPath(self.file.filename).stem)


class PsdExporter:
    """Runs export jobs."""

    def __init__(
        self,
        runner: JobRunner,
        database: Database,
        files: FilesService,
        pool: ProcessPool,
        scratch: Scratch,
        settings: Settings,
    ) -> None:
        self._runner = runner
        self._database = database
        self._files = files
        self._pool = pool
        self._scratch = scratch
        self._settings = settings

    async def export(self, job_id: str) -> Settlement:
        """Run one export job."""
        return await self._runner.run(job_id, self._work)

    async def _work(self, run: JobRun) -> None:
        plan = await self._plan(run)
        async with (
            self._scratch.directory() as scratch,
            self._files.materialize(plan.file) as source,
        ):
            await self._draw(run, plan, source, scratch)

    async def _draw(self, run: JobRun, plan: Plan, source: Path, scratch: Path) -> None:
        life = timedelta(hours=self._settings.psd_export_hours)
        store = ExportStore(run, self._files, plan, life)
        await store.begin()
        messages = self._pool.stream(
            export,
            source,
            scratch,
            plan.order,
            limits_of(self._settings),
            result_type=ExportMessage,
            timeout=self._settings.task_timeout_seconds,
        )
        with failures("exported"):
            async with aclosing(messages):
                async for message in messages:
                    await store.take(message)
        await store.finish()

    async def _plan(self, run: JobRun) -> Plan:
        asked = run.job.input
        async with self._database.statement() as session:
            documents = await crud.documents_by_ids(session, [asked["document_id"]])
            known = await crud.layers_by_ids(session, asked["layer_ids"] or [])
        if not documents:
            raise _deleted("document")
        [document] = documents
        file = (await self._files.get([document.file_id])).get(document.file_id)
        if file is None:
            raise _deleted("file")
        layers: Sequence[PsdLayer | None] = [None]
        if asked["layer_ids"] is not None:
            by_id = {layer.id: layer for layer in known}
            if len(by_id) < len(asked["layer_ids"]):
                raise _deleted("document")
            layers = [by_id[layer_id] for layer_id in asked["layer_ids"]]
        options = msgspec.convert(asked["options"], Options)
        return Plan(document, file, layers, _order(file, layers, options))


class ExportStore:
    """Stores what the drawing process tells, batch by batch."""

    def __init__(
        self, run: JobRun, files: FilesService, plan: Plan, life: timedelta
    ) -> None:
        self._run = run
        self._files = files
        self._plan = plan
        self._expires_at = utc_now() + life
        self._export_id = derived_id("export", run.job.id, "export")
        self._waiting: list[PictureExported] = []
        self._archive: StoredObject | None = None
        self._flushed = time.monotonic()
        self._done = 0
        order = plan.order
        self._total = len(order.subjects) * len(order.options.scales)

    async def begin(self) -> None:
        """Show the export, without any picture yet, as the job's result."""
        row = PsdExport(
            id=self._export_id,
            document_id=self._plan.document.id,
            job_id=self._run.job.id,
            format=self._plan.order.options.format,
            expires_at=self._expires_at,
            archive_name=f"{self._plan.stem}.zip",
        )

        async def effects(session: Session) -> None:
            await export_crud.save_export(session, row)

        await self._run.store(
            effects, result_type="PsdExport", result_id=self._export_id
        )
        await self._run.progress(self._report())

    async def take(self, message: ExportMessage) -> None:
        """Store one message, or keep it for the next batch."""
        match message:
            case PictureExported():
                self._waiting.append(message)
            case ArchiveExported(path):
                self._archive = await self._store("archive.zip", path)
        if self._is_time_to_flush():
            await self._flush()

    async def finish(self) -> None:
        """Store what is left and end the job."""
        if self._waiting:
            await self._flush()
        archive = self._archive

        async def effects(session: Session) -> None:
            if archive is not None:
                self._files.add_objects(session, [archive])
                await session.flush()
                await export_crud.set_archive(session, self._export_id, archive.id)

        await self._run.succeed(effects)

    def _is_time_to_flush(self) -> bool:
        if len(self._waiting) >= PICTURES_PER_EVENT:
            return True
        late = time.monotonic() - self._flushed > FLUSH_SECONDS
        return bool(self._waiting) and late

    async def _flush(self) -> None:
        """Store the waiting pictures and tell of them in one event."""
        batch, self._waiting = self._waiting, []
        self._flushed = time.monotonic()
        stored = await asyncio.gather(*map(self._store_picture, batch))
        rows = [self._row(*one) for one in zip(batch, stored, strict=True)]
        self._done += len(batch)

        async def effects(session: Session) -> None:
            self._files.add_objects(session, [one for one in stored if one is not None])
            await session.flush()
            await export_crud.save_pictures(session, rows)

        ids = [row.id for row in rows]
        await self._run.record(
            PICTURES_EXPORTED, effects, self._report(), picture_ids=ids
        )

    def _row(
        self, message: PictureExported, stored: StoredObject | None
    ) -> PsdExportPicture:
        order, number = self._plan.order, message.number
        place, size = divmod(number, len(order.options.scales))
        layer = self._plan.layers[place]
        return PsdExportPicture(
            id=derived_id("picture", self._export_id, str(number)),
            export_id=self._export_id,
            index=number,
            layer_id=layer.id if layer is not None else None,
            name=order.subjects[place].names[size],
            scale=order.options.scales[size],
            fidelity=message.fidelity,
            unsupported=message.unsupported,
            image_id=stored.id if stored is not None else None,
        )

    async def _store_picture(self, message: PictureExported) -> StoredObject | None:
        if message.picture is None:
            return None
        return await self._store(
            f"picture-{message.number}", message.picture.path, message.picture
        )

    async def _store(
        self, name: str, path: str, picture: Picture | None = None
    ) -> StoredObject:
        stored = await self._files.put_object(
            f"{self._run.prefix}{name}",
            Path(path),
            picture.content_type if picture is not None else "application/zip",
            sha256=picture.sha256 if picture is not None else None,
            width=picture.width if picture is not None else None,
            height=picture.height if picture is not None else None,
            expires_at=self._expires_at,
        )
        await asyncio.to_thread(Path(path).unlink, missing_ok=True)
        return stored

    def _report(self) -> Report:
        fraction = PICTURES_FRACTION * self._done / self._total
        return Report("pictures", self._done, self._total, round(fraction, 4))


def _order(
    file: SourceFile, layers: Sequence[PsdLayer | None], options: Options
) -> Order:
    whole = [PurePosixPath(file.filename).stem]
    paths = [layer.path if layer is not None else whole for layer in layers]
    names = file_names(paths, options.scales, SUFFIXES[options.format])
    subjects = [
        Subject(layer.index if layer is not None else None, own)
        for layer, own in zip(layers, names, strict=True)
    ]
    return Order(options, tuple(subjects))


def _deleted(what: str) -> JobFailure:
    return JobFailure("INVALID_INPUT", f"The {what} has been deleted.", retryable=False)
