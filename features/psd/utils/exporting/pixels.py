"""Scaling, trimming and padding of pictures with (rows, width, 3 or 4) bytes."""

from collections.abc import Iterator
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from features.psd.utils.exporting.geometry import Geometry, Size
from features.psd.utils.pixels.samples import Bytes8

_BAND_PIXELS: Final = 1 << 20


def bands(pixels: Bytes8) -> Iterator[Bytes8]:
    """Cut a picture into bands of rows, so that what is made of one stays small."""
    step = max(_BAND_PIXELS // pixels.shape[1], 1)
    for top in range(0, pixels.shape[0], step):
        yield pixels[top : top + step]


def has_alpha(pixels: Bytes8) -> bool:
    """Tell whether a picture has an alpha channel."""
    return pixels.ndim == 3 and pixels.shape[2] == 4


def in_color(pixels: Bytes8) -> Bytes8:
    """Return RGB for gray, and RGB for RGBA that is opaque everywhere."""
    if pixels.ndim == 2:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), np.uint8)
    if has_alpha(pixels) and pixels[..., 3].min() == 255:
        return np.ascontiguousarray(pixels[..., :3])
    return pixels


def trimmed(pixels: Bytes8) -> Bytes8 | None:
    """Cut fully transparent rows and columns off the edges; None where nothing is left."""
    if not has_alpha(pixels):
        return pixels
    left, top, width, height = cv2.boundingRect(pixels[..., 3])
    if not width:
        return None
    return pixels[top : top + height, left : left + width]


def shaped(pixels: Bytes8, geometry: Geometry, ground: str | None) -> Bytes8:
    """Crop, scale and pad a picture, over the colour `ground` where there is one."""
    scaled = _scaled(_middle(pixels, geometry.crop), geometry.scaled)
    if ground is not None:
        scaled = _over(scaled, _color(ground))
    if not geometry.padding:
        return scaled
    return _padded(scaled, geometry, ground)


def _middle(pixels: Bytes8, size: Size) -> Bytes8:
    left = (pixels.shape[1] - size[0]) // 2
    top = (pixels.shape[0] - size[1]) // 2
    return pixels[top : top + size[1], left : left + size[0]]


def _scaled(pixels: Bytes8, size: Size) -> Bytes8:
    """Scale a picture; colours weigh as much as they cover, so none bleeds in."""
    if size == (pixels.shape[1], pixels.shape[0]):
        return pixels
    if not has_alpha(pixels):
        return np.asarray(_resize(pixels, size), np.uint8)
    # 16 bits hold each product exactly, so that faint colours stay what they are.
    alpha = pixels[..., 3].astype(np.uint16)
    cover = _resize(alpha * np.uint16(255), size)
    result = np.empty((size[1], size[0], 4), np.uint8)
    result[..., 3] = cv2.convertScaleAbs(cover, alpha=1 / 255)
    for channel in range(3):
        weighed = _resize(pixels[..., channel] * alpha, size)
        result[..., channel] = _divided(weighed, cover)
    return result


def _resize(plane: NDArray[Any], size: Size) -> NDArray[Any]:
    """Average where pixels become fewer, then interpolate where they become more."""
    height, width = plane.shape[:2]
    fewer = min(width, size[0]), min(height, size[1])
    if fewer != (width, height):
        plane = np.asarray(cv2.resize(plane, fewer, interpolation=cv2.INTER_AREA))
    if fewer != size:
        plane = np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_CUBIC))
    return plane


def _divided(weighed: NDArray[Any], cover: NDArray[Any]) -> Bytes8:
    return np.asarray(cv2.divide(weighed, cover, scale=255, dtype=cv2.CV_8U), np.uint8)


def _over(pixels: Bytes8, color: NDArray[np.uint8]) -> Bytes8:
    if not has_alpha(pixels):
        return pixels
    result = np.empty((*pixels.shape[:2], 3), np.uint8)
    for band, out in zip(bands(pixels), bands(result), strict=True):
        alpha = band[..., 3:].astype(np.uint32)
        mixed = band[..., :3] * alpha + color * (255 - alpha)
        out[...] = (mixed + 127) // 255
    return result


def _padded(pixels: Bytes8, geometry: Geometry, ground: str | None) -> Bytes8:
    width, height = geometry.finished
    around = geometry.padding
    result = np.zeros((height, width, 4 if ground is None else 3), np.uint8)
    if ground is not None:
        result[...] = _color(ground)
    inner = result[around : height - around, around : width - around]
    inner[..., : pixels.shape[2]] = pixels
    if ground is None and not has_alpha(pixels):
        inner[..., 3] = 255
    return result


def _color(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(bytes.fromhex(text.removeprefix("#")), np.uint8)
