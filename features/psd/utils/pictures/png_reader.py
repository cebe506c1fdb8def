"""Reading the PNG files of `PngWriter` band by band."""

import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import numpy as np
from isal import isal_zlib

from features.psd.utils.pictures.png import COLOR_TYPES, SIGNATURE, SUB_FILTER
from features.psd.utils.pixels.samples import Bytes8, Pixels

_CHANNELS: Final = {
    color_type: channels for channels, color_type in COLOR_TYPES.items()
}
_BAND_BYTES: Final = 4 << 20
# Unpacked it is no more than a thousand times as long.
_PIECE: Final = 16 << 10


class PngReader:
    """A PNG file of gray, RGB or RGBA whose rows have the filter "sub".

    ValueError where it is another sort of file, or a damaged one.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        try:
            self._begin()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def bands(self, multiple: int = 1) -> Iterator[Pixels]:
        """Yield bands; all but the last have a multiple of `multiple` rows."""
        stream = _Inflated(self._file)
        stride = 1 + self.width * self._step
        step = max(_BAND_BYTES // stride // multiple, 1) * multiple
        for top in range(0, self.height, step):
            rows = min(step, self.height - top)
            yield self._unfiltered(stream.read(rows * stride).reshape(rows, stride))

    @property
    def nbytes(self) -> int:
        """How many bytes the pixels have."""
        return self.width * self.height * self._step

    def _begin(self) -> None:
        signature, header = self._file.read(8), self._file.read(25)
        if signature != SIGNATURE or len(header) < 25 or header[4:8] != b"IHDR":
            raise ValueError("not a PNG file")
        width, height, depth, color, *rest = struct.unpack(">II5B", header[8:21])
        if depth not in (8, 16) or color not in _CHANNELS or any(rest):
            raise ValueError("not a sort of PNG that is written here")
        if not width or not height:
            raise ValueError("a PNG without pixels")
        self.width, self.height = int(width), int(height)
        self._channels, self._depth = _CHANNELS[color], depth
        self._step: int = self._channels * depth // 8

    def _unfiltered(self, filtered: Bytes8) -> Pixels:
        if (filtered[:, 0] != SUB_FILTER).any():
            raise ValueError("a PNG of another filter")
        rows = len(filtered)
        steps = filtered[:, 1:].reshape(rows, self.width, self._step)
        pixels = np.add.accumulate(steps, axis=1, dtype=np.uint8)
        shape = (rows, self.width, self._channels)[: 2 if self._channels == 1 else 3]
        if self._depth == 8:
            return pixels.reshape(shape)
        return pixels.view(">u2").astype(np.uint16).reshape(shape)


class _Inflated:
    """What a PNG's IDAT chunks hold, unpacked as it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._inflater = isal_zlib.decompressobj()
        self._left = 0
        self._ready = memoryview(b"")

    def read(self, size: int) -> Bytes8:
        """Return `size` bytes; ValueError where there are fewer, or damaged ones."""
        found = np.empty(size, np.uint8)
        done = 0
        while done < size:
            if not self._ready:
                self._ready = memoryview(self._unpacked())
            piece = self._ready[: size - done]
            self._ready = self._ready[len(piece) :]
            found[done : done + len(piece)] = piece
            done += len(piece)
        return found

    def _unpacked(self) -> bytes:
        if self._inflater.eof:
            raise ValueError("a PNG that ends early")
        try:
            return self._inflater.decompress(self._packed())
        except isal_zlib.IsalError as error:  # type: ignore[misc]
            raise ValueError("a damaged PNG") from error

    def _packed(self) -> bytes:
        while not self._left:
            length, kind = self._chunk()
            if kind == b"IEND":
                raise ValueError("a PNG that ends early")
            if kind == b"IDAT":
                self._left = length
            else:
                self._file.seek(length + 4, 1)
        piece = self._file.read(min(self._left, _PIECE))
        if not piece:
            raise ValueError("a PNG that ends early")
        self._left -= len(piece)
        if not self._left:
            self._file.seek(4, 1)
        return piece

    def _chunk(self) -> tuple[int, bytes]:
        head = self._file.read(8)
        if len(head) < 8:
            raise ValueError("a PNG that ends early")
        length, kind = struct.unpack(">I4s", head)
        return length, kind
