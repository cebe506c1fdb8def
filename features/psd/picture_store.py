"""Where a parse's pictures go: into the store, the same pixels once for their owner."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from core.base import utc_now
from core.database_async import Session
from features.files.models import StoredObject
from features.files.services import FilesService
from features.jobs.run import JobRun
from features.psd.models import Pictures
from features.psd.utils import Picture


class NamedPicture(NamedTuple):
    """A picture and its preview, and what to call them in the job's place."""

    name: str
    image: Picture
    preview: Picture


class StoredPictures(NamedTuple):
    """What has been stored of some pictures, and is not recorded yet.

    `pictures` in their order; `new` are the rows to be added; `held` the ids of those
    that were there before; `files` what lies in the scratch folder meanwhile.
    """

    pictures: list[Pictures]
    new: list[StoredObject]
    held: list[str]
    files: list[Path]


class PictureStore:
    """Stores the pictures of one job."""

    def __init__(
        self, run: JobRun, files: FilesService, preview_life: timedelta
    ) -> None:
        self._run = run
        self._files = files
        self._preview_life = preview_life
        # By sha256, and recorded.
        self._known: dict[str, str] = {}

    async def store(
        self, pictures: Sequence[NamedPicture], *, anew: bool = False
    ) -> StoredPictures:
        """Store pictures; with `anew` also those that are there under another name."""
        known = {} if anew else await self._find(pictures)
        first: dict[str, NamedPicture] = {}
        for one in pictures:
            if one.image.sha256 not in known:
                first.setdefault(one.image.sha256, one)
        images = await asyncio.gather(*map(self._store_image, first.values()))
        previews = await asyncio.gather(*map(self._store_preview, pictures))
        ids = known | {image.sha256: image.id for image in images}
        named = [ids[one.image.sha256] for one in pictures]
        return StoredPictures(
            [Pictures(i, p.id) for i, p in zip(named, previews, strict=True)],
            [*images, *previews],
            sorted(set(known.values())),
            [Path(p.path) for one in pictures for p in (one.image, one.preview)],
        )

    async def record(self, session: Session, stored: StoredPictures) -> None:
        """Add the rows in the caller's transaction; ObjectsGone where one went since."""
        await self._files.hold_objects(session, stored.held)
        self._files.add_objects(session, stored.new)
        await session.flush()

    async def recorded(self, stored: StoredPictures) -> None:
        """Remember what the transaction has recorded; its files are needed no more."""
        for one in stored.new:
            if one.expires_at is None:
                self._known[one.sha256] = one.id
        await asyncio.to_thread(_remove, stored.files)

    async def _find(self, pictures: Sequence[NamedPicture]) -> dict[str, str]:
        wanted = {one.image.sha256 for one in pictures}
        found = {sha: self._known[sha] for sha in wanted & self._known.keys()}
        owner_id = self._run.job.owner_id
        missing = sorted(wanted - found.keys())
        return found | await self._files.same_content(owner_id, missing)

    async def _store_image(self, one: NamedPicture) -> StoredObject:
        stored = await self._put(f"{one.name}-image", one.image)
        stored.owner_id = self._run.job.owner_id
        return stored

    async def _store_preview(self, one: NamedPicture) -> StoredObject:
        stored = await self._put(f"{one.name}-preview", one.preview)
        stored.expires_at = utc_now() + self._preview_life
        return stored

    async def _put(self, name: str, picture: Picture) -> StoredObject:
        return await self._files.put_object(
            f"{self._run.prefix}{name}",
            Path(picture.path),
            picture.content_type,
            sha256=picture.sha256,
            width=picture.width,
            height=picture.height,
        )


def _remove(files: Sequence[Path]) -> None:
    for path in files:
        path.unlink(missing_ok=True)
