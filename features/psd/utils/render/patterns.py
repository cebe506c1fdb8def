"""Patterns: the tiles that a document carries, and laying them."""

from contextlib import suppress
from typing import Final

import cv2
import numpy as np
from psd_tools.api.numpy_io import get_pattern, get_pattern_color_channels
from psd_tools.psd.patterns import Pattern, Patterns

from features.psd.utils.file.container import ColorMode, Container
from features.psd.utils.file.tree import Box
from features.psd.utils.pixels.color import ColorSpace
from features.psd.utils.pixels.samples import Samples
from features.psd.utils.render.blend import Floats
from features.psd.utils.render.colors import to_floats

_BLOCKS: Final = (b"Patt", b"Pat2", b"Pat3")
_MAX_BYTES: Final = 1 << 28
_LARGEST_TILE: Final = 1 << 26


class PatternBook:
    """The document's patterns by their id, unpacked when they are first used."""

    def __init__(self, container: Container, space: ColorSpace) -> None:
        self._container, self._space = container, space
        self._stored: dict[str, Pattern] | None = None
        self._tiles: dict[tuple[str, float], Floats | None] = {}

    def tile(self, identifier: str, scale: float) -> Floats | None:
        """Return a pattern's tile (rows, width, 4), scaled; None where it is missing."""
        key = (identifier.strip("\0").lower(), scale)
        if key not in self._tiles:
            self._tiles[key] = None
            with suppress(Exception):
                self._tiles[key] = self._unpack(*key)
        return self._tiles[key]

    def _unpack(self, identifier: str, scale: float) -> Floats | None:
        pattern = self._all().get(identifier)
        if pattern is None:
            return None
        panel = np.asarray(get_pattern(pattern, _MAX_BYTES), np.float32)
        colors = get_pattern_color_channels(pattern)
        alpha = (
            panel[..., -1:] if panel.shape[2] > colors else np.ones_like(panel[..., :1])
        )
        tile = np.concatenate([self._rgb(pattern, panel[..., :colors]), alpha], axis=2)
        return _scaled(tile.astype(np.float32), scale)

    def _rgb(self, pattern: Pattern, colors: Floats) -> Floats:
        """Convert a tile that is in the document's own mode by its profile."""
        header = self._container.header
        if pattern.image_mode.value == ColorMode.INDEXED and pattern.color_table:
            table = np.array(pattern.color_table, np.float32) / np.float32(255)
            return table[np.rint(colors[..., 0] * 255).astype(np.uint8)]
        if (
            pattern.image_mode.value == header.mode
            and colors.shape[2] == self._space.planes
        ):
            if header.depth <= 16:
                packed = np.rint(np.clip(colors, 0, 1) * 255).astype(np.uint8)
                planes: list[Samples] = [
                    np.ascontiguousarray(packed[..., i]) for i in range(packed.shape[2])
                ]
                return to_floats(self._space.convert(planes))
        if colors.shape[2] == 4:
            return colors[..., :3] * colors[..., 3:]
        return np.repeat(colors, 3, axis=2) if colors.shape[2] == 1 else colors

    def _all(self) -> dict[str, Pattern]:
        if self._stored is None:
            self._stored = {}
            for key in _BLOCKS:
                block = self._container.blocks.get(key)
                if block is not None:
                    with suppress(Exception):
                        for one in Patterns.frombytes(bytes(block)):
                            self._stored[one.pattern_id.strip("\0").lower()] = one
        return self._stored


def lay(
    tile: Floats, window: Box, anchor: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Return colours (rows, width, 3) and coverage of a tile repeated from a corner."""
    rows = np.arange(window[1], window[3]) - round(anchor[1])
    columns = np.arange(window[0], window[2]) - round(anchor[0])
    laid = tile[rows[:, None] % tile.shape[0], columns[None, :] % tile.shape[1]]
    return laid[..., :3], laid[..., 3]


def _scaled(tile: Floats, scale: float) -> Floats | None:
    if scale == 1:
        return tile
    rows = max(round(tile.shape[0] * scale), 1)
    width = max(round(tile.shape[1] * scale), 1)
    if rows * width > _LARGEST_TILE:
        return None
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(tile, (width, rows), interpolation=way)
    return np.asarray(np.clip(scaled, 0, 1), np.float32)
