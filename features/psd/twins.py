"""The same bytes are parsed once for their owner."""

from datetime import timedelta
from itertools import batched
from typing import Final

from core import outbox
from core.base import utc_now
from core.config import Settings
from core.database_async import Database, Session
from events.subjects import LAYERS_EXPORTED, PREVIEW_READY
from features.files.services import FilesService
from features.jobs.run import JobRun, Report
from features.psd import crud
from features.psd.models import REUSE, PsdDocument
from features.psd.rows import previews_published
from features.psd.utils import ENGINE_VERSION

LAYERS_PER_EVENT: Final = 100


class Twins:
    """Finds what was parsed from the same bytes, and shows it as a job's result."""

    def __init__(
        self, database: Database, files: FilesService, settings: Settings
    ) -> None:
        self._database = database
        self._files = files
        self._life = timedelta(hours=settings.preview_hours)

    async def reuse(self, run: JobRun) -> bool:
        """Take a twin's document for the job's result, with the events of a parse.

        False where there is none, of this engine and with these options.
        """
        twin = await self._find(run)
        if twin is None or not await self._take(run, twin):
            return False
        await self._tell(run, twin)
        return True

    async def _find(self, run: JobRun) -> PsdDocument | None:
        options = {**run.job.input}
        file_id = options.pop("file_id")
        if not options.pop(REUSE, True):
            return None
        file = (await self._files.get([file_id])).get(file_id)
        if file is None or file.sha256 is None:
            return None
        async with self._database.statement() as session:
            return await crud.twin_of(
                session, run.job.owner_id, file.sha256, options, ENGINE_VERSION
            )

    async def _take(self, run: JobRun, twin: PsdDocument) -> bool:
        async def hold(session: Session) -> None:
            if not await crud.hold_document(session, twin.id):
                raise _Gone
            previews = await crud.preview_ids(session, twin.id)
            await self._files.keep_until(session, previews, utc_now() + self._life)
            await outbox.append(session, [previews_published(twin)])

        try:
            await run.store(hold, result_type="PsdDocument", result_id=twin.id)
        except _Gone:
            return False
        return True

    async def _tell(self, run: JobRun, twin: PsdDocument) -> None:
        async with self._database.statement() as session:
            layer_ids = await crud.exported_layers(session, twin.id)
        done, total = 0, len(layer_ids)

        async def nothing(_session: Session) -> None:
            """There is nothing to store."""

        if twin.image_id is not None:
            report = Report("layers", done, total, 0.99, "Parsed before")
            await run.record(PREVIEW_READY, nothing, report, document_id=twin.id)
        for batch in batched(layer_ids, LAYERS_PER_EVENT):
            done += len(batch)
            report = Report("layers", done, total, 0.99, "Parsed before")
            await run.record(LAYERS_EXPORTED, nothing, report, layer_ids=[*batch])


class _Gone(Exception):
    """The twin was deleted meanwhile."""
