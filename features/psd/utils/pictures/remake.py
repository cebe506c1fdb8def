"""Making previews again from stored images."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from features.psd.utils.pictures.png_reader import PngReader
from features.psd.utils.pictures.preview import Reducer, write_preview
from features.psd.utils.pixels.samples import narrow
from features.psd.utils.types import Picture


class Remade(msgspec.Struct, frozen=True, tag=True):
    """The preview of the image at `index` has been written; None: it is unreadable."""

    index: int
    preview: Picture | None


def remake_previews(images: Sequence[Path], out: Path) -> Iterator[Remade]:
    """Write the previews of PNG images into the folder `out`, in their order.

    Each is the one that was made beside the image. One that cannot be made holds up
    no other.
    """
    for index, path in enumerate(images):
        try:
            preview = _remade(path, out / f"preview-{index}")
        except (MemoryError, ValueError, OSError):
            preview = None
        yield Remade(index, preview)


def _remade(path: Path, to: Path) -> Picture:
    with PngReader(path) as png:
        reducer = Reducer(png.width, png.height)
        for band in png.bands(reducer.factor):
            reducer.add(narrow(band))
    ratio = png.nbytes / path.stat().st_size
    return write_preview(to, reducer.picture(), ratio=ratio)
