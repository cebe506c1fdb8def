"""Writing a picture and its preview in one pass over its bands."""

from pathlib import Path

from features.psd.utils.pictures.png import PngWriter
from features.psd.utils.pictures.preview import Reducer, write_preview
from features.psd.utils.pixels.raster import Raster
from features.psd.utils.pixels.samples import Pixels, narrow
from features.psd.utils.types import Picture

Pictures = tuple[Picture, Picture]


def export_raster(raster: Raster, out: Path, name: str) -> Pictures:
    """Write ``name.png`` and ``name-preview.webp``; DamagedPixels leaves neither."""
    reducer = Reducer(raster.width, raster.height)
    with PngWriter(out / f"{name}.png", raster.width, raster.height) as png:
        for band in raster.bands(reducer.factor):
            png.write(band)
            reducer.add(narrow(band))
        image = png.finish()
    small = reducer.picture()
    return image, write_preview(out / f"{name}-preview", small, ratio=png.ratio)


def export_pixels(pixels: Pixels, out: Path, name: str) -> Pictures:
    """Write a picture that is in memory as a whole."""
    height, width = pixels.shape[:2]
    reducer = Reducer(width, height)
    with PngWriter(out / f"{name}.png", width, height) as png:
        png.write(pixels)
        image = png.finish()
    reducer.add(narrow(pixels))
    small = reducer.picture()
    return image, write_preview(out / f"{name}-preview", small, ratio=png.ratio)
