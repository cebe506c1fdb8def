"""Widening and softening a shape, as shadows, glows and strokes need it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from features.psd.utils.render.blend import Floats, as_floats

_FAR = 1e6
_OUTSIDE = cv2.BORDER_CONSTANT


def softened(cover: Floats, size: float) -> Floats:
    """Blur coverage so that an edge fades over `size` pixels to each side.

    Two boxes of the size make the very ramp that Photoshop's shadows have.
    """
    width = round(size)
    if width < 2:
        return cover
    # An even box leans to one side: the second one leans back.
    for middle in ((width - 1) // 2, width // 2):
        anchor = (middle, middle)
        cover = as_floats(
            cv2.blur(cover, (width, width), anchor=anchor, borderType=_OUTSIDE)
        )
    return cover


def widened(cover: Floats, by: float) -> Floats:
    """Grow a shape by `by` pixels, its soft edge moved outwards as it is."""
    if by <= 0:
        return cover
    return as_floats(np.clip(by + 0.5 - edge_distance(cover), 0, 1))


def edge_distance(cover: Floats) -> Floats:
    """Return each pixel's distance from the shape's edge, negative inside.

    An edge pixel tells by its coverage how far from its middle the edge runs.
    """
    inside = cover >= 0.5
    if not inside.any():
        return np.full(cover.shape, _FAR, np.float32)
    outwards = _distance(inside, cover)
    if inside.all():
        return np.full(cover.shape, -_FAR, np.float32)
    inwards = _distance(~inside, 1 - cover)
    return np.where(inside, -inwards, outwards).astype(np.float32)


def _distance(inside: NDArray[np.bool_], cover: Floats) -> Floats:
    """Return how far outside each pixel is, by the nearest pixel inside."""
    outside = np.where(inside, 0, 255).astype(np.uint8)
    far = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    _, nearest = cv2.distanceTransformWithLabels(
        outside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    edges = np.zeros(int(nearest.max()) + 1, np.float32)
    edges[nearest[inside]] = cover[inside]
    # A pixel half covered has the edge in its middle, a full one half a pixel on.
    return np.asarray(far + 0.5 - edges[nearest], np.float32)
