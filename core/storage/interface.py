"""What every object store can do, and the values that it gives back."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class UploadTarget:
    """Where and how a client sends an object's bytes; `headers` must go with them."""

    method: str
    url: str
    headers: dict[str, str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """One stored object: `size` in bytes, `sha256` in hex where the store knows it."""

    key: str
    size: int
    modified_at: datetime
    sha256: str | None = None


class Storage(Protocol):
    """An object store. Keys are lower-case paths; see `core.storage.keys`.

    What needs the store raises AppError STORAGE_UNAVAILABLE where it does not answer.
    """

    def upload_target(
        self,
        key: str,
        *,
        size: int,
        content_type: str | None,
        sha256: str | None,
        expires_at: datetime,
    ) -> UploadTarget:
        """Sign an upload of exactly `size` bytes, of this type and hash where given."""

    def download_url(
        self,
        key: str,
        content_type: str,
        expires_at: datetime,
        *,
        filename: str | None = None,
        inline: bool = True,
    ) -> str:
        """Sign a download. Pure: no input or output, a few microseconds.

        `inline` holds for types that are safe to show; others are attachments.
        """

    def local_path(self, key: str) -> Path | None:
        """Return the object's own file, not to be written, or None where it has none."""

    async def stat(self, key: str) -> ObjectStat | None:
        """Look an object up; None where it is not there."""

    async def put_file(self, key: str, path: Path, content_type: str) -> None:
        """Store a file, which nobody may write to any more, durably and as a whole."""

    async def fetch_to(self, key: str, path: Path) -> None:
        """Copy an object into the file `path`; AppError NOT_FOUND where it is gone."""

    async def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; those that are not there count as deleted."""

    def list(self, prefix: str) -> AsyncIterator[ObjectStat]:
        """Go through the objects whose key begins with `prefix`, in no order."""

    async def check(self) -> None:
        """Raise where the store cannot serve."""

    async def discard_abandoned(self, before: datetime) -> int:
        """Remove what writes that died before an instant left; return how many."""

    async def close(self) -> None:
        """Give up connections and threads."""


def stable_expiry(lifetime_seconds: int, now: datetime | None = None) -> datetime:
    """Return an instant at least one lifetime ahead that stays the same for another.

    URLs signed for it stay the same too, so that browsers find them in their cache.
    """
    moment = (now or datetime.now(UTC)).timestamp()
    windows = int(moment // lifetime_seconds) + 2
    return datetime.fromtimestamp(0, UTC) + timedelta(
        seconds=windows * lifetime_seconds
    )


def longest_life(lifetime_seconds: int) -> timedelta:
    """Return how far ahead `stable_expiry` can lie."""
    return timedelta(seconds=2 * lifetime_seconds)
