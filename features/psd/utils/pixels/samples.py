"""From stored samples to integers of 8 or 16 bits, or linear floats."""

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from features.psd.utils.pixels.codecs import Buffer

Bytes8 = NDArray[np.uint8]
Words16 = NDArray[np.uint16]
Samples = Bytes8 | Words16 | NDArray[np.float32]
# What is written: of one depth throughout a picture.
Pixels = Bytes8 | Words16


def to_samples(
    data: Buffer, width: int, rows: int, depth: int, *, wide: bool = False
) -> Samples:
    """Return (rows, width) samples of 8 bits, or linear floats of a 32 bit channel.

    16 bit samples stay as they are where `wide`, else they are rounded to the nearest
    of 256 levels; a set bit is black.
    """
    if depth == 8:
        return np.frombuffer(data, np.uint8, rows * width).reshape(rows, width)
    if depth == 16:
        stored = np.frombuffer(data, ">u2", rows * width).reshape(rows, width)
        words = stored.astype(np.uint16)
        return words if wide else narrow(words)
    if depth == 32:
        floats = np.frombuffer(data, ">f4", rows * width).astype(np.float32)
        return np.nan_to_num(floats, copy=False).reshape(rows, width)
    bits = np.unpackbits(np.frombuffer(data, np.uint8).reshape(rows, -1), axis=1)
    return np.subtract(1, bits[:, :width], dtype=np.uint8) * np.uint8(255)


def narrow(pixels: Pixels) -> Bytes8:
    """Round 16 bits to the nearest of 256 levels; 8 bits stay as they are."""
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    rounded = cv2.convertScaleAbs(pixels, alpha=255 / 65535)
    return np.asarray(rounded, np.uint8).reshape(pixels.shape)


def to_integers(samples: Samples, *, wide: bool = False) -> Pixels:
    """Return integers as they are, and floats (coverage, not light) as integers."""
    if samples.dtype == np.uint8:
        return samples.astype(np.uint8, copy=False)
    if samples.dtype == np.uint16:
        return samples.astype(np.uint16, copy=False)
    full = 65535 if wide else 255
    return as_pixels(np.rint(np.clip(samples, 0, 1) * full), wide)


def as_pixels(values: ArrayLike, wide: bool) -> Pixels:
    """Return whole numbers as 16 bits where `wide`, else as 8."""
    return np.asarray(values, np.uint16) if wide else np.asarray(values, np.uint8)


def full_scale(samples: Samples) -> int:
    """Return the sample that stands for all: 255, 65535, or 1 of floats."""
    return {"u1": 255, "u2": 65535}.get(samples.dtype.str[1:], 1)


def remove_white(samples: Samples, alpha: Samples) -> Samples:
    """Take the white out that a merged image is stored over: (c + a - 1) / a.

    Where alpha is 0 the colours stay as they are.
    """
    full = full_scale(samples)
    white = np.float32(full)
    if full > 1 and alpha.min() == full:
        return samples
    color, cover = samples.astype(np.float32), alpha.astype(np.float32)
    safe = np.maximum(cover, white / 255 if full == 1 else np.float32(1))
    clean = np.maximum((color + cover - white) * white / safe, np.float32(0))
    clean = np.where(cover > 0, clean, color)
    if full > 1:
        return as_pixels(np.rint(np.minimum(clean, white)), full == 65535)
    return clean.astype(np.float32, copy=False)
