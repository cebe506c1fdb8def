"""A text's bytes as UTF-8, for a parser that reads them in blocks."""

import codecs
from typing import Final

from features.data_import.utils.reading import marks
from features.data_import.utils.reading.texts.encodings import UTF_8, Encoding
from features.data_import.utils.reading.texts.sources import Source

_CHUNK: Final = 1024 * 1024
_BOM: Final = codecs.BOM_UTF8


class Utf8Stream:
    """The bytes of `source` as UTF-8, from `offset` on, then a line that is `last`.

    Bytes that are no text are marked (see marks), and `is_marked` tells that some were;
    `has_formulas` that there may be texts written as formulas (see formula_texts).
    It is read by a thread of the parser's, and knows only that reader.
    """

    closed = False

    def __init__(
        self, source: Source, encoding: Encoding, offset: int = 0, last: bytes = b""
    ) -> None:
        self.is_marked = self.has_formulas = False
        # Bytes that the parser was given.
        self.given = 0
        self._size = max(1, source.size)
        self._file = source.open()
        self._decoder = (
            None
            if encoding == (UTF_8, True)
            else codecs.getincrementaldecoder(encoding.name)(marks.ERRORS)
        )
        self._buffer = bytearray()
        self._raw = 0
        self._last = last
        self._has_ended = False
        self._final = b"\n"
        self._begin(offset)

    @property
    def fraction(self) -> float:
        """Return how much of the source has been read, 0 to 1."""
        return 1.0 if self._has_ended else min(1.0, self._raw / self._size)

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, less only at the end."""
        while len(self._buffer) < size and not self._has_ended:
            self._fill()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        self.given += len(data)
        return data

    def close(self) -> None:
        """Close the source."""
        self.closed = True
        self._file.close()

    def readable(self) -> bool:
        """Return True: it is read."""
        return True

    def _begin(self, offset: int) -> None:
        self._fill()
        while len(self._buffer) < len(_BOM) and not self._has_ended:
            self._fill()
        if self._buffer.startswith(_BOM):
            del self._buffer[: len(_BOM)]
        while offset:
            skipped = self.read(min(offset, _CHUNK))
            offset -= len(skipped)

    def _fill(self) -> None:
        chunk = self._file.read(_CHUNK)
        self._raw += len(chunk)
        data = self._as_utf8(chunk)
        if data:
            self._buffer += data
            self._final = data[-1:]
        if not chunk:
            self._has_ended = True
            if self._last:
                gap = b"" if self._final in b"\r\n" else b"\n"
                self._buffer += gap + self._last + b"\n"

    def _as_utf8(self, chunk: bytes) -> bytes:
        data = chunk
        if self._decoder is not None:
            data = self._decoder.decode(chunk, final=not chunk).encode()
            self.is_marked = self.is_marked or marks.are_marked(data)
        if b"\0" in data:
            self.is_marked = True
            data = data.replace(b"\0", marks.NUL)
        # Most texts have no such sign at all, which is told many times as fast.
        self.has_formulas |= b"=" in data and b'="' in data
        return data
