"""Unpacking a channel some rows at a time: raw, PackBits and deflated."""

from typing import Final, Protocol, cast

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray
from PIL import Image
from psd_tools.compression import (  # type: ignore[attr-defined]
    decode_prediction,
    rle_impl,
)

RAW: Final = 0
PACKED: Final = 1
DEFLATED: Final = 2
PREDICTED: Final = 3
_CHUNK: Final = 1 << 18
# Bytes that no picture has here by chance, and how PackBits stores them.
_MARK: Final = b"\xd1\x3e\xa6\x59\x0b\xc4\x72\x8f"
_PACKED_MARK: Final = bytes([len(_MARK) - 1]) + _MARK
# Nothing packs tighter: PackBits makes 2 bytes of 128, deflate 1 of 1032.
_DEFLATE_RATIO: Final = 1032
# Its stub declares an instance.
_InflateError: Final = cast(type[Exception], isal_zlib.error)

Buffer = bytes | memoryview


class DamagedPixels(Exception):
    """Packed pixels that cannot be what the writer meant; says what is wrong."""


class Rows(Protocol):
    """Unpacked rows of one channel, from the top."""

    def take(self, rows: int) -> Buffer:
        """Return the next `rows` rows of samples as stored; DamagedPixels if short."""


class RawRows:
    """Rows stored as they are."""

    def __init__(self, data: Buffer, row_bytes: int) -> None:
        self._data, self._row_bytes, self._next = data, row_bytes, 0

    def take(self, rows: int) -> Buffer:
        """Return a slice of the stored bytes."""
        start, self._next = self._next, self._next + rows * self._row_bytes
        return self._data[start : self._next]


class PackedRows:
    """Rows packed one by one by PackBits; `lengths` are the packed bytes of each."""

    def __init__(self, data: Buffer, row_bytes: int, lengths: NDArray[np.int64]):
        self._data, self._row_bytes, self._next = data, row_bytes, 0
        self._offsets = np.concatenate(([0], np.cumsum(lengths)))

    def take(self, rows: int) -> Buffer:
        """Unpack rows in one go; the last one tells whether they got out of step.

        `check_packed` tells it of each row, ahead.
        """
        first, last = self._next, self._next + rows
        self._next = last
        start, end = int(self._offsets[first]), int(self._offsets[last])
        tail = int(self._offsets[last - 1])
        for unpack in (self._unpack_exactly, self._unpack_with_room):
            unpacked, check = unpack(start, end, rows), unpack(tail, end, 1)
            if unpacked is not None and unpacked[-self._row_bytes :] == check:
                return unpacked
        raise DamagedPixels("packed rows are out of step")

    def _unpack_exactly(self, start: int, end: int, rows: int) -> memoryview | None:
        """Unpack what fills the rows and no more, which a mark behind it tells; else None."""
        size = self._row_bytes * rows
        marked = bytes(self._data[start:end]) + _PACKED_MARK
        unpacked = memoryview(rle_impl.decode(marked, size + len(_MARK)))
        return unpacked[:size] if bytes(unpacked[size:]) == _MARK else None

    def _unpack_with_room(self, start: int, end: int, rows: int) -> bytes:
        """Unpack rows behind the last of which more may be packed."""
        size = (self._row_bytes, rows)
        try:
            image = Image.frombytes("L", size, self._data[start:end], "packbits", "L")
        except ValueError as error:
            raise DamagedPixels("packed rows are too short") from error
        return image.tobytes()


class DeflatedRows:
    """Rows deflated as one stream, with or without prediction along each row.

    Of a stream of several planes `skip` rows are passed over first: unpacking them
    again for each plane takes time, but no memory. After `last` rows the stream must
    end, and its checksum be right.
    """

    def __init__(
        self,
        data: Buffer,
        width: int,
        depth: int,
        predicted: bool,
        skip: int = 0,
        last: int | None = None,
    ) -> None:
        self._data, self._next, self._pending = data, 0, b""
        self._width, self._depth, self._predicted = width, depth, predicted
        self._skip = skip * row_size(width, depth)
        self._left = last
        self._inflater = isal_zlib.decompressobj()

    def take(self, rows: int) -> Buffer:
        """Inflate no more than what these rows need."""
        parts = []
        wanted = rows * row_size(self._width, self._depth)
        try:
            while self._skip:
                self._skip -= len(self._inflate(min(self._skip, _CHUNK)))
            while wanted:
                part = self._inflate(wanted)
                wanted -= len(part)
                parts.append(part)
            self._count(rows)
        except (_InflateError, ValueError) as error:
            raise DamagedPixels("deflated data cannot be unpacked") from error
        unpacked = parts[0] if len(parts) == 1 else b"".join(parts)
        if self._predicted:
            return decode_prediction(unpacked, self._width, rows, self._depth)
        return unpacked

    def _count(self, rows: int) -> None:
        """Raise ValueError where no row is left and the stream is not at its end."""
        if self._left is None:
            return
        self._left -= rows
        while not self._left and not self._inflater.eof:
            if self._inflate(1, at_end=True):
                raise ValueError("the stream goes on")

    def _inflate(self, wanted: int, at_end: bool = False) -> bytes:
        """Return some of the wanted bytes: the inflater may hold back what it has read."""
        if not self._pending:
            start, self._next = self._next, self._next + _CHUNK
            self._pending = bytes(self._data[start : self._next])
        exhausted = not self._pending
        part = bytes(self._inflater.decompress(self._pending, wanted))
        self._pending = self._inflater.unconsumed_tail
        if not part and (exhausted or self._inflater.eof and not at_end):
            raise ValueError("the stream ends too early")
        return part


def check_packed(
    data: memoryview, width: int, height: int, depth: int, large: bool, planes: int
) -> None:
    """Raise DamagedPixels where a packed row is not as long as a row of pixels.

    Data of other compressions pass. All rows are walked at once, packet by packet.
    """
    if int.from_bytes(data[:2]) != PACKED:
        return
    rows, count_bytes = height * planes, 4 if large else 2
    table = data[2 : 2 + rows * count_bytes]
    lengths = np.frombuffer(table, f">u{count_bytes}").astype(np.int64)
    packed = np.frombuffer(data[2 + len(table) :], np.uint8)
    ends = np.cumsum(lengths)
    at, missing = ends - lengths, np.full(rows, row_size(width, depth), np.int64)
    if rows and int(ends[-1]) > len(packed):
        raise DamagedPixels("there are too few pixel data")
    while len(at):
        going = at < ends
        if bool((missing[~going] != 0).any()):
            raise DamagedPixels("packed rows are out of step")
        at, ends, missing = at[going], ends[going], missing[going]
        code = packed[at].astype(np.int64)
        repeats = code > 128
        # 0 to 127: so many bytes and one follow; 128: nothing; else one is repeated.
        missing -= np.where(repeats, 257 - code, np.where(code < 128, code + 1, 0))
        at = at + np.where(repeats, 2, np.where(code < 128, code + 2, 1))
        if bool((missing < 0).any()) or bool((at > ends).any()):
            raise DamagedPixels("packed rows are out of step")


def row_size(width: int, depth: int) -> int:
    """Return the bytes that a row occupies; 1 bit rows are padded to whole bytes."""
    return (width * depth + 7) // 8


def open_rows(
    data: memoryview, width: int, height: int, depth: int, large: bool, planes: int = 1
) -> list[Rows]:
    """Open `planes` planes that share one compression code, each read by itself.

    `data` starts with the code. What it holds is compared with what the size needs
    before anything is unpacked: DamagedPixels where it cannot suffice.
    """
    if len(data) < 2:
        raise DamagedPixels("there are no pixel data")
    compression, body = int.from_bytes(data[:2]), data[2:]
    row_bytes, rows = row_size(width, depth), height * planes
    if compression == PACKED:
        return _open_packed(body, row_bytes, height, planes, 4 if large else 2)
    needed = row_bytes * rows
    if compression in (DEFLATED, PREDICTED):
        if len(body) * _DEFLATE_RATIO < needed:
            raise DamagedPixels("there are too few pixel data")
        predicted = compression == PREDICTED
        return [
            DeflatedRows(
                body,
                width,
                depth,
                predicted,
                skip=i * height,
                last=height if i == planes - 1 else None,
            )
            for i in range(planes)
        ]
    if compression != RAW:
        raise DamagedPixels(f"the compression {compression} is not known")
    if len(body) < needed:
        raise DamagedPixels("there are too few pixel data")
    plane = row_bytes * height
    return [
        RawRows(body[i * plane : (i + 1) * plane], row_bytes) for i in range(planes)
    ]


def _open_packed(
    body: memoryview, row_bytes: int, height: int, planes: int, count_bytes: int
) -> list[Rows]:
    rows = height * planes
    table = body[: rows * count_bytes]
    if len(table) < rows * count_bytes:
        raise DamagedPixels("there are too few pixel data")
    lengths = np.frombuffer(table, f">u{count_bytes}").astype(np.int64)
    shortest = 2 * ((row_bytes + 127) // 128)
    if row_bytes > 1 and int(lengths.min()) < shortest:
        raise DamagedPixels("there are too few pixel data")
    packed = body[len(table) :]
    if int(lengths.sum()) > len(packed):
        raise DamagedPixels("there are too few pixel data")
    ends = np.cumsum(lengths.reshape(planes, height).sum(axis=1)).tolist()
    starts = [0, *ends[:-1]]
    return [
        PackedRows(packed[start:end], row_bytes, lengths[i * height : (i + 1) * height])
        for i, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]
