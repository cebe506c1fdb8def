"""Bounded reading of big-endian structures from a memory map."""

import struct
from collections.abc import Iterator
from typing import Final

from features.psd.exceptions import cut_short, over_limit

_SIGNATURES = (b"8BIM", b"8B64")
# In a PSB these blocks carry an 8 byte length.
_LONG_KEYS = frozenset(
    b"LMsk Lr16 Lr32 Layr Mt16 Mt32 Mtrn Alph FMsk lnk2 lnk3 lnkE FEid FXid PxSD"
    b" pths extd extn cinf artd".split()
)


# Five times what the largest documents have; a file can be made of nothing else.
MAX_PARTS: Final = 300_000


class Parts:
    """Counts the blocks, records and channels of one file."""

    def __init__(self) -> None:
        self._left = MAX_PARTS

    def count(self, parts: int = 1) -> None:
        """Note some more; PsdError LIMIT_EXCEEDED where there are too many in all."""
        self._left -= parts
        if self._left < 0:
            raise over_limit(
                f"This file has more than {MAX_PARTS} parts (layers, channels and "
                "their settings). Merge some layers, or split the document."
            )


class Cursor:
    """A place in a slice of the file; reading past the slice's end is an error.

    `where` names the slice in the error's message.
    """

    def __init__(
        self,
        data: memoryview,
        start: int,
        end: int,
        where: str,
        large: bool,
        parts: Parts | None = None,
    ) -> None:
        if start > end or end > len(data):
            raise cut_short(where)
        self.data = data
        self.position = start
        self.end = end
        self.where = where
        self.large = large
        self.parts = parts or Parts()

    @property
    def left(self) -> int:
        """Bytes between here and the end."""
        return self.end - self.position

    def read(self, fmt: str) -> tuple[int, ...]:
        """Unpack big-endian integers."""
        size = struct.calcsize(">" + fmt)
        values = struct.unpack(">" + fmt, self.take(size))
        return values

    def take(self, size: int) -> memoryview:
        """Return the next `size` bytes, not copied."""
        start = self.position
        self.skip(size)
        return self.data[start : self.position]

    def skip(self, size: int) -> None:
        """Move on by `size` bytes."""
        if size > self.left:
            raise cut_short(self.where)
        self.position += size

    def section(self, where: str, length_fmt: str = "I") -> "Cursor":
        """Read a length and return a cursor over that many bytes, then move past."""
        (size,) = self.read(length_fmt)
        return self.part(size, where)

    def part(self, size: int, where: str) -> "Cursor":
        """Return a cursor over the next `size` bytes, then move past them."""
        start = self.position
        if size > self.left:
            raise cut_short(where)
        self.skip(size)
        return Cursor(self.data, start, self.position, where, self.large, self.parts)

    def at_block(self) -> bool:
        """Tell whether a tagged block starts right here."""
        return bytes(self.data[self.position : self.position + 4]) in _SIGNATURES

    def blocks(self) -> Iterator[tuple[bytes, memoryview]]:
        """Yield the keys and contents of the tagged blocks up to the end.

        Writers pad blocks to 1, 2 or 4 bytes: the next signature decides. What is
        no block ends the walk.
        """
        while self._find_signature():
            self.parts.count()
            signature, key = bytes(self.take(4)), bytes(self.take(4))
            wide = signature == b"8B64" or (self.large and key in _LONG_KEYS)
            (size,) = self.read("Q" if wide else "I")
            yield key, self.take(size)

    def _find_signature(self) -> bool:
        for padding in range(4):
            start = self.position + padding
            if start + 12 > self.end:
                return False
            if bytes(self.data[start : start + 4]) in _SIGNATURES:
                self.position = start
                return True
        return False
