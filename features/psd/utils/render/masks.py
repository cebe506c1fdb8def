"""What masks leave of a layer: painted ones, paths, their density and feather."""

import io
import struct
from contextlib import suppress
from dataclasses import dataclass, field

import cv2
import numpy as np
from psd_tools.psd.layer_and_mask import MaskData

from features.psd.utils.file.container import Header
from features.psd.utils.file.records import Record
from features.psd.utils.file.tree import Box
from features.psd.utils.render.blend import Floats, as_floats
from features.psd.utils.render.canvas import box_size, grown
from features.psd.utils.render.paths import Path, read_path
from features.psd.utils.render.rows import Windowed, channel_cover

_REACH_OF_FEATHER = 3
_WIDEST_FEATHER = 1000.0
_FARTHEST = 1 << 20


@dataclass
class _Veil:
    """One mask; `density` 0 to 1, `feather` in pixels."""

    source: Windowed | Path | None
    outside: int
    density: float = 1.0
    feather: float = 0.0

    def cover(self, window: Box, overlap: int) -> Floats:
        """Return what shows, (rows, width)."""
        reach = round(self.feather * _REACH_OF_FEATHER)
        wide = grown(window, reach)
        cover = self._sharp(wide, overlap + 2 * reach)
        if self.feather:
            sigma = self.feather / 2
            cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), sigma), np.float32)
            rows, width = box_size(window)
            cover = cover[reach : reach + rows, reach : reach + width]
        return np.asarray(1 - self.density * (1 - cover), np.float32)

    def _sharp(self, window: Box, overlap: int) -> Floats:
        if isinstance(self.source, Path):
            return self.source.cover(window)
        if self.source is None:
            return np.full(box_size(window), self.outside / 255, np.float32)
        read = self.source.read(window, overlap, self.outside)
        return as_floats(read[..., 0]) / np.float32(255)


@dataclass
class Masks:
    """All masks of a layer, and what of them cannot be drawn."""

    veils: list[_Veil] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def cover(self, window: Box, overlap: int) -> Floats | None:
        """Return what shows, (rows, width); None where all of it does.

        DamagedPixels where a mask cannot be unpacked.
        """
        result: Floats | None = None
        for veil in self.veils:
            cover = veil.cover(window, overlap)
            result = cover if result is None else result * cover
        return result


def read_masks(record: Record, header: Header) -> Masks:
    """Read the masks of a layer that are switched on and hide something.

    A shape's own path is in its stored pixels already, and no mask.
    """
    masks = Masks()
    data = _mask_data(record)
    if data is not None:
        painted = _painted(record, header, data)
        if painted is not None:
            masks.veils.append(painted)
    if not record.pixels_irrelevant:
        path, broken = read_path(record.blocks, header.width, header.height)
        if broken:
            masks.problems.append("vector mask")
        if path is not None:
            masks.veils.append(_Veil(path, 0, *_settings(data, "vector")))
    return masks


def hides_by_mask(record: Record, header: Header) -> list[str]:
    """Name the masks that take something from a layer's own pixels."""
    names = []
    data = _mask_data(record)
    if data is not None and _painted(record, header, data) is not None:
        names.append("layer mask")
    if not record.pixels_irrelevant:
        path, broken = read_path(record.blocks, header.width, header.height)
        if path is not None or broken:
            names.append("vector mask")
    return names


def _mask_data(record: Record) -> MaskData | None:
    if len(record.mask) < 18:
        return None
    block = io.BytesIO(struct.pack(">I", len(record.mask)) + record.mask)
    with suppress(Exception):
        return MaskData.read(block, has_real_mask=-3 in record.channels)
    return None


def _painted(record: Record, header: Header, data: MaskData) -> _Veil | None:
    """Find the mask that was painted; one made from a path is that path's picture."""
    real = data.real_flags is not None
    flags = data.real_flags or data.flags
    if flags.mask_disabled or (not real and flags.user_mask_from_render):
        return None
    if real:
        sides = data.real_left, data.real_top, data.real_right, data.real_bottom
        outside, channel = data.real_background_color, -3
    else:
        sides = data.left, data.top, data.right, data.bottom
        outside, channel = data.background_color, -2
    left, top, right, bottom = (int(side or 0) for side in sides)
    stored = record.channels.get(channel)
    too_far = max(abs(side) for side in (left, top, right, bottom)) > _FARTHEST
    empty = right <= left or bottom <= top or stored is None or len(stored) <= 2
    empty = empty or too_far
    if empty and outside == 255:
        return None
    source = None
    if stored is not None and not empty:
        source = channel_cover(stored, (left, top, right, bottom), header)
    return _Veil(source, int(outside or 0), *_settings(data, "user"))


def _settings(data: MaskData | None, kind: str) -> tuple[float, float]:
    """Return a mask's density, 0 to 1, and feather in pixels."""
    parameters = data.parameters if data is not None else None
    density = getattr(parameters, f"{kind}_mask_density", None)
    feather = getattr(parameters, f"{kind}_mask_feather", None) or 0.0
    feather = min(max(float(feather), 0.0), _WIDEST_FEATHER)
    return (1.0 if density is None else density / 255), feather
