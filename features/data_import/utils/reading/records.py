"""The first records of a text, and where each of them ends."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

# The csv module's own limit is 128 KiB, below what a field may have here.
csv.field_size_limit(64 * 1024 * 1024)

# Records longer than this are refused: the parser reads in blocks of this size.
MAX_RECORD_BYTES: Final = 2 * 1024 * 1024


class Record(NamedTuple):
    """A record's fields, and the length in bytes of the text up to its end."""

    cells: list[str]
    end: int


def first_records(text: str, delimiter: str, limit: int) -> list[Record]:
    """Split the beginning of a text into at most `limit` records.

    Line breaks within quotes do not end a record; an empty line is one with no fields.
    """
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter)
    records: list[Record] = []
    for cells in reader:
        records.append(Record(cells, lines.consumed))
        if len(records) == limit:
            break
    return records


def fields(text: str, delimiter: str) -> list[str]:
    """Split the text of one record into its fields."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return next(reader, [])


def record_of(cells: Sequence[str | None], delimiter: str) -> str:
    """Write one record's fields as a text."""
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator="").writerow(cells)
    return written.getvalue()


def is_blank(cells: list[str]) -> bool:
    """Tell whether no field has anything but white space in it."""
    return not any(cell.strip() for cell in cells)


class _Lines(Iterator[str]):
    def __init__(self, text: str) -> None:
        self._file = io.StringIO(text, newline="")
        self.consumed = 0

    def __next__(self) -> str:
        line = next(self._file)
        self.consumed += len(line.encode())
        return line
