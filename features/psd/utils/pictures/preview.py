"""Small pictures of large ones, collected band by band."""

import hashlib
import io
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from PIL import Image

from features.psd.utils.pixels.samples import Bytes8
from features.psd.utils.types import Picture

MAX_SIDE: Final = 512
# A flat picture is smaller without loss, and sooner made.
_FLAT_RATIO: Final = 8
_LOSSLESS: Final = {"lossless": True, "quality": 0, "method": 0, "exact": True}
_LOSSY: Final = {"quality": 85, "method": 0, "exact": True}


class Reducer:
    """Collects a picture of `width` by `height`, `scale` times its size.

    Without a scale it has no more than `MAX_SIDE` a side. Bands are reduced by
    `factor` as they come, to about twice the final size; colours are weighted by
    their alpha, so that hidden ones do not bleed in.
    """

    def __init__(self, width: int, height: int, scale: float | None = None) -> None:
        self._width, self._height = width, height
        longest = max(width, height, 1)
        if scale is None:
            scale = min(MAX_SIDE / longest, 1)
        self.size = (max(round(width * scale), 1), max(round(height * scale), 1))
        self.factor = max(longest // (2 * max(self.size)), 1)
        self._parts: list[Bytes8] = []

    def add(self, band: Bytes8) -> None:
        """Add a band; all but the last must have a multiple of `factor` rows."""
        if self.size != (self._width, self._height):
            band = _weigh(band)
        # Rows that do not fill the last small one stand alone: so it comes out the
        # same however the picture was cut in bands.
        whole = band.shape[0] - band.shape[0] % self.factor
        self._parts += [
            self._reduced(p) for p in (band[:whole], band[whole:]) if p.size
        ]

    def picture(self) -> Bytes8:
        """Return all that was added, at its final size."""
        whole = np.concatenate(self._parts)
        if self.size == (self._width, self._height):
            return whole
        return _unweigh(_resize(whole, self.size))

    def _reduced(self, band: Bytes8) -> Bytes8:
        if self.factor == 1:
            return band
        rows, columns = band.shape[:2]
        return _resize(band, (-(-columns // self.factor), -(-rows // self.factor)))


def write_preview(path: Path, pixels: Bytes8, *, ratio: float) -> Picture:
    """Write a preview as WebP; `ratio` tells how well the full picture packs as PNG."""
    settings = _LOSSLESS if ratio > _FLAT_RATIO else _LOSSY
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "WEBP", **settings)
    data = buffer.getvalue()
    path = path.with_suffix(".webp")
    path.write_bytes(data)
    return Picture(
        path=str(path),
        content_type="image/webp",
        width=pixels.shape[1],
        height=pixels.shape[0],
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _resize(pixels: Bytes8, size: tuple[int, int]) -> Bytes8:
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _weigh(pixels: Bytes8) -> Bytes8:
    if pixels.ndim == 2 or pixels.shape[2] < 4:
        return pixels
    *colors, alpha = cv2.split(pixels)
    weighed = [cv2.multiply(color, alpha, scale=1 / 255) for color in colors]
    return np.asarray(cv2.merge([*weighed, alpha]), np.uint8)


def _unweigh(pixels: Bytes8) -> Bytes8:
    if pixels.ndim == 2 or pixels.shape[2] < 4:
        return pixels
    *colors, alpha = cv2.split(pixels)
    plain = [cv2.divide(color, alpha, scale=255) for color in colors]
    return np.asarray(cv2.merge([*plain, alpha]), np.uint8)
