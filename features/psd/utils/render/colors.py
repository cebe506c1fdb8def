"""Colours of effects and fills in sRGB, as the document's own colours become it."""

from typing import Any, Final

import cv2
import numpy as np

from features.psd.utils.file.container import ColorMode, Header
from features.psd.utils.pixels.color import ColorSpace
from features.psd.utils.pixels.samples import Pixels, Samples, narrow
from features.psd.utils.render.blend import Floats, as_floats, luminosity_of

_INKS: Final = ("Cyn", "Mgnt", "Ylw", "Blck")
_LAB: Final = ("Lmnc", "A", "B")
_HSB: Final = ("H", "Strt", "Brgh")


class Palette:
    """Turns what a descriptor calls a colour into three sRGB floats.

    A colour in the document's own mode goes through the document's profile.
    """

    def __init__(self, header: Header, space: ColorSpace) -> None:
        self._mode, self._depth, self._space = header.mode, header.depth, space

    def color(self, value: Any) -> Floats | None:
        """Return (3,) sRGB floats; None where the value is no known colour."""
        if isinstance(value, str) and len(value) == 7 and value[0] == "#":
            parts = [int(value[i : i + 2], 16) for i in (1, 3, 5)]
            return self._rgb(np.array(parts, np.float32))
        if not isinstance(value, dict):
            return None
        if all(key in value for key in _INKS):
            return self._cmyk(_numbers(value, _INKS))
        if all(key in value for key in _LAB):
            return _from_lab(_numbers(value, _LAB))
        if all(key in value for key in _HSB):
            hue, saturation, brightness = _numbers(value, _HSB)
            hsv = np.array([[[hue % 360, saturation / 100, brightness / 100]]])
            color = cv2.cvtColor(hsv.astype(np.float32), cv2.COLOR_HSV2RGB)
            return np.asarray(color[0, 0], np.float32)
        return None

    def _rgb(self, parts: Floats) -> Floats:
        if self._mode is ColorMode.RGB:
            return self._converted(parts)
        color = (parts / 255).astype(np.float32)
        if self._mode in (ColorMode.GRAYSCALE, ColorMode.DUOTONE):
            gray = luminosity_of(color.reshape(1, 1, 3))[0, 0]
            return np.asarray(np.repeat(gray, 3), np.float32)
        return color

    def _cmyk(self, percents: Floats) -> Floats:
        stored = 255 - percents * 2.55
        if self._mode is ColorMode.CMYK:
            return self._converted(stored)
        return np.asarray(stored[:3] * stored[3] / 255**2, np.float32)

    def _converted(self, parts: Floats) -> Floats:
        stored = np.rint(np.clip(parts, 0, 255))
        if self._depth == 32:
            light: list[Samples] = [
                np.full((1, 1), part / 255, np.float32) for part in stored
            ]
            return as_floats(to_floats(self._space.convert(light))[0, 0])
        planes: list[Samples] = [np.full((1, 1), part, np.uint8) for part in stored]
        return as_floats(to_floats(self._space.convert(planes))[0, 0])


def to_floats(pixels: Pixels) -> Floats:
    """Return (rows, width, 3) floats of gray or RGB."""
    pixels = narrow(pixels)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    return np.asarray(pixels[..., :3], np.float32) / np.float32(255)


def is_srgb(header: Header, space: ColorSpace) -> bool:
    """Tell whether the document's own numbers are those of sRGB."""
    if header.mode not in (ColorMode.RGB, ColorMode.GRAYSCALE, ColorMode.BITMAP):
        return False
    ramp = np.arange(256, dtype=np.uint8).reshape(1, 256)
    planes: list[Samples] = [np.roll(ramp, 85 * i) for i in range(space.planes)]
    shown = to_floats(space.convert(planes)) * 255
    stored = as_floats([planes[i % len(planes)] for i in range(3)])
    stored = np.moveaxis(stored, 0, -1)
    return bool(np.abs(shown - stored).max() <= 1)


def _numbers(value: dict[str, Any], keys: tuple[str, ...]) -> Floats:
    parts = [value[key] for key in keys]
    numbers = [part if isinstance(part, int | float) else 0 for part in parts]
    return np.array(numbers, np.float32)


def _from_lab(parts: Floats) -> Floats:
    lab = parts.reshape(1, 1, 3).astype(np.float32)
    color = np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1)
    return np.asarray(color[0, 0], np.float32)
