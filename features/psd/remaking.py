"""Previews whose time was over, made again in a worker from the stored images."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence, Set
from contextlib import AsyncExitStack, aclosing, contextmanager
from datetime import timedelta
from itertools import accumulate
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
from features.psd import crud, preview_crud
from features.psd.preview_requests import PATIENCE
from features.psd.rows import previews_published
from features.psd.utils.pictures.remake import Remade, remake_previews
from features.psd.utils.types import Picture

# So many images are fetched, and their previews stored, at once.
AT_ONCE: Final = 32
BYTES_AT_ONCE: Final = 128 << 20
# What could not be made is not tried again for so long, whoever asks.
REST: Final = timedelta(hours=1)


class Lacking(NamedTuple):
    """A document or layer, by id, that has an image and no preview."""

    row_id: str
    image: StoredObject


class Batch(NamedTuple):
    """What is made at once, of a document that `job_id` has parsed."""

    job_id: str
    lacking: Sequence[Lacking]


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
        tried: set[str] = set()
        failed = False
        while batch := await self._next(document_id, tried):
            tried.update(one.row_id for one in batch.lacking)
            made = await self._remake_some(batch)
            await self._record(document_id, made)
            failed = failed or len(made) < len(batch.lacking)
        await self._publish(document_id, failed)

    async def _next(self, document_id: str, tried: Set[str]) -> Batch | None:
        """Return what to make next, having noted that it is being made."""
        async with self._database.transaction() as session:
            document = await crud.lock_document(session, document_id)
            if document is None:
                return None
            found = await preview_crud.lacking_previews(session, document_id)
            lacking = [Lacking(*one) for one in found if one[0] not in tried]
            if not lacking:
                return None
            await preview_crud.set_asked(session, document_id)
            return Batch(document.job_id, _at_once(lacking))

    async def _remake_some(self, batch: Batch) -> dict[str, StoredObject]:
        # Where it dies before they are recorded, they are swept as its job's.
        prefix = f"jobs/{batch.job_id}/{new_id('object')}"
        made: dict[str, StoredObject] = {}
        async with AsyncExitStack() as stack:
            paths: dict[str, Path] = {}
            for one in batch.lacking:
                with _isolated(one.row_id):
                    borrowed = self._files.borrow(one.image)
                    paths[one.row_id] = await stack.enter_async_context(borrowed)
            rest = list(paths)
            while rest:
                tried = await self._remake_until_death(paths, rest, prefix, made)
                rest = rest[tried:]
        return made

    async def _remake_until_death(
        self,
        paths: Mapping[str, Path],
        row_ids: Sequence[str],
        prefix: str,
        made: dict[str, StoredObject],
    ) -> int:
        """Add to `made`; return how many were tried, with the one that was too much."""
        tried = 0
        images = [paths[row_id] for row_id in row_ids]
        async with self._scratch.directory() as out:
            with _isolated(row_ids[0]):
                async for remade in self._run(images, out):
                    tried = remade.index + 1
                    row_id = row_ids[remade.index]
                    if remade.preview is None:
                        logger.warning("the image of {} cannot be read", row_id)
                        continue
                    with _isolated(row_id):
                        key = f"{prefix}/{row_id}"
                        made[row_id] = await self._stored(key, remade.preview)
        return len(row_ids) if tried == len(row_ids) else tried + 1

    async def _stored(self, key: str, preview: Picture) -> StoredObject:
        return await self._files.put_object(
            key,
            Path(preview.path),
            preview.content_type,
            sha256=preview.sha256,
            width=preview.width,
            height=preview.height,
            expires_at=utc_now() + self._life,
        )

    async def _run(self, paths: Sequence[Path], out: Path) -> AsyncIterator[Remade]:
        messages = self._pool.stream(
            remake_previews, paths, out, result_type=Remade, timeout=self._timeout
        )
        async with aclosing(messages):
            async for message in messages:
                yield message

    async def _record(self, document_id: str, made: Mapping[str, StoredObject]) -> None:
        async with self._database.transaction() as session:
            if await crud.lock_document(session, document_id) is None:
                return
            self._files.add_objects(session, made.values())
            await session.flush()
            ids = {row_id: one.id for row_id, one in made.items()}
            await preview_crud.set_previews(session, ids)
            await preview_crud.set_asked(session, document_id)

    async def _publish(self, document_id: str, failed: bool) -> None:
        async with self._database.transaction() as session:
            document = await crud.lock_document(session, document_id)
            if document is not None:
                document.previews_asked_at = None
                await session.flush()
                if failed:
                    await preview_crud.set_asked(session, document_id, REST - PATIENCE)
                await outbox.append(session, [previews_published(document)])
        await self._wake()


def _at_once(lacking: Sequence[Lacking]) -> Sequence[Lacking]:
    """Return the first of them, whose images are neither too many nor too large."""
    sizes = accumulate(one.image.size for one in lacking[:AT_ONCE])
    return lacking[: max(sum(size <= BYTES_AT_ONCE for size in sizes), 1)]


@contextmanager
def _isolated(row_id: str) -> Iterator[None]:
    """Let no failure out: others' previews do not depend on it."""
    try:
        yield
    except Exception:
        logger.exception("no preview could be made again, at {}", row_id)
