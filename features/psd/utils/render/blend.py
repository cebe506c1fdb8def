"""Photoshop's blend modes on float colours: (rows, width, 3) from 0 to 1.

A function takes the backdrop and the source and returns what they blend to, as if
both were opaque. All but `dissolve`, which is a matter of coverage, are here.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Blend = Callable[[Floats, Floats], Floats]

_TINY: Final = np.float32(1e-9)
_LUMA: Final = np.array([0.3, 0.59, 0.11], np.float32)


def blend_function(mode: str) -> Blend | None:
    """Return the function of a mode in Photoshop's words; None where the source wins.

    That is `normal`, and what has no formula of its own.
    """
    return _FUNCTIONS.get(mode)


def dissolved(alpha: Floats, left: int, top: int) -> Floats:
    """Turn coverage into dots: (rows, width), each wholly there or not.

    Which ones depends on the place in the document alone.
    """
    rows, width = alpha.shape
    y = np.arange(top, top + rows, dtype=np.int64)[:, None]
    x = np.arange(left, left + width, dtype=np.int64)[None, :]
    mixed = (x * 0x9E3779B1) ^ (y * 0x85EBCA77)
    mixed = ((mixed ^ (mixed >> 15)) * 0x2C1B3C6D) & 0xFFFFFFFF
    threshold = ((mixed ^ (mixed >> 12)) & 0xFFFF).astype(np.float32) / 65536
    return as_floats(alpha > threshold)


def as_floats(values: Any) -> Floats:
    """Return values as floats of 32 bits, the same array where they are."""
    return np.asarray(values, np.float32)


def luminosity_of(color: Floats) -> Floats:
    """Return (rows, width, 1) luma."""
    return np.asarray((color @ _LUMA)[..., None], np.float32)


def _multiply(b: Floats, s: Floats) -> Floats:
    return b * s


def _screen(b: Floats, s: Floats) -> Floats:
    return b + s - b * s


def _color_dodge(b: Floats, s: Floats) -> Floats:
    dodged = np.minimum(b / np.maximum(1 - s, _TINY), 1)
    return np.where(b <= 0, np.float32(0), dodged)


def _color_burn(b: Floats, s: Floats) -> Floats:
    burnt = 1 - np.minimum((1 - b) / np.maximum(s, _TINY), 1)
    return np.where(b >= 1, np.float32(1), burnt)


def _linear_dodge(b: Floats, s: Floats) -> Floats:
    return as_floats(np.minimum(b + s, 1))


def _linear_burn(b: Floats, s: Floats) -> Floats:
    return as_floats(np.maximum(b + s - 1, 0))


def _hard_light(b: Floats, s: Floats) -> Floats:
    return np.where(s > 0.5, _screen(b, 2 * s - 1), b * (2 * s))


def _overlay(b: Floats, s: Floats) -> Floats:
    return _hard_light(s, b)


def _soft_light(b: Floats, s: Floats) -> Floats:
    bent = np.where(b <= 0.25, ((16 * b - 12) * b + 4) * b, np.sqrt(np.maximum(b, 0)))
    darker = b - (1 - 2 * s) * b * (1 - b)
    return np.where(s <= 0.5, darker, b + (2 * s - 1) * (bent - b))


def _vivid_light(b: Floats, s: Floats) -> Floats:
    burnt = 1 - np.minimum((1 - b) / np.maximum(2 * s, _TINY), 1)
    dodged = np.minimum(b / np.maximum(2 * (1 - s), _TINY), 1)
    vivid = np.where(s <= 0.5, burnt, dodged)
    # The source's extremes win over the backdrop's here.
    return np.where(s <= 0, np.float32(0), np.where(s >= 1, np.float32(1), vivid))


def _linear_light(b: Floats, s: Floats) -> Floats:
    return as_floats(np.clip(b + 2 * s - 1, 0, 1))


def _pin_light(b: Floats, s: Floats) -> Floats:
    return np.where(s > 0.5, np.maximum(b, 2 * s - 1), np.minimum(b, 2 * s))


def _hard_mix(b: Floats, s: Floats) -> Floats:
    total = b + s
    return as_floats((total > 1) | ((total == 1) & (b > 0.5)))


def _difference(b: Floats, s: Floats) -> Floats:
    return as_floats(np.abs(b - s))


def _exclusion(b: Floats, s: Floats) -> Floats:
    return b + s - 2 * b * s


def _subtract(b: Floats, s: Floats) -> Floats:
    return as_floats(np.maximum(b - s, 0))


def _divide(b: Floats, s: Floats) -> Floats:
    return as_floats(np.minimum(b / np.maximum(s, _TINY), 1))


def _hue(b: Floats, s: Floats) -> Floats:
    return _with_luminosity(_with_saturation(s, _saturation_of(b)), b)


def _saturation(b: Floats, s: Floats) -> Floats:
    return _with_luminosity(_with_saturation(b, _saturation_of(s)), b)


def _color(b: Floats, s: Floats) -> Floats:
    return _with_luminosity(s, b)


def _luminosity(b: Floats, s: Floats) -> Floats:
    return _with_luminosity(b, s)


def _darker_color(b: Floats, s: Floats) -> Floats:
    return np.where(luminosity_of(s) < luminosity_of(b), s, b)


def _lighter_color(b: Floats, s: Floats) -> Floats:
    return np.where(luminosity_of(s) > luminosity_of(b), s, b)


def _saturation_of(color: Floats) -> Floats:
    return np.asarray(np.ptp(color, axis=2, keepdims=True), np.float32)


def _with_saturation(color: Floats, saturation: Floats) -> Floats:
    """Stretch colours so that their least part is 0 and their greatest `saturation`."""
    low = color.min(axis=2, keepdims=True)
    spread = color.max(axis=2, keepdims=True) - low
    return np.where(
        spread > 0, (color - low) * saturation / np.maximum(spread, _TINY), 0
    )


def _with_luminosity(color: Floats, of: Floats) -> Floats:
    """Give colours the luma of others, and pull what leaves 0 to 1 towards it."""
    luma = luminosity_of(of)
    moved = color + (luma - luminosity_of(color))
    low = moved.min(axis=2, keepdims=True)
    high = moved.max(axis=2, keepdims=True)
    below = luma / np.maximum(luma - low, _TINY)
    moved = np.where(low < 0, luma + (moved - luma) * below, moved)
    above = (1 - luma) / np.maximum(high - luma, _TINY)
    moved = np.where(high > 1, luma + (moved - luma) * above, moved)
    return np.clip(moved, 0, 1)


_FUNCTIONS: Final[dict[str, Blend]] = {
    "darken": np.minimum,
    "multiply": _multiply,
    "color burn": _color_burn,
    "linear burn": _linear_burn,
    "darker color": _darker_color,
    "lighten": np.maximum,
    "screen": _screen,
    "color dodge": _color_dodge,
    "linear dodge": _linear_dodge,
    "lighter color": _lighter_color,
    "overlay": _overlay,
    "soft light": _soft_light,
    "hard light": _hard_light,
    "vivid light": _vivid_light,
    "linear light": _linear_light,
    "pin light": _pin_light,
    "hard mix": _hard_mix,
    "difference": _difference,
    "exclusion": _exclusion,
    "subtract": _subtract,
    "divide": _divide,
    "hue": _hue,
    "saturation": _saturation,
    "color": _color,
    "luminosity": _luminosity,
}
