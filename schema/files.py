"""Files in the graph: uploads, and images that jobs stored."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from core.storage import UploadTarget as StoredTarget
from features.files.models import SourceFile as SourceFileRow
from features.files.models import StoredObject
from features.files.services import FilesService
from schema.context import Info
from schema.errors import UserError
from schema.node import Node
from schema.scalars import BigInt


@strawberry.enum
class SourceFileStatus(Enum):
    """Where an upload stands."""

    PENDING = strawberry.enum_value(
        "PENDING",
        description="A target was handed out; the bytes have not arrived.",
    )
    READY = "READY"
    REJECTED = strawberry.enum_value(
        "REJECTED",
        description="The bytes arrived and did not match the announced size or "
        "sha256, or were over a limit.",
    )
    EXPIRED = "EXPIRED"


@strawberry.type(description="A file that a person uploaded.")
class SourceFile(Node):
    """An uploaded file."""

    filename: str
    content_type: str
    size: BigInt
    sha256: str | None
    status: SourceFileStatus
    rejection: str | None = strawberry.field(
        description="Why the bytes were not taken, where they were not."
    )
    created_at: datetime

    @classmethod
    def of(cls, row: SourceFileRow) -> Self:
        """Show a row."""
        return cls(
            id=strawberry.ID(row.id),
            filename=row.filename,
            content_type=row.content_type,
            size=BigInt(row.size),
            sha256=row.sha256,
            status=SourceFileStatus(row.status.value),
            rejection=row.rejection,
            created_at=row.created_at,
        )


@strawberry.type
class HttpHeader:
    """A header that must go with a request."""

    name: str
    value: str


@strawberry.type(
    description="Where to send the bytes: straight to the object store, or to /files "
    "where the store is the built-in disk."
)
class UploadTarget:
    """A signed target for one file's bytes."""

    method: str
    url: str
    headers: list[HttpHeader]
    expires_at: datetime

    @classmethod
    def of(cls, target: StoredTarget) -> Self:
        """Show a storage's target."""
        headers = [HttpHeader(name=n, value=v) for n, v in target.headers.items()]
        return cls(
            method=target.method,
            url=target.url,
            headers=headers,
            expires_at=target.expires_at,
        )


@strawberry.type(
    description="A stored result that can be downloaded. The URL is signed when this "
    "field is resolved, so it is never stale."
)
class Artifact:
    """A stored file; the URL is signed when it is asked for."""

    url: str
    expires_at: datetime
    content_type: str
    size: BigInt
    sha256: str


@strawberry.enum
class ImageFormat(Enum):
    """How a picture is stored."""

    PNG = "PNG"
    JPEG = "JPEG"
    WEBP = "WEBP"


@strawberry.type
class Image:
    """A stored image; the URL is signed when it is asked for."""

    url: str
    expires_at: datetime
    content_type: str
    width: int
    height: int
    size: BigInt


async def load_image(
    info: Info, object_id: str | None, *, filename: str | None = None
) -> Image | None:
    """Show a stored image, or nothing where there is none or its life is over.

    A browser saves it under `filename`.
    """
    stored = await _load_object(info, object_id)
    return show_image(info, stored, filename) if stored is not None else None


def show_image(info: Info, stored: StoredObject, filename: str | None = None) -> Image:
    """Show a stored image by a URL that is signed now."""
    download = info.context.get(FilesService).download(stored, filename=filename)
    return Image(
        url=download.url,
        expires_at=download.expires_at,
        content_type=stored.content_type,
        width=stored.width or 0,
        height=stored.height or 0,
        size=BigInt(stored.size),
    )


async def load_artifact(
    info: Info, object_id: str | None, *, filename: str
) -> Artifact | None:
    """Show a stored file to be saved under `filename`, as `load_image` does."""
    stored = await _load_object(info, object_id)
    if stored is None:
        return None
    files = info.context.get(FilesService)
    download = files.download(stored, filename=filename, inline=False)
    return Artifact(
        url=download.url,
        expires_at=download.expires_at,
        content_type=stored.content_type,
        size=BigInt(stored.size),
        sha256=stored.sha256,
    )


async def _load_object(info: Info, object_id: str | None) -> StoredObject | None:
    if object_id is None:
        return None
    stored = await info.context.loaders.objects.load(object_id)
    return stored if stored is not None and not stored.is_over else None


@strawberry.input
class CreateUploadInput:
    """What a person announces before sending a file."""

    filename: str
    size: BigInt
    content_type: str | None = None
    sha256: str | None = strawberry.field(
        default=None,
        description="Hex. Where it is given, bytes that do not match are rejected.",
    )


@strawberry.type
class CreateUploadPayload:
    """An announced file and where its bytes go, or what is wrong."""

    file: SourceFile | None = None
    target: UploadTarget | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)
