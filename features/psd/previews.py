"""What follows a completed parse: its previews are published."""

from datetime import timedelta
from typing import Final

from loguru import logger

from core import outbox
from core.base import utc_now
from core.config import Settings
from core.database_async import Database
from core.nats import RelayWaker
from features.files.services import FilesService
from features.psd import crud
from features.psd.rows import previews_published

MISSED_SECONDS: Final = 60.0


class PsdPreviews:
    """Publishes previews, once for each document."""

    def __init__(
        self,
        database: Database,
        files: FilesService,
        wake: RelayWaker,
        settings: Settings,
    ) -> None:
        self._database = database
        self._files = files
        self._wake = wake
        self._life = timedelta(hours=settings.preview_hours)

    async def publish(self, document_id: str) -> None:
        """Give a document's previews their whole life anew and say that they are there."""
        async with self._database.transaction() as session:
            document = await crud.lock_document(session, document_id)
            if document is None or document.previews_published:
                return
            previews = await crud.preview_ids(session, document_id)
            await self._files.keep_until(session, previews, utc_now() + self._life)
            document.previews_published = True
            await outbox.append(session, [previews_published(document)])
        await self._wake()

    async def publish_missed(self) -> int:
        """Publish previews whose parse completed a while ago; return of how many."""
        async with self._database.transaction() as session:
            missed = await crud.unpublished_since(session, MISSED_SECONDS)
        for document in missed:
            with logger.contextualize(job_id=document.job_id):
                logger.warning("nobody published the previews of {}", document.id)
                await self.publish(document.id)
        return len(missed)
