"""Where a text's records begin, how they are split, and which columns they have."""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from features.data_import.exceptions import over_limit, without_rows
from features.data_import.utils.read_options import checked_delimiter
from features.data_import.utils.reading.headers import Header, find_header
from features.data_import.utils.reading.marks import shown
from features.data_import.utils.reading.records import (
    MAX_RECORD_BYTES,
    Record,
    first_records,
    is_blank,
)
from features.data_import.utils.reading.texts.delimiters import find_delimiter
from features.data_import.utils.types import ReadLimits, ReadOptions

_HEAD_RECORDS: Final = 1000


class Shape(NamedTuple):
    """How to split the records that follow the header.

    They begin `offset` bytes behind the beginning of the UTF-8 text, the first is the
    file's record `first_row`, and each should have `width` fields. `headings` has one
    for each of them; `doubtful` are the columns, from 0, that have neither a heading
    nor, so far, anything in them.
    """

    delimiter: str
    header_row: int
    offset: int
    first_row: int
    width: int
    headings: tuple[str, ...]
    doubtful: tuple[int, ...]


def find_shape(
    head: bytes, is_whole: bool, options: ReadOptions, limits: ReadLimits
) -> Shape:
    """Tell the shape of a text by its `head` (UTF-8). Raises ImportFileError.

    A first line `sep=;`, which spreadsheet programs obey and do not show, is obeyed, and
    is no record.
    """
    text = head.decode(errors="ignore")
    said, skipped = _said_delimiter(text)
    text = text[skipped:]
    delimiter = (
        checked_delimiter(options.delimiter)
        if options.delimiter is not None
        else said or find_delimiter(text)
    )
    records = _records(text, delimiter, is_whole)
    _check_widths(records, limits)
    header = find_header([r.cells for r in records], options.header_row)
    return _shape(records, header, delimiter, skipped)


def _said_delimiter(text: str) -> tuple[str | None, int]:
    line = text[:7].splitlines(keepends=True)[:1]
    if line and line[0][:4].lower() == "sep=" and line[0][5:] in ("\n", "\r", "\r\n"):
        return checked_delimiter(line[0][4]), len(line[0])
    return None, 0


def _records(text: str, delimiter: str, is_whole: bool) -> list[Record]:
    records = first_records(text, delimiter, _HEAD_RECORDS)
    if not is_whole and len(records) < _HEAD_RECORDS:
        # The head may have ended in the middle of the last one.
        records.pop()
        if not any(any(record.cells) for record in records[1:]):
            raise over_limit(too_long(len(records) + 1))
    if all(is_blank(record.cells) for record in records) and is_whole:
        raise without_rows("There are no rows in this file.")
    return records


def too_long(row: int) -> str:
    """Say that a record, which is `row` or soon follows it, has no end."""
    return (
        f"From row {row} on, a row is longer than {MAX_RECORD_BYTES:,} bytes. "
        'Either it is no table, or a quote (") is opened there and never closed: '
        "close it, or write it twice where it belongs to the text."
    )


def _check_widths(records: Sequence[Record], limits: ReadLimits) -> None:
    widest = max((len(record.cells) for record in records), default=0)
    if widest > limits.max_columns:
        raise over_limit(
            f"This file has {widest:,} columns, and {limits.max_columns:,} are allowed. "
            "Remove those that are not needed."
        )


def _shape(
    records: Sequence[Record], header: Header, delimiter: str, skipped: int
) -> Shape:
    behind = header.end
    above = [record.cells for record in records[max(0, header.row - 1) : behind]]
    data = [record.cells for record in records[behind:] if any(record.cells)]
    if not data and len(records) < _HEAD_RECORDS:
        raise without_rows("This file has headings, but no rows below them.")
    named = {i for row in above for i, cell in enumerate(row) if cell.strip()}
    filled = {i for row in data for i, cell in enumerate(row) if cell}
    usual = Counter(map(len, data)).most_common(1)[0][0] if data else 0
    told = max(map(len, above), default=0)
    if told and max(filled, default=-1) >= told:
        usual = told  # nothing says what is in fields beyond the headings: it is told
    width = max(usual, max(named, default=-1) + 1)
    width = min(width, len(header.headings))
    return Shape(
        delimiter,
        header.row,
        skipped + (records[behind - 1].end if behind else 0),
        behind + 1,
        width,
        tuple(shown(heading) for heading in header.headings[:width]),
        tuple(i for i in range(width) if i not in named and i not in filled),
    )
