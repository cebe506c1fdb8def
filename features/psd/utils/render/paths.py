"""Vector paths as coverage."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from psd_tools.psd.vector import InitialFillRule, Knot, Subpath, VectorMaskSetting

from features.psd.utils.file.tree import Box
from features.psd.utils.render.blend import Floats, as_floats
from features.psd.utils.render.canvas import box_size
from features.psd.utils.render.scanlines import fill_coverage, flatten_cubics

_KEYS: Final = (b"vmsk", b"vsms")
_EXCLUDE, _UNION, _SUBTRACT, _INTERSECT, _SAME = 0, 1, 2, 3, -1
_FINER: Final = 4
_FARTHEST: Final = 1 << 20


@dataclass(frozen=True)
class Component:
    """Subpaths that are filled together (even-odd), and how they join the rest.

    `lines` are polylines (points, 2) in pixels of the document, x first.
    """

    operation: int
    lines: list[np.ndarray]
    closed: list[bool]


@dataclass(frozen=True)
class Path:
    """A vector mask's shape."""

    components: list[Component]
    starts_full: bool
    inverted: bool

    @property
    def box(self) -> Box | None:
        """The smallest box of whole pixels around all points."""
        lines = [line for part in self.components for line in part.lines]
        if not lines:
            return None
        points = np.clip(np.concatenate(lines), -_FARTHEST, _FARTHEST)
        left, top = np.floor(points.min(axis=0)).astype(int).tolist()
        right, bottom = np.ceil(points.max(axis=0)).astype(int).tolist()
        return left, top, right, bottom

    def cover(self, window: Box) -> Floats:
        """Return how much of each pixel (rows, width) is inside."""
        rows, width = box_size(window)
        start = self.starts_full and not self.components
        result = np.full((rows, width), start, np.float32)
        for place, part in enumerate(self.components):
            lines = [line - (window[0], window[1]) for line in part.lines]
            plane = np.asarray(fill_coverage(lines, width, rows), np.float32)
            if place == 0 and part.operation in (_SUBTRACT, _INTERSECT):
                result = 1 - result
            result = _joined(result, plane, part.operation)
        return np.asarray(1 - result if self.inverted else result, np.float32)

    def outline(self, window: Box, width: float) -> Floats:
        """Return the coverage of a line of `width` pixels along the path."""
        rows, columns = box_size(window)
        fine = np.zeros((rows * _FINER, columns * _FINER), np.uint8)
        thickness = max(round(width * _FINER), 1)
        for part in self.components:
            for line, closed in zip(part.lines, part.closed, strict=True):
                points = (line - (window[0], window[1])) * _FINER * 16
                points = np.clip(points, -(2**30), 2**30).astype(np.int32)
                cv2.polylines(fine, [points], closed, 255, thickness, shift=4)
        small = cv2.resize(fine, (columns, rows), interpolation=cv2.INTER_AREA)
        return as_floats(small).reshape(rows, columns) / np.float32(255)


def read_path(
    blocks: dict[bytes, memoryview], width: int, height: int
) -> tuple[Path | None, bool]:
    """Read a vector mask; knots are fractions of the document's size.

    Returns None where there is none (or it is switched off), and whether one is there
    that cannot be read.
    """
    block = next((blocks[key] for key in _KEYS if key in blocks), None)
    if block is None:
        return None, False
    with suppress(Exception):
        setting = VectorMaskSetting.frombytes(bytes(block))
        return (None if setting.disable else _path(setting, width, height)), False
    return None, True


def _path(setting: VectorMaskSetting, width: int, height: int) -> Path:
    components: list[Component] = []
    full = False
    for item in setting.path or ():
        if isinstance(item, InitialFillRule):
            full = bool(item.value)
        if not isinstance(item, Subpath):
            continue
        line = _flattened(item, width, height)
        if item.operation == _SAME and components:
            components[-1].lines.append(line)
            components[-1].closed.append(item.is_closed())
        else:
            components.append(Component(item.operation, [line], [item.is_closed()]))
    return Path(components, full, bool(setting.invert))


def _flattened(subpath: Subpath, width: int, height: int) -> np.ndarray:
    knots = [knot for knot in subpath if isinstance(knot, Knot)]
    if len(knots) < 2:
        return np.zeros((0, 2))
    following = knots[1:] + knots[:1]

    def points(pairs: list[tuple[float, ...]]) -> np.ndarray:
        return np.array([(pair[1] * width, pair[0] * height) for pair in pairs])

    curves = [
        points([knot.anchor for knot in knots]),
        points([knot.leaving for knot in knots]),
        points([knot.preceding for knot in following]),
        points([knot.anchor for knot in following]),
    ]
    if not subpath.is_closed():
        last = curves[3][-2]
        return np.vstack([flatten_cubics(*(c[:-1] for c in curves)), last])
    return np.asarray(flatten_cubics(*curves))


def _joined(whole: Floats, plane: Floats, operation: int) -> Floats:
    if operation == _EXCLUDE:
        return whole + plane - 2 * whole * plane
    if operation == _SUBTRACT:
        return np.asarray(np.maximum(whole - plane, 0))
    if operation == _INTERSECT:
        return whole * plane
    return np.asarray(whole + plane - whole * plane)
