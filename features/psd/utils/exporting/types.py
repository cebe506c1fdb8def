"""What is asked of an export and what it tells, in structs that cross a process border."""

import msgspec

from features.psd.utils.types import Picture


class Options(msgspec.Struct, frozen=True, tag=True):
    """How each picture of an export is made.

    `format` is PNG, WEBP or JPEG; `fit` CONTAIN, COVER or STRETCH; `background`
    ``#rrggbb``; `width`, `height` and `padding` are in pixels at scale 1.
    """

    format: str = "PNG"
    scales: tuple[float, ...] = (1.0,)
    width: int | None = None
    height: int | None = None
    fit: str = "CONTAIN"
    quality: int = 90
    background: str | None = None
    padding: int = 0
    trim: bool = False
    whole_canvas: bool = False
    archive: bool = False

    @property
    def ground(self) -> str | None:
        """The colour behind the pictures; JPEG cannot do without."""
        return self.background or ("#ffffff" if self.format == "JPEG" else None)


class Subject(msgspec.Struct, frozen=True, tag=True):
    """What is drawn: the layer at `index`, or the whole document; a name for each scale."""

    index: int | None
    names: tuple[str, ...]


class Order(msgspec.Struct, frozen=True, tag=True):
    """A whole export: its pictures are numbered by subject, then by scale."""

    options: Options
    subjects: tuple[Subject, ...]


class PictureExported(msgspec.Struct, frozen=True, tag=True):
    """A picture has been written; None where there is nothing to draw.

    `fidelity` and `unsupported` are what `PsdExportedPicture` in the schema tells.
    """

    number: int
    picture: Picture | None
    fidelity: str
    unsupported: list[str]


class ArchiveExported(msgspec.Struct, frozen=True, tag=True):
    """The archive of all pictures has been written."""

    path: str


ExportMessage = PictureExported | ArchiveExported
