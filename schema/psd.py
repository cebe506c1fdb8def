"""Parsed PSDs in the graph."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Self, cast

import strawberry
from graphql import OperationType

from features.psd.models import LayerSelection
from features.psd.models import PsdDocument as DocumentRow
from features.psd.models import PsdLayer as LayerRow
from schema.context import Info
from schema.files import Image, SourceFile, load_image, show_image
from schema.node import Node
from schema.paging import Connection, check_first, connect, read_index
from schema.priority import JobPriority
from schema.psd_details import (
    Bounds,
    PsdArtboard,
    PsdEffect,
    PsdGuide,
    PsdPoint,
    PsdSlice,
    PsdSmartObject,
    PsdSwatch,
    layer_id,
)
from schema.psd_text import PsdText

if TYPE_CHECKING:
    from schema.jobs import Job
    from schema.psd_exports import PsdExport

MAX_LAYERS_PAGE = 1000


@strawberry.enum
class PsdColorMode(Enum):
    """A document's colour mode."""

    BITMAP = "BITMAP"
    GRAYSCALE = "GRAYSCALE"
    INDEXED = "INDEXED"
    RGB = "RGB"
    CMYK = "CMYK"
    MULTICHANNEL = "MULTICHANNEL"
    DUOTONE = "DUOTONE"
    LAB = "LAB"


@strawberry.enum
class PsdLayerKind(Enum):
    """What a layer is."""

    GROUP = "GROUP"
    ARTBOARD = "ARTBOARD"
    PIXEL = "PIXEL"
    TEXT = "TEXT"
    SHAPE = "SHAPE"
    SMART_OBJECT = "SMART_OBJECT"
    ADJUSTMENT = "ADJUSTMENT"
    FILL = "FILL"


@strawberry.enum(
    description="How far the exported pixels can be trusted to look as Photoshop "
    "shows them."
)
class Fidelity(Enum):
    """How true exported pixels are."""

    EXACT = "EXACT"
    APPROXIMATE = strawberry.enum_value(
        "APPROXIMATE",
        description="Something in the layer (named in `unsupported`) is not drawn, "
        "or not drawn alike.",
    )
    NONE = strawberry.enum_value("NONE", description="There are no pixels to draw.")


@strawberry.enum
class PsdImageDepth(Enum):
    """How many bits for each channel exported images get."""

    EIGHT = "EIGHT"
    AS_STORED = strawberry.enum_value(
        "AS_STORED",
        description="16 bits of documents that have 16 or 32, else 8. Previews always "
        "have 8.",
    )


@strawberry.type
class PsdLayer(Node):
    """One layer of a document."""

    row: strawberry.Private[LayerRow]
    index: int = strawberry.field(
        description="Position from the bottom of the document, 0 first; a group comes "
        "right before the layers in it."
    )
    name: str
    path: list[str] = strawberry.field(
        description="Names from the outermost group to this layer."
    )
    depth: int
    kind: PsdLayerKind
    visible: bool = strawberry.field(
        description="The layer's own eye, whatever its groups' are."
    )
    opacity: float = strawberry.field(description="0 to 1; the stored value over 255.")
    blend_mode: str = strawberry.field(
        description="In Photoshop's words, lower case: normal, pass through, linear "
        "dodge, ..."
    )
    clipped: bool
    has_mask: bool
    has_vector_mask: bool
    fidelity: Fidelity
    unsupported: list[str]

    @classmethod
    def of(cls, row: LayerRow) -> Self:
        """Show a row."""
        return cls(
            id=strawberry.ID(row.id),
            row=row,
            index=row.index,
            name=row.name,
            path=row.path,
            depth=row.depth,
            kind=PsdLayerKind(row.kind),
            visible=row.visible,
            opacity=row.opacity,
            blend_mode=row.blend_mode,
            clipped=row.clipped,
            has_mask=row.has_mask,
            has_vector_mask=row.has_vector_mask,
            fidelity=Fidelity(row.fidelity),
            unsupported=row.unsupported,
        )

    @strawberry.field
    async def document(self, info: Info) -> "PsdDocument":
        """The document that the layer belongs to."""
        row = await info.context.loaders.documents.load(self.row.document_id)
        assert row is not None
        return PsdDocument.of(row)

    @strawberry.field(
        description="As stored, also where it lies outside the canvas; a group's is "
        "the smallest box around all its layers."
    )
    def bounds(self) -> Bounds:
        """The layer's box."""
        row = self.row
        return Bounds(left=row.left, top=row.top, width=row.width, height=row.height)

    @strawberry.field
    def text(self) -> PsdText | None:
        """The words of a text layer."""
        return PsdText.of(self.row.text) if self.row.text is not None else None

    @strawberry.field
    def effects(self) -> list[PsdEffect]:
        """The layer's effects, in the file's order."""
        return [PsdEffect(**effect) for effect in self.row.effects]

    @strawberry.field(
        description="What fills a fill layer or a shape: kind (color, gradient or "
        "pattern) and its settings, told as those of effects are."
    )
    def fill(self) -> strawberry.scalars.JSON | None:
        """What fills the layer."""
        return cast("strawberry.scalars.JSON | None", self.row.fill)

    @strawberry.field(
        description="The line around a shape: width, alignment, cap, join, dashes, "
        "blendMode, opacity and fill."
    )
    def line(self) -> strawberry.scalars.JSON | None:
        """The line around a shape."""
        return cast("strawberry.scalars.JSON | None", self.row.line)

    @strawberry.field
    def smart_object(self) -> PsdSmartObject | None:
        """What a smart object's layer places."""
        return PsdSmartObject.of(self.row)

    @strawberry.field
    def artboard(self) -> PsdArtboard | None:
        """What an artboard is beside a group."""
        return PsdArtboard.of(self.row.artboard) if self.row.artboard else None

    @strawberry.field(
        description="The layer's own pixels, full size, PNG. Null for a layer with "
        "none."
    )
    async def image(self, info: Info) -> Image | None:
        """The layer's pixels."""
        return await load_image(info, self.row.image_id)

    @strawberry.field(
        description="At most 512 pixels on its longer side. There from the layer's "
        "PsdLayersExported on; kept 24 hours from then (however the job ends; a "
        "completed parse's are given 24 hours anew), made again when asked for later: "
        "null where that takes longer than 2 s, and in subscriptions, until "
        '`events(subject: "psd.preview.published")` tells that they are there.'
    )
    async def preview(self, info: Info) -> Image | None:
        """The layer's pixels, small."""
        return await _load_preview(info, self.row)

    @strawberry.field
    async def parent(self, info: Info) -> "PsdLayer | None":
        """The group around the layer."""
        if self.row.parent_index is None:
            return None
        parent_id = layer_id(self.row.document_id, self.row.parent_index)
        row = await info.context.loaders.layers.load(parent_id)
        return PsdLayer.of(row) if row is not None else None

    @strawberry.field(description="Topmost first.")
    async def children(self, info: Info) -> list["PsdLayer"]:
        """What a group holds."""
        if self.kind not in (PsdLayerKind.GROUP, PsdLayerKind.ARTBOARD):
            return []
        return await _children(info, self.row.document_id, self.index)


@strawberry.type
class PsdLayerCompState:
    """What a comp says of one layer."""

    document_id: strawberry.Private[str]
    layer_index: int
    visible: bool | None = strawberry.field(
        description="Null where the comp leaves the eye as it is."
    )
    offset: PsdPoint | None = strawberry.field(
        description="How far the comp moves the layer from where it lies."
    )

    @strawberry.field
    async def layer(self, info: Info) -> PsdLayer | None:
        """The layer."""
        wanted = layer_id(self.document_id, self.layer_index)
        row = await info.context.loaders.layers.load(wanted)
        return PsdLayer.of(row) if row is not None else None

    @classmethod
    def of(cls, document_id: str, stored: dict[str, Any]) -> Self:
        """Show a stored state."""
        x, y = stored["offset_x"], stored["offset_y"]
        known = x is not None and y is not None
        return cls(
            document_id=document_id,
            layer_index=stored["index"],
            visible=stored["visible"],
            offset=PsdPoint(x=x, y=y) if known else None,
        )


@strawberry.type
class PsdLayerComp:
    """A state of the document that its designer has kept under a name."""

    name: str
    comment: str | None
    is_applied: bool = strawberry.field(
        description="Whether it is the one that was applied last."
    )
    captures_visibility: bool
    captures_position: bool
    captures_appearance: bool
    states: list[PsdLayerCompState] = strawberry.field(
        description="Of the layers that the comp says something of, from the bottom."
    )

    @classmethod
    def of(cls, document_id: str, stored: dict[str, Any]) -> Self:
        """Show a stored comp."""
        states = [PsdLayerCompState.of(document_id, one) for one in stored["states"]]
        return cls(**stored | {"states": states})


@strawberry.type
class PsdDocument(Node):
    """A parsed PSD."""

    row: strawberry.Private[DocumentRow]
    width: int
    height: int
    color_mode: PsdColorMode
    bit_depth: int = strawberry.field(description="Bits per channel: 1, 8, 16 or 32.")
    is_large: bool = strawberry.field(
        description="True for the large document format (PSB)."
    )
    dpi: float | None
    icc_profile: str | None
    layer_count: int
    fonts: list[str]
    image_is_composed: bool = strawberry.field(
        description="True where the file embeds no merged image (or a blank one), so "
        "that `image` and `preview` are composed of the layers and may differ from "
        "what Photoshop shows. False before there is an image."
    )
    created_at: datetime

    @classmethod
    def of(cls, row: DocumentRow) -> Self:
        """Show a row."""
        return cls(
            id=strawberry.ID(row.id),
            row=row,
            width=row.width,
            height=row.height,
            color_mode=PsdColorMode(row.color_mode),
            bit_depth=row.bit_depth,
            is_large=row.is_large,
            dpi=row.dpi,
            icc_profile=row.icc_profile,
            layer_count=row.layer_count,
            fonts=row.fonts,
            image_is_composed=row.image_is_composed,
            created_at=row.created_at,
        )

    @strawberry.field
    async def file(self, info: Info) -> SourceFile:
        """The file that was parsed."""
        row = await info.context.loaders.files.load(self.row.file_id)
        assert row is not None
        return SourceFile.of(row)

    @strawberry.field
    async def job(self, info: Info) -> Annotated["Job", strawberry.lazy("schema.jobs")]:
        """The job that parsed it."""
        from schema.jobs import load_job  # the two types know each other

        found = await load_job(info, self.row.job_id)
        assert found is not None
        return found

    @strawberry.field(
        description="The top-level layers, topmost first: the order of Photoshop's "
        "own panel."
    )
    async def tree(self, info: Info) -> list[PsdLayer]:
        """The top level of the layers."""
        return await _children(info, self.row.id, None)

    @strawberry.field(description="By index.")
    async def layers(
        self,
        info: Info,
        first: int = 100,
        after: str | None = None,
        kind: list[PsdLayerKind] | None = None,
        visible: bool | None = None,
    ) -> Connection[PsdLayer]:
        """The layers, in one list."""
        check_first(first, MAX_LAYERS_PAGE)
        kinds = tuple(sorted(one.value for one in kind)) if kind is not None else None
        selection = LayerSelection(kinds, visible)
        loaders = info.context.loaders
        page = loaders.layer_page(selection, first + 1, read_index(after))
        return connect(
            await page.load(self.row.id),
            first,
            after=after,
            key=lambda row: row.index,
            node=PsdLayer.of,
            count=lambda: loaders.layer_count(selection).load(self.row.id),
        )

    @strawberry.field
    def guides(self) -> list[PsdGuide]:
        """The guides, in the file's order."""
        return [PsdGuide.of(guide) for guide in self.row.guides]

    @strawberry.field
    def slices(self) -> list[PsdSlice]:
        """The slices, in the file's order."""
        return [PsdSlice.of(one) for one in self.row.slices]

    @strawberry.field
    def layer_comps(self) -> list[PsdLayerComp]:
        """The layer comps, in the order of Photoshop's panel."""
        return [PsdLayerComp.of(self.row.id, comp) for comp in self.row.layer_comps]

    @strawberry.field(description="Most used first. Effects switched off do not count.")
    def swatches(self) -> list[PsdSwatch]:
        """The colours that the document uses."""
        return [PsdSwatch(**swatch) for swatch in self.row.swatches]

    @strawberry.field(description="The flattened document, full size, PNG.")
    async def image(self, info: Info) -> Image | None:
        """The flattened document."""
        return await load_image(info, self.row.image_id)

    @strawberry.field
    async def preview(self, info: Info) -> Image | None:
        """The flattened document, small."""
        return await _load_preview(info, self.row)

    @strawberry.field(description="What was exported of it, newest first.")
    async def exports(
        self, info: Info, first: int = 20, after: str | None = None
    ) -> Connection[Annotated["PsdExport", strawberry.lazy("schema.psd_exports")]]:
        """The document's exports."""
        from schema.psd_exports import export_page  # the two types know each other

        return await export_page(info, self.row.id, first, after)


async def _load_preview(info: Info, row: LayerRow | DocumentRow) -> Image | None:
    """Show a preview; one whose time is over is made again."""
    found = await load_image(info, row.preview_id)
    if found is not None or row.image_id is None:
        return found
    # Nobody behind an event of a subscription shall wait for it.
    wait = info.operation.operation is not OperationType.SUBSCRIPTION
    stored = await info.context.loaders.remade_previews(wait).load(row.id)
    if stored is None or stored.is_over:
        return None
    return show_image(info, stored)


async def _children(
    info: Info, document_id: str, parent_index: int | None
) -> list[PsdLayer]:
    rows = await info.context.loaders.layers_of.load(document_id)
    inside = [row for row in rows if row.parent_index == parent_index]
    return [PsdLayer.of(row) for row in reversed(inside)]


@strawberry.input
class ParsePsdInput:
    """What to parse, and how."""

    file_id: strawberry.ID
    export_layers: bool = strawberry.field(
        default=True,
        description="Export every layer's image; false reads the structure alone.",
    )
    depth: PsdImageDepth = strawberry.field(
        default=PsdImageDepth.EIGHT,
        description="Bits for each channel of the exported PNG images.",
    )
    reuse: bool = strawberry.field(
        default=True,
        description="Take the document of the same bytes, parsed with the same "
        "options before, for the result; false parses them anew.",
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="The same key from the same caller gives the same job, once.",
    )
    priority: JobPriority = strawberry.field(
        default=JobPriority.INTERACTIVE,
        description="Send piles of files as BULK, so that nobody waits behind them.",
    )
    wait_ms: int = strawberry.field(
        default=2000,
        description="Wait this long for the job to end before answering; 0 answers at "
        "once. 0 to 10000.",
    )
