"""From stored samples to bytes or linear floats."""

import cv2
import numpy as np
from numpy.typing import NDArray

from features.psd.utils.pixels.codecs import Buffer

Samples = NDArray[np.uint8] | NDArray[np.float32]
Bytes8 = NDArray[np.uint8]


def to_samples(data: Buffer, width: int, rows: int, depth: int) -> Samples:
    """Return (rows, width) samples of 8 bits, or linear floats of a 32 bit channel.

    16 bit samples are rounded to the nearest of 256 levels; a set bit is black.
    """
    if depth == 8:
        return np.frombuffer(data, np.uint8, rows * width).reshape(rows, width)
    if depth == 16:
        wide = np.frombuffer(data, ">u2", rows * width).astype(np.uint16)
        narrow = cv2.convertScaleAbs(wide.reshape(rows, width), alpha=255 / 65535)
        return np.asarray(narrow, np.uint8).reshape(rows, width)
    if depth == 32:
        floats = np.frombuffer(data, ">f4", rows * width).astype(np.float32)
        return np.nan_to_num(floats, copy=False).reshape(rows, width)
    bits = np.unpackbits(np.frombuffer(data, np.uint8).reshape(rows, -1), axis=1)
    return np.subtract(1, bits[:, :width], dtype=np.uint8) * np.uint8(255)


def to_bytes(samples: Samples) -> Bytes8:
    """Return samples that are coverage, not light, as 0 to 255."""
    if samples.dtype == np.uint8:
        return samples.astype(np.uint8, copy=False)
    return np.rint(np.clip(samples, 0, 1) * 255).astype(np.uint8)


def remove_white(samples: Samples, alpha: Samples) -> Samples:
    """Take the white out that a merged image is stored over: (c + a - 1) / a.

    Where alpha is 0 the colours stay as they are.
    """
    white = np.float32(255 if samples.dtype == np.uint8 else 1)
    if samples.dtype == np.uint8 and alpha.min() == 255:
        return samples
    color, cover = samples.astype(np.float32), alpha.astype(np.float32)
    safe = np.maximum(cover, white / 255)
    clean = np.maximum((color + cover - white) * white / safe, np.float32(0))
    clean = np.where(cover > 0, clean, color)
    if samples.dtype == np.uint8:
        return np.rint(np.minimum(clean, 255)).astype(np.uint8)
    return clean.astype(np.float32, copy=False)
