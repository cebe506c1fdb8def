"""How far the sheets of ods and xlsb workbooks reach, before a parser lays them out, and
the times and errors of ods, which it leaves out."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from features.data_import.exceptions import corrupt, over_limit
from features.data_import.utils.reading.workbooks.cell_times import TimeCells
from features.data_import.utils.reading.workbooks.cells import Place

_MAX_ELEMENT: Final = 16 * 1024 * 1024
_ODS_TAG: Final = re.compile(
    rb"<(/?)table:(table|table-row|table-cell|covered-table-cell)(\s[^>]*)?>"
)
_REPEATED: Final = re.compile(rb"table:number-(?:rows|columns)-repeated=\"(\d+)\"")
_PERIOD: Final = re.compile(rb"office:time-value=\"([^\"]{1,80})\"")
# What is wrong stands in the cell's text; to be one is enough to be told of.
_IS_ERROR: Final = b'calcext:value-type="error"'
_ERROR: Final = "#ERROR"
# Records of xlsb: a row's beginning, and those of its cells.
_ROW_RECORD: Final = 0
_CELL_RECORDS: Final = range(2, 12)


class OdsSheet(NamedTuple):
    """A sheet's lowest row and rightmost column, and the times and errors in it."""

    size: Place
    times: TimeCells
    errors: dict[Place, str]


def ods_sheets(pieces: Iterator[bytes], max_cells: int) -> Iterator[OdsSheet]:
    """Give the sheets of content.xml in order, with `max_cells` times and errors at most.

    Rows and cells that stand for many count as many, where anything is in them.
    """
    row = repeated = column = 0
    filled_row = filled_column = widest = 0
    times, errors = TimeCells(), dict[Place, str]()
    for closing, name, attributes in _ods_tags(pieces):
        if name == b"table":
            if closing:
                yield OdsSheet(Place(filled_row, widest), times, errors)
            row = filled_row = widest = 0
            times, errors = TimeCells(), {}
        elif name == b"table-row" and not closing:
            repeated, column, filled_column = _times(attributes), 0, 0
            row += repeated
        elif name == b"table-row":
            if filled_column:
                filled_row, widest = row, max(widest, filled_column)
        elif not closing:
            count = _times(attributes)
            column += count
            if not attributes.rstrip().endswith(b"/") or b"office:value" in attributes:
                filled_column = column
            # A sheet with more of them is refused for its size.
            if len(times) + len(errors) + repeated * count > max_cells:
                continue
            rows = range(row - repeated + 1, row + 1)
            columns = range(column - count + 1, column + 1)
            period = b"time-value" in attributes and _PERIOD.search(attributes)
            if period:
                times.add_period(rows, columns, period[1])
            elif _IS_ERROR in attributes:
                errors |= {Place(r, c): _ERROR for r in rows for c in columns}


def _times(attributes: bytes) -> int:
    found = _REPEATED.search(attributes)
    return int(found[1][:12]) if found else 1


def _ods_tags(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, bytes, bytes]]:
    carried = b""
    for piece in pieces:
        data = carried + piece
        cut = max(data.rfind(b"<"), 0)
        carried = data[cut:]
        if len(carried) > _MAX_ELEMENT:
            raise over_limit(
                "A text in this workbook is longer than 16 MB. Shorten it."
            )
        yield from _ODS_TAG.findall(data[:cut])
    yield from _ODS_TAG.findall(carried)


def xlsb_size(data: bytes) -> Place:
    """Return the lowest row and the rightmost column of an xlsb sheet's records."""
    at = row = 0
    lowest, rightmost = 0, 0
    end = len(data)
    while at < end:
        kind, at = _number(data, at, 2)
        size, at = _number(data, at, 4)
        if at + size > end:
            raise corrupt("one of its sheets is cut off")
        if kind == _ROW_RECORD and size >= 4:
            row = int.from_bytes(data[at : at + 4], "little") + 1
        elif kind in _CELL_RECORDS and size >= 4:
            column = int.from_bytes(data[at : at + 4], "little") + 1
            lowest, rightmost = max(lowest, row), max(rightmost, column)
        at += size
    return Place(lowest, rightmost)


def _number(data: bytes, at: int, most: int) -> tuple[int, int]:
    """Read a number of seven bits in each byte; return it, and where it ends."""
    value = 0
    for i in range(most):
        byte = data[at + i] if at + i < len(data) else 0
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return value, at + i + 1
    return value, at + most
