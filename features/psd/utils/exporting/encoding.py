"""Writing a finished picture as PNG, WebP or JPEG: 8 bit sRGB."""

import hashlib
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from features.psd.exceptions import over_limit
from features.psd.utils.exporting.pixels import bands, has_alpha
from features.psd.utils.pictures.png import PngWriter
from features.psd.utils.pixels.samples import Bytes8
from features.psd.utils.types import Picture

CONTENT_TYPES: Final = {"PNG": "image/png", "WEBP": "image/webp", "JPEG": "image/jpeg"}
SUFFIXES: Final = {"PNG": ".png", "WEBP": ".webp", "JPEG": ".jpg"}
# OpenCV takes what is above 100 for lossless.
_WEBP_LOSSLESS: Final = 101


def write_picture(path: Path, pixels: Bytes8, form: str, quality: int) -> Picture:
    """Write a picture of (rows, width, 3 or 4) bytes; a JPEG's must have no alpha.

    `quality` is 1 to 100; WebP's 100 is lossless, PNG has none. JPEG keeps the
    colours of each pixel (4:4:4), so that red letters stay sharp.
    """
    if form == "PNG":
        return _write_png(path, pixels)
    order = cv2.COLOR_RGBA2BGRA if has_alpha(pixels) else cv2.COLOR_RGB2BGR
    try:
        done, encoded = cv2.imencode(
            SUFFIXES[form], cv2.cvtColor(pixels, order), _parameters(form, quality)
        )
    except cv2.error:  # what it could not hold
        done = False
    if not done:
        raise over_limit(
            f"A {form} of {pixels.shape[1]} × {pixels.shape[0]} pixels needs more "
            "memory than is allowed. Ask for a smaller scale or size."
        )
    path.write_bytes(encoded.data)
    return Picture(
        path=str(path),
        content_type=CONTENT_TYPES[form],
        width=pixels.shape[1],
        height=pixels.shape[0],
        size=encoded.nbytes,
        sha256=hashlib.sha256(encoded.data).hexdigest(),
    )


def _write_png(path: Path, pixels: Bytes8) -> Picture:
    height, width = pixels.shape[:2]
    with PngWriter(path, width, height) as png:
        for band in bands(pixels):
            png.write(np.ascontiguousarray(band))
        return png.finish()


def _parameters(form: str, quality: int) -> list[int]:
    if form == "WEBP":
        return [cv2.IMWRITE_WEBP_QUALITY, quality if quality < 100 else _WEBP_LOSSLESS]
    return [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_OPTIMIZE,
        1,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
