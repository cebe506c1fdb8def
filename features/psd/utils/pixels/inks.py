"""Multichannel documents: every channel is an ink, printed over the others."""

import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.psd.utils.pixels.samples import (
    Pixels,
    Samples,
    full_scale,
    to_integers,
)

_ENTRY: Final = struct.Struct(">H4HHB")
_RGB, _CMYK = 0, 2
_PROCESS_INKS: Final = ((0, 255, 255), (255, 0, 255), (255, 255, 0), (0, 0, 0))


def ink_colors(display_info: memoryview | None, inks: int) -> NDArray[np.float32]:
    """Return the (inks, 3) sRGB colours, 0 to 255, of the channels' full ink.

    Where the display info does not tell, inks are cyan, magenta, yellow, black in
    turn: what a converted document has.
    """
    colors = np.array([_PROCESS_INKS[i % 4] for i in range(inks)], np.float32)
    entries = display_info[4:] if display_info is not None else memoryview(b"")
    for i in range(min(inks, len(entries) // _ENTRY.size)):
        space, *parts = _ENTRY.unpack_from(entries, i * _ENTRY.size)
        values = np.array(parts[:4], np.float32) / 65535
        if space == _RGB:
            colors[i] = values[:3] * 255
        elif space == _CMYK:
            colors[i] = values[:3] * values[3] * 255
    return colors


def overprint(
    planes: list[Samples], inks: NDArray[np.float32], *, wide: bool = False
) -> Pixels:
    """Multiply the inks' light, pixel by pixel; full scale is no ink, 0 is full."""
    light = np.ones((*planes[0].shape, 3), np.float32)
    for plane, ink in zip(planes, inks, strict=True):
        bare = plane.astype(np.float32)[..., None] / full_scale(plane)
        light *= bare + (1 - bare) * (ink / 255)
    return to_integers(light, wide=wide)
