"""Writing PNG files band by band."""

import hashlib
import struct
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
from isal import isal_zlib

from features.psd.utils.pixels.samples import Pixels
from features.psd.utils.types import Picture

# By channels: gray, RGB and RGBA.
COLOR_TYPES: Final = {1: 0, 3: 2, 4: 6}
SUB_FILTER: Final = 1
SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_LEVEL: Final = 1


class PngWriter:
    """An sRGB PNG file in the making; deflated by ISA-L after the filter "sub".

    A file whose writer is left by an exception is removed.
    """

    def __init__(self, path: Path, width: int, height: int) -> None:
        self._path, self._width, self._height = path, width, height
        self._file = path.open("wb")
        self._sha256 = hashlib.sha256()
        self._deflater = isal_zlib.compressobj(_LEVEL)
        self._step = 0
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if kind is not None:
            self._path.unlink(missing_ok=True)

    def write(self, band: Pixels) -> None:
        """Add (rows, width) gray or (rows, width, 3 or 4) rows below the last."""
        if not self._step:
            self._begin(1 if band.ndim == 2 else band.shape[2], band.itemsize)
        rows = band.reshape(band.shape[0], -1)
        if band.dtype != np.uint8:
            rows = rows.astype(">u2").view(np.uint8)
        step = self._step
        filtered = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
        filtered[:, 0] = SUB_FILTER
        filtered[:, 1 : 1 + step] = rows[:, :step]
        np.subtract(rows[:, step:], rows[:, :-step], out=filtered[:, 1 + step :])
        self._chunk(b"IDAT", self._deflater.compress(filtered))

    @property
    def ratio(self) -> float:
        """How many bytes of pixels one of the finished file stands for."""
        return self._width * self._height * self._step / self._size

    def finish(self) -> Picture:
        """Complete the file and describe it."""
        self._chunk(b"IDAT", self._deflater.flush())
        self._chunk(b"IEND", b"", always=True)
        return Picture(
            path=str(self._path),
            content_type="image/png",
            width=self._width,
            height=self._height,
            size=self._size,
            sha256=self._sha256.hexdigest(),
        )

    def _begin(self, channels: int, sample_size: int) -> None:
        self._step = channels * sample_size
        size = struct.pack(">II", self._width, self._height)
        form = struct.pack(">5B", 8 * sample_size, COLOR_TYPES[channels], 0, 0, 0)
        self._put(SIGNATURE)
        self._chunk(b"IHDR", size + form)
        self._chunk(b"sRGB", b"\1")

    def _chunk(self, kind: bytes, content: bytes, *, always: bool = False) -> None:
        if not content and not always:
            return
        self._put(struct.pack(">I", len(content)) + kind)
        self._put(content)
        check = isal_zlib.crc32(content, isal_zlib.crc32(kind))
        self._put(struct.pack(">I", check))

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._sha256.update(data)
        self._size += len(data)
