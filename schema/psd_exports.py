"""Exports of parsed PSDs in the graph."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from features.psd.models import PsdExport as ExportRow
from features.psd.models import PsdExportPicture as PictureRow
from features.psd.utils.exporting import Options
from schema.context import Info
from schema.files import Artifact, Image, ImageFormat, load_artifact, load_image
from schema.node import Node
from schema.paging import Connection, check_first, connect, read_index, read_time_key
from schema.priority import JobPriority
from schema.psd import Fidelity, PsdDocument, PsdLayer

if TYPE_CHECKING:
    from schema.jobs import Job

MAX_PICTURES_PAGE = 1000


@strawberry.type(
    description="A picture that was drawn of a layer, a group or the whole document: "
    "8 bit sRGB."
)
class PsdExportedPicture:
    """One picture of an export."""

    row: strawberry.Private[PictureRow]
    name: str = strawberry.field(
        description="Its path in the archive, such as 'Header/Logo@2x.png': groups are "
        "folders, what file systems cannot hold is replaced by '_', and of the same "
        "names the later ones are numbered."
    )
    scale: float
    fidelity: Fidelity
    unsupported: list[str] = strawberry.field(
        description="What of the document is not drawn, or not drawn alike."
    )

    @classmethod
    def of(cls, row: PictureRow) -> Self:
        """Show a row."""
        return cls(
            row=row,
            name=row.name,
            scale=row.scale,
            fidelity=Fidelity(row.fidelity),
            unsupported=row.unsupported,
        )

    @strawberry.field(description="Null for the whole document.")
    async def layer(self, info: Info) -> PsdLayer | None:
        """The layer that was drawn."""
        if self.row.layer_id is None:
            return None
        row = await info.context.loaders.layers.load(self.row.layer_id)
        return PsdLayer.of(row) if row is not None else None

    @strawberry.field(
        description="Null for a layer that shows nothing, and when the export's time "
        "is over."
    )
    async def image(self, info: Info) -> Image | None:
        """The picture."""
        name = PurePosixPath(self.row.name).name
        return await load_image(info, self.row.image_id, filename=name)


@strawberry.type(
    description="Pictures that were drawn of a parsed PSD. They are kept for 7 days; "
    "exporting again draws them again."
)
class PsdExport(Node):
    """An export."""

    row: strawberry.Private[ExportRow]
    format: ImageFormat
    created_at: datetime
    expires_at: datetime = strawberry.field(
        description="When the pictures and the archive are deleted."
    )

    @classmethod
    def of(cls, row: ExportRow) -> Self:
        """Show a row."""
        return cls(
            id=strawberry.ID(row.id),
            row=row,
            format=ImageFormat(row.format),
            created_at=row.created_at,
            expires_at=row.expires_at,
        )

    @strawberry.field
    async def document(self, info: Info) -> PsdDocument:
        """The document that was drawn."""
        row = await info.context.loaders.documents.load(self.row.document_id)
        assert row is not None
        return PsdDocument.of(row)

    @strawberry.field(description="Null where it is an administrator's.")
    async def job(
        self, info: Info
    ) -> Annotated["Job", strawberry.lazy("schema.jobs")] | None:
        """The job that drew it."""
        from schema.jobs import load_job  # the two types know each other

        found = await load_job(info, self.row.job_id)
        if found is None or not info.context.caller.may_see(found.body.owner):
            return None
        return found

    @strawberry.field(
        description="By layer as they were asked for, then by scale; while the job "
        "runs, those that are ready."
    )
    async def pictures(
        self, info: Info, first: int = 100, after: str | None = None
    ) -> Connection[PsdExportedPicture]:
        """The pictures."""
        check_first(first, MAX_PICTURES_PAGE)
        loaders = info.context.loaders
        page = loaders.picture_page(first + 1, read_index(after))
        return connect(
            await page.load(self.row.id),
            first,
            after=after,
            key=lambda row: row.index,
            node=PsdExportedPicture.of,
            count=lambda: loaders.picture_count.load(self.row.id),
        )

    @strawberry.field(
        description="A zip of all pictures, where one was asked for; null until it is "
        "stored, and when the export's time is over."
    )
    async def archive(self, info: Info) -> Artifact | None:
        """All pictures in one file."""
        name = self.row.archive_name
        return await load_artifact(info, self.row.archive_id, filename=name)


async def load_export(info: Info, export_id: str) -> PsdExport | None:
    """Show an export by its id."""
    row = await info.context.loaders.exports.load(export_id)
    return PsdExport.of(row) if row is not None else None


async def export_page(
    info: Info, document_id: str, first: int, after: str | None
) -> Connection[PsdExport]:
    """Show a document's exports, newest first."""
    check_first(first)
    loaders = info.context.loaders
    rows: Sequence[ExportRow] = await loaders.export_page(
        first + 1, read_time_key(after)
    ).load(document_id)
    return connect(
        rows,
        first,
        after=after,
        key=lambda row: (row.created_at, row.id),
        node=PsdExport.of,
        count=lambda: loaders.export_count.load(document_id),
    )


@strawberry.enum
class PsdExportFit(Enum):
    """How a picture fits a width and a height."""

    CONTAIN = strawberry.enum_value(
        "CONTAIN",
        description="All of it, in its own proportions, as large as fits; one side may "
        "be shorter than asked for.",
    )
    COVER = strawberry.enum_value(
        "COVER",
        description="Exactly that size, in its own proportions; what does not fit is "
        "cut off, on both sides alike.",
    )
    STRETCH = strawberry.enum_value(
        "STRETCH", description="Exactly that size, whatever its proportions."
    )


@strawberry.input
class ExportPsdInput:
    """What to draw, and how."""

    document_id: strawberry.ID
    layer_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="Up to 1000 layers, groups or artboards, each a picture of its own "
        "at each scale: with its effects, masks, opacity and what is clipped to it, and "
        "with all visible layers in it, on nothing. Its own eye does not count, nor "
        "what is around it: hidden layers can be exported, while blend modes, opacities "
        "and masks of the groups around it are left out. Left out: the whole document.",
    )
    format: ImageFormat = ImageFormat.PNG
    scales: list[float] = strawberry.field(
        default_factory=lambda: [1.0],
        description="Up to 5, each 0.01 to 4: [1, 2, 3] draws 1x, 2x and 3x.",
    )
    width: int | None = strawberry.field(
        default=None,
        description="The size at scale 1, in pixels. Where only one of width and "
        "height is given, the other follows.",
    )
    height: int | None = None
    fit: PsdExportFit = strawberry.field(
        default=PsdExportFit.CONTAIN,
        description="How pictures fit where width and height are given.",
    )
    quality: int = strawberry.field(
        default=90,
        description="1 to 100, for JPEG and WEBP; WEBP's 100 is lossless.",
    )
    background: str | None = strawberry.field(
        default=None,
        description="#rrggbb to put behind the pictures; left out, they are "
        "transparent, and JPEG's white.",
    )
    padding: int = strawberry.field(
        default=0,
        description="Pixels around each picture at scale 1, beside width and height; 0 "
        "to 1000.",
    )
    trim: bool = strawberry.field(
        default=False, description="Cut transparent borders off before scaling."
    )
    whole_canvas: bool = strawberry.field(
        default=False,
        description="Draw each layer where it lies on the canvas, and as large as it; "
        "else as large as the layer, also where it lies outside the canvas.",
    )
    archive: bool = strawberry.field(
        default=False, description="Make a zip of all pictures, too."
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="The same key from the same caller gives the same job, once.",
    )
    priority: JobPriority = strawberry.field(
        default=JobPriority.INTERACTIVE,
        description="Send piles of exports as BULK, so that nobody waits behind them.",
    )
    wait_ms: int = strawberry.field(
        default=2000,
        description="Wait this long for the job to end before answering; 0 answers at "
        "once. 0 to 10000.",
    )

    @property
    def options(self) -> Options:
        """The part of it that says how pictures are made."""
        return Options(
            format=self.format.value,
            scales=tuple(round(scale, 4) for scale in self.scales),
            width=self.width,
            height=self.height,
            fit=self.fit.name,
            quality=self.quality,
            background=self.background,
            padding=self.padding,
            trim=self.trim,
            whole_canvas=self.whole_canvas,
            archive=self.archive,
        )
