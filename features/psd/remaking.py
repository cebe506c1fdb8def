"""Previews whose time was over, made again in a worker from the stored images."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

from loguru import logger

from core import outbox
from core.base import new_id, utc_now
from core.config import Settings
from core.database_async import Database
from core.nats import RelayWaker
from core.processes import ProcessPool
from core.scratch import Scratch
from features.files.models import StoredObject
from features.files.services import FilesService
from features.psd import crud
from features.psd.models import PsdDocument
from features.psd.rows import previews_published
from features.psd.utils.pictures.remake import Remade, remake_previews

# So many images are fetched, and their previews stored, at once.
AT_ONCE: Final = 32


class Lacking(NamedTuple):
    """A document or layer, by id, that has an image and no preview."""

    row_id: str
    image: StoredObject


class PreviewRemaker:
    """Makes the previews of a document again; it may run twice, or beside itself."""

    def __init__(
        self,
        database: Database,
        files: FilesService,
        pool: ProcessPool,
        scratch: Scratch,
        wake: RelayWaker,
        settings: Settings,
    ) -> None:
        self._database = database
        self._files = files
        self._pool = pool
        self._scratch = scratch
        self._wake = wake
        self._life = timedelta(hours=settings.preview_hours)
        self._timeout = settings.task_timeout_seconds

    async def remake(self, document_id: str) -> None:
        """Make what is missing, and say that it is there.

        Where that fails nothing is lost: whoever asks for a preview later asks anew.
        """
        try:
            await self._remake(document_id)
        except Exception:
            logger.exception("the previews of {} could not be made again", document_id)

    async def _remake(self, document_id: str) -> None:
        async with self._database.statement() as session:
            documents = await crud.documents_by_ids(session, [document_id])
            found = await crud.lacking_previews(session, document_id)
        for document in documents:
            lacking = [Lacking(row_id, image) for row_id, image in found]
            for start in range(0, len(lacking), AT_ONCE):
                await self._remake_some(document, lacking[start : start + AT_ONCE])
            await self._publish(document_id)

    async def _remake_some(
        self, document: PsdDocument, lacking: Sequence[Lacking]
    ) -> None:
        # Where it dies before they are recorded, they are swept as its job's.
        prefix = f"jobs/{document.job_id}/{new_id('object')}"
        made: dict[str, StoredObject] = {}
        async with AsyncExitStack() as stack:
            out = await stack.enter_async_context(self._scratch.directory())
            paths = [
                await stack.enter_async_context(self._files.borrow(one.image))
                for one in lacking
            ]
            async for remade in self._run(paths, out):
                if remade.preview is not None:
                    preview = remade.preview
                    made[lacking[remade.index].row_id] = await self._files.put_object(
                        f"{prefix}/{remade.index}",
                        Path(preview.path),
                        preview.content_type,
                        sha256=preview.sha256,
                        width=preview.width,
                        height=preview.height,
                        expires_at=utc_now() + self._life,
                    )
        async with self._database.transaction() as session:
            if await crud.lock_document(session, document.id) is None:
                made.clear()
            self._files.add_objects(session, made.values())
            await session.flush()
            await crud.set_previews(session, {k: one.id for k, one in made.items()})

    async def _run(self, paths: Sequence[Path], out: Path) -> AsyncIterator[Remade]:
        messages = self._pool.stream(
            remake_previews, paths, out, result_type=Remade, timeout=self._timeout
        )
        async with aclosing(messages):
            async for message in messages:
                yield message

    async def _publish(self, document_id: str) -> None:
        async with self._database.transaction() as session:
            document = await crud.lock_document(session, document_id)
            if document is not None:
                document.previews_asked_at = None
                await outbox.append(session, [previews_published(document)])
        await self._wake()
