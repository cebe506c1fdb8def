"""Windows onto pictures that are unpacked from the top, whichever way they are asked."""

from collections.abc import Callable
from typing import Final, Protocol

import numpy as np

from features.psd.utils.file.container import Header
from features.psd.utils.file.records import Record
from features.psd.utils.file.tree import Box
from features.psd.utils.pixels.codecs import Rows, open_rows
from features.psd.utils.pixels.color import ColorSpace
from features.psd.utils.pixels.raster import Raster, layer_raster
from features.psd.utils.pixels.samples import (
    Bytes8,
    Pixels,
    narrow,
    to_integers,
    to_samples,
)
from features.psd.utils.render.canvas import box_size, common, part_of

_SKIPPED_PIXELS: Final = 1 << 18


class Taker(Protocol):
    """Something unpacked from the top."""

    def take(self, rows: int) -> Bytes8:
        """Return the next rows."""


class Windowed:
    """A picture at a place in the document, of which windows are asked from above down.

    Of a window its last `overlap` rows are kept for the next one. A window further up
    than what is kept unpacks the picture anew.
    """

    def __init__(self, box: Box, channels: int, start: Callable[[], Taker]) -> None:
        self.box = box
        self._channels, self._start = channels, start
        self._taker: Taker | None = None
        self._next = box[1]
        self._kept: Bytes8 = self._nothing(0)

    def read(self, window: Box, overlap: int = 0, outside: int = 0) -> Bytes8:
        """Return (rows, width, channels) bytes; beyond the picture all are `outside`.

        DamagedPixels where the picture cannot be unpacked.
        """
        shape = (*box_size(window), self._channels)
        result = np.full(shape, outside, np.uint8)
        shared = common(window, self.box)
        if shared is None:
            return result
        rows = self._rows(shared[1], shared[3], overlap)
        _, columns = part_of(self.box, shared)
        result[part_of(window, shared)] = rows[:, columns]
        return result

    def _rows(self, top: int, bottom: int, overlap: int) -> Bytes8:
        first = self._next - len(self._kept)
        if self._taker is None or top < first:
            self._taker, self._next = self._start(), self.box[1]
            self._kept = self._nothing(0)
        self._skip_to(top)
        first = self._next - len(self._kept)
        parts = [self._kept[top - first :]]
        if bottom > self._next:
            parts.append(self._take(bottom - self._next))
        known = np.concatenate(parts)
        self._kept = known[max(len(known) - overlap, 0) :].copy()
        return known[: bottom - top]

    def _skip_to(self, top: int) -> None:
        step = max(_SKIPPED_PIXELS // max(self.box[2] - self.box[0], 1), 1)
        while self._next < top:
            self._take(min(step, top - self._next))
            self._kept = self._nothing(0)

    def _take(self, rows: int) -> Bytes8:
        assert self._taker is not None
        taken = self._taker.take(rows)
        self._next += rows
        return taken

    def _nothing(self, rows: int) -> Bytes8:
        return np.zeros((rows, self.box[2] - self.box[0], self._channels), np.uint8)


def layer_pixels(record: Record, header: Header, space: ColorSpace) -> Windowed:
    """Open a layer's own pixels as RGBA."""
    box = (
        record.left,
        record.top,
        record.left + record.width,
        record.top + record.height,
    )
    return Windowed(box, 4, lambda: _AsRgba(layer_raster(record, header, space)))


def channel_cover(data: memoryview, box: Box, header: Header) -> Windowed:
    """Open a mask's channel as one plane of coverage."""
    rows, width = box_size(box)

    def start() -> Taker:
        opened = open_rows(data, width, rows, header.depth, header.large)[0]
        return _AsCover(opened, width, header.depth)

    return Windowed(box, 1, start)


class _AsRgba:
    """Bands of whatever channels as RGBA."""

    def __init__(self, raster: Raster) -> None:
        self._raster = raster

    def take(self, rows: int) -> Bytes8:
        band = narrow(self._raster.take(rows))
        if band.ndim == 2:
            band = np.repeat(band[..., None], 3, axis=2)
        if band.shape[2] == 4:
            return band
        opaque = np.full((*band.shape[:2], 1), 255, np.uint8)
        return np.concatenate([band, opaque], axis=2)


class _AsCover:
    """Samples of one channel as (rows, width, 1) bytes."""

    def __init__(self, rows: Rows, width: int, depth: int) -> None:
        self._rows, self._width, self._depth = rows, width, depth

    def take(self, rows: int) -> Bytes8:
        samples = to_samples(self._rows.take(rows), self._width, rows, self._depth)
        return narrow(to_integers(samples))[..., None]
