"""Multichannel documents: every channel is an ink, printed over the others."""

import struct
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from features.psd.utils.pixels.samples import Bytes8, Samples

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


def overprint(planes: list[Samples], inks: NDArray[np.float32]) -> Bytes8:
    """Multiply the inks' light, pixel by pixel; 255 is no ink, 0 is full."""
    result = np.full((*planes[0].shape, 3), 255, np.float32)
    for plane, ink in zip(planes, inks, strict=True):
        scale = 255 if plane.dtype == np.uint8 else 1
        bare = plane.astype(np.float32)[..., None] / scale
        result *= bare + (1 - bare) * (ink / 255)
    return np.asarray(cv2.convertScaleAbs(result), np.uint8).reshape(result.shape)
