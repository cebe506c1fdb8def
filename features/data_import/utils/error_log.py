"""The errors of one import on disk: written as they are met, read row by row."""

import struct
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from features.data_import.utils.types import RowError

_HEADER: Final = struct.Struct(">IQQ")
_DECODER: Final = msgspec.msgpack.Decoder(list[RowError])


class _Frame(NamedTuple):
    """Where errors are in the file, and the rows of the first and the last of them."""

    offset: int
    size: int
    first: int
    last: int


class ErrorLog:
    """Errors in frames; however many there are, a few thousand are held at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def clear(self) -> None:
        """Make the log, or empty it."""
        self.path.write_bytes(b"")

    def add(self, errors: Sequence[RowError]) -> None:
        """Write more errors."""
        if not errors:
            return
        ordered = sorted(errors, key=_place)
        body = msgspec.msgpack.encode(ordered)
        with self.path.open("ab") as file:
            file.write(_HEADER.pack(len(body), ordered[0].row, ordered[-1].row))
            file.write(body)

    def by_row(self) -> Iterator[tuple[int, list[RowError]]]:
        """Yield the rows that have errors, in order, and each one's errors."""
        runs: list[list[_Frame]] = []
        for frame in self._frames():
            if runs and runs[-1][-1].last < frame.first:
                runs[-1].append(frame)
            else:
                # What the checks reject comes first, then what is there twice.
                runs.append([frame])
        errors = merge(*map(self._errors, runs), key=_place)
        for row, group in groupby(errors, key=lambda error: error.row):
            yield row, list(group)

    def _frames(self) -> Iterator[_Frame]:
        with self.path.open("rb") as file:
            while header := file.read(_HEADER.size):
                size, first, last = _HEADER.unpack(header)
                yield _Frame(file.tell(), size, first, last)
                file.seek(size, 1)

    def _errors(self, frames: Sequence[_Frame]) -> Iterator[RowError]:
        with self.path.open("rb") as file:
            for frame in frames:
                file.seek(frame.offset)
                yield from _DECODER.decode(file.read(frame.size))


def _place(error: RowError) -> tuple[int, int]:
    return error.row, error.position
