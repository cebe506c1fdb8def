"""Making an export's pictures, one by one, and the archive of them."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

from features.psd.exceptions import over_limit
from features.psd.utils.exporting.archive import Archive
from features.psd.utils.exporting.drawing import Design, Drawing, draw, opened
from features.psd.utils.exporting.encoding import SUFFIXES, write_picture
from features.psd.utils.exporting.geometry import fault_of, geometry_of
from features.psd.utils.exporting.pixels import in_color, shaped, trimmed
from features.psd.utils.exporting.types import (
    ArchiveExported,
    ExportMessage,
    Options,
    Order,
    PictureExported,
    Subject,
)
from features.psd.utils.types import Limits, Picture


def export(
    source: Path, out: Path, order: Order, limits: Limits
) -> Iterator[ExportMessage]:
    """Draw what is ordered into the folder `out`.

    Yields PictureExported for each subject and scale, in the order's order, then
    ArchiveExported where an archive is ordered. Raises PsdError as `parse` does, and
    LIMIT_EXCEEDED for a picture that is too large.
    """
    archive = Archive(out / "archive.zip") if order.options.archive else None
    with opened(source, limits) as design, archive or nullcontext():
        for place, subject in enumerate(order.subjects):
            first = place * len(order.options.scales)
            for message, name in _pictures(design, out, order.options, subject, first):
                if archive is not None and message.picture is not None:
                    archive.add(name, Path(message.picture.path))
                yield message
    if archive is not None:
        yield ArchiveExported(str(archive.path))


def _pictures(
    design: Design, out: Path, options: Options, subject: Subject, first: int
) -> Iterator[tuple[PictureExported, str]]:
    """Yield a subject's picture, and its name, at each scale; numbered from `first`."""
    drawing = _prepared(design, options, subject)
    scaled = zip(options.scales, subject.names, strict=True)
    for number, (scale, name) in enumerate(scaled, first):
        picture = _picture(out / f"picture-{number}", drawing, options, scale, name)
        told = drawing.fidelity, drawing.unsupported
        yield PictureExported(number, picture, *told), name


def _prepared(design: Design, options: Options, subject: Subject) -> Drawing:
    drawing = draw(design, subject.index, whole_canvas=options.whole_canvas)
    pixels = drawing.pixels
    if pixels is not None and options.trim:
        pixels = trimmed(pixels)
    if pixels is not None:
        pixels = in_color(pixels)
    return Drawing(pixels, drawing.unsupported)


def _picture(
    path: Path, drawing: Drawing, options: Options, scale: float, name: str
) -> Picture | None:
    if drawing.pixels is None:
        return None
    height, width = drawing.pixels.shape[:2]
    geometry = geometry_of((width, height), options, scale)
    if fault := fault_of(geometry, options.format):
        raise over_limit(f"“{name}” {fault}")
    pixels = shaped(drawing.pixels, geometry, options.ground)
    path = path.with_suffix(SUFFIXES[options.format])
    return write_picture(path, pixels, options.format, options.quality)
