"""Colours of descriptors and of text as ``#rrggbb``."""

import colorsys
from collections.abc import Sequence
from math import isfinite

from features.psd.utils.details.descriptor import Descriptor


def hex_color(parts: Sequence[float]) -> str | None:
    """Write 3 or 4 parts of 0 to 1 as ``#rrggbb`` or ``#rrggbbaa``."""
    if not all(isfinite(part) for part in parts):
        return None
    return "#" + "".join(f"{round(min(max(part, 0), 1) * 255):02x}" for part in parts)


def descriptor_color(color: Descriptor) -> str | None:
    """Return a descriptor's colour; None where it names none that is known.

    CMYK and Lab are converted without a profile, so that they are near, not exact.
    """
    for keys, scale, convert in _MODELS:
        values = [color.number(key) for key in keys]
        parts = [value / scale for value in values if value is not None]
        if len(parts) == len(keys):
            return hex_color(convert(parts))
    return None


def ink_parts(inks: Sequence[float]) -> list[float]:
    """Return red, green and blue of cyan, magenta, yellow and black, all 0 to 1."""
    *colors, black = inks
    return [(1 - ink) * (1 - black) for ink in colors]


def _lab(parts: Sequence[float]) -> list[float]:
    lightness, a, b = parts
    y = (lightness + 16) / 116
    xyz = [
        white * (f**3 if f > 6 / 29 else 3 * (6 / 29) ** 2 * (f - 4 / 29))
        for white, f in zip((0.9642, 1.0, 0.8251), (y + a / 500, y, y - b / 200))
    ]
    rows = (
        (3.1338561, -1.6168667, -0.4906146),
        (-0.9787684, 1.9161415, 0.0334540),
        (0.0719453, -0.2289914, 1.4052427),
    )
    linear = (sum(map(float.__mul__, row, xyz)) for row in rows)
    return [
        12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
        for part in linear
    ]


def _hsb(parts: Sequence[float]) -> list[float]:
    hue, saturation, brightness = parts
    return list(
        colorsys.hsv_to_rgb(hue / 3.6 % 1, min(saturation, 1), min(brightness, 1))
    )


_MODELS = (
    (("Rd", "Grn", "Bl"), 255.0, list),
    (("redFloat", "greenFloat", "blueFloat"), 1.0, list),
    # Told as percent of black ink.
    (("Gry",), 100.0, lambda parts: [1 - parts[0]] * 3),
    (("H", "Strt", "Brgh"), 100.0, _hsb),
    (("Cyn", "Mgnt", "Ylw", "Blck"), 100.0, ink_parts),
    (("Lmnc", "A", "B"), 1.0, _lab),
)
