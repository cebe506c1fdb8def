"""Writing a picture and its preview in one pass over its bands."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from features.psd.utils.pictures.png import PngWriter
from features.psd.utils.pictures.preview import Reducer, write_preview
from features.psd.utils.pixels.samples import Pixels, narrow
from features.psd.utils.types import Picture

Pictures = tuple[Picture, Picture]


class Banded(Protocol):
    """A picture that comes in bands from the top."""

    @property
    def width(self) -> int:
        """Pixels across."""

    @property
    def height(self) -> int:
        """Pixels down."""

    def bands(self, multiple: int = 1) -> Iterator[Pixels]:
        """Yield bands; all but the last have a multiple of `multiple` rows."""


def is_blank(picture: Banded) -> bool:
    """Tell whether all pixels are the same; reads no further than to the first other."""
    first = None
    for band in picture.bands():
        first = band[0, 0] if first is None else first
        if (band != first).any():
            return False
    return True


def export_raster(raster: Banded, out: Path, name: str) -> Pictures:
    """Write ``name.png`` and ``name-preview.webp``; DamagedPixels leaves neither."""
    reducer = Reducer(raster.width, raster.height)
    with PngWriter(out / f"{name}.png", raster.width, raster.height) as png:
        for band in raster.bands(reducer.factor):
            png.write(band)
            reducer.add(narrow(band))
        image = png.finish()
    small = reducer.picture()
    return image, write_preview(out / f"{name}-preview", small, ratio=png.ratio)
