"""How large pictures become: sizes in whole pixels, always the same for the same input."""

from math import floor
from typing import Final, NamedTuple

from features.psd.utils.exporting.types import Options

MAX_PICTURE_PIXELS: Final = 100_000_000
# What encoders can hold in the memory of a task.
MAX_ENCODED: Final = {
    "PNG": MAX_PICTURE_PIXELS,
    "WEBP": MAX_PICTURE_PIXELS // 2,
    "JPEG": MAX_PICTURE_PIXELS,
}
MAX_PIXELS: Final = 1_000_000_000
MAX_SIDES: Final = {"PNG": 30_000, "WEBP": 16_383, "JPEG": 30_000}

Size = tuple[int, int]


class Geometry(NamedTuple):
    """From a source to a picture: `crop` of the source's middle, made `scaled`."""

    crop: Size
    scaled: Size
    padding: int

    @property
    def finished(self) -> Size:
        """The picture's width and height."""
        width, height = self.scaled
        return width + 2 * self.padding, height + 2 * self.padding

    @property
    def pixels(self) -> int:
        """How many pixels the picture has."""
        width, height = self.finished
        return width * height


def geometry_of(source: Size, options: Options, scale: float) -> Geometry:
    """Work out a picture of a source of (width, height) pixels."""
    padding = _rounded(options.padding * scale, 0)
    width, height = source
    across = options.width * scale / width if options.width else None
    down = options.height * scale / height if options.height else None
    if across is None or down is None:
        factor = across or down or scale
        return Geometry(source, _times(source, factor, factor), padding)
    if options.fit == "CONTAIN":
        factor = min(across, down)
        return Geometry(source, _times(source, factor, factor), padding)
    target = _times(source, across, down)
    if options.fit == "STRETCH":
        return Geometry(source, target, padding)
    factor = max(across, down)
    crop = _times(target, 1 / factor, 1 / factor)
    crop = min(crop[0], width), min(crop[1], height)
    return Geometry(crop, target, padding)


def fault_of(geometry: Geometry, form: str) -> str | None:
    """Say what is wrong with a picture's size, or None."""
    width, height = geometry.finished
    if max(width, height) > MAX_SIDES[form]:
        return (
            f"would be {width} × {height} pixels, and no side of a {form} may have "
            f"more than {MAX_SIDES[form]}. Ask for a smaller scale or size."
        )
    if geometry.pixels > MAX_ENCODED[form]:
        return (
            f"would be {width} × {height} pixels, and a {form} may have "
            f"{MAX_ENCODED[form]} in all. Ask for a smaller scale or size."
        )
    return None


def _times(size: Size, across: float, down: float) -> Size:
    return _rounded(size[0] * across, 1), _rounded(size[1] * down, 1)


def _rounded(value: float, least: int) -> int:
    # 83 * (55 * 1.9 / 83) falls short of 55 * 1.9, which is a half.
    return max(floor(round(value, 9) + 0.5), least)
