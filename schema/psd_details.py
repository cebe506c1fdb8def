"""What is in a layer of a PSD, and over its canvas, in the graph."""

from datetime import datetime
from enum import Enum
from typing import Any, Self

import strawberry

from core.base import derived_id
from features.files.services import FilesService
from features.psd.models import PsdLayer as LayerRow
from schema.context import Info
from schema.psd_text import PsdOrientation
from schema.scalars import BigInt


@strawberry.type
class Bounds:
    """A box in pixels from the canvas' top left corner."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def out_of(cls, stored: dict[str, Any]) -> Self:
        """Take the four sides out of what is stored of something, and show them."""
        return cls(**{side: stored.pop(side) for side in cls.__annotations__})


@strawberry.type
class PsdPoint:
    """A point, in pixels from the canvas' top left corner or from where it was."""

    x: float
    y: float


@strawberry.type
class PsdEffect:
    """A layer effect."""

    kind: str
    enabled: bool
    settings: strawberry.scalars.JSON


@strawberry.type
class PsdArtboard:
    """What an artboard is beside a group."""

    bounds: Bounds = strawberry.field(
        description="The artboard's own frame, wherever its layers lie."
    )
    preset: str | None
    background: str | None = strawberry.field(
        description="#rrggbb; null where it is transparent."
    )

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """Show a stored artboard."""
        rest = dict(stored)
        return cls(bounds=Bounds.out_of(rest), **rest)


@strawberry.type
class PsdGuide:
    """A guide over the canvas."""

    orientation: PsdOrientation
    position: float = strawberry.field(
        description="Pixels from the canvas' left side, or from its top for a "
        "horizontal one; outside of it, too."
    )

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """Show a stored guide."""
        return cls(
            orientation=PsdOrientation(stored["orientation"]),
            position=stored["position"],
        )


@strawberry.enum
class PsdSliceOrigin(Enum):
    """What a slice was made from."""

    AUTO = strawberry.enum_value(
        "AUTO",
        description="Photoshop's own: what others leave of the canvas. A document "
        "without slices has one around all.",
    )
    LAYER = "LAYER"
    USER = "USER"


@strawberry.type
class PsdSlice:
    """A part of the canvas that is exported by itself."""

    name: str | None
    origin: PsdSliceOrigin
    bounds: Bounds
    url: str | None
    alt_text: str | None
    message: str | None

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """Show a stored slice."""
        rest = dict(stored)
        origin = PsdSliceOrigin(rest.pop("origin"))
        return cls(bounds=Bounds.out_of(rest), origin=origin, **rest)


@strawberry.type
class PsdSwatch:
    """A colour that the document uses in its texts, fills, lines or effects."""

    color: str = strawberry.field(description="#rrggbb")
    layer_count: int = strawberry.field(description="How many layers use it.")


@strawberry.enum
class PsdSmartObjectKind(Enum):
    """Where the file of a smart object is."""

    EMBEDDED = strawberry.enum_value("EMBEDDED", description="In the document itself.")
    LINKED = strawberry.enum_value(
        "LINKED", description="Outside, where the designer's computer has it."
    )
    MISSING = strawberry.enum_value(
        "MISSING", description="The document does not tell."
    )


@strawberry.type(
    description="A file out of a smart object, byte by byte as its designer embedded "
    "it. Nothing in it has been checked: it is handed out to be saved, not shown."
)
class PsdEmbeddedFile:
    """A file to download; the URL is signed when it is asked for."""

    url: str
    expires_at: datetime
    filename: str
    content_type: str
    size: BigInt
    sha256: str


@strawberry.type
class PsdSmartObject:
    """What a smart object's layer places."""

    row: strawberry.Private[LayerRow]
    unique_id: str = strawberry.field(
        description="The same for all layers of a document that show the same file."
    )
    kind: PsdSmartObjectKind
    name: str | None = strawberry.field(description="The file's own name.")
    media_type: str | None = strawberry.field(
        description="By the name's ending; application/octet-stream where that is "
        "none that is known."
    )
    size: BigInt | None = strawberry.field(description="Of the file, in bytes.")
    width: float | None = strawberry.field(
        description="Of what the file shows, in its own pixels or points."
    )
    height: float | None
    corners: list[PsdPoint] = strawberry.field(
        description="Where the file's corners lie on the canvas: top left, top right, "
        "bottom right, bottom left. Empty where the document does not tell."
    )

    @classmethod
    def of(cls, row: LayerRow) -> Self | None:
        """Show a layer's smart object, if it is one."""
        if row.smart_object is None:
            return None
        stored = dict(row.smart_object)
        sides = stored.pop("corners")
        size = stored.pop("size")
        return cls(
            row=row,
            kind=PsdSmartObjectKind(stored.pop("kind")),
            size=None if size is None else BigInt(size),
            corners=[PsdPoint(x=x, y=y) for x, y in zip(sides[::2], sides[1::2])],
            **stored,
        )

    @strawberry.field(
        description="The embedded file. Null where there is none, or where the "
        "document was parsed without its layers' images."
    )
    async def file(self, info: Info) -> PsdEmbeddedFile | None:
        """The embedded file."""
        if self.row.embedded_id is None:
            return None
        stored = await info.context.loaders.objects.load(self.row.embedded_id)
        if stored is None or stored.is_over:
            return None
        filename = self.name or self.unique_id
        download = info.context.get(FilesService).download(
            stored, filename=filename, inline=False
        )
        return PsdEmbeddedFile(
            url=download.url,
            expires_at=download.expires_at,
            filename=filename,
            content_type=stored.content_type,
            size=BigInt(stored.size),
            sha256=stored.sha256,
        )


def layer_id(document_id: str, index: int) -> str:
    """Return the id of a document's layer."""
    return derived_id("layer", document_id, str(index))
