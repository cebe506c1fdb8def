"""What the parts of an import hand to each other, and what crosses from the child."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec
import polars as pl

ROW: Final = "_row"
# Columns that a report adds behind the rejected rows; a file's own are left out.
REPORT_ROW: Final = "OneManage row"
REPORT_ERRORS: Final = "OneManage errors"


# Whole rows as PostgreSQL's binary COPY takes them; a view where none need be copied.
type EncodedRows = bytes | memoryview


class ColumnType(StrEnum):
    """What a column holds; the graph's ColumnType."""

    TEXT = "TEXT"
    INTEGER = "INTEGER"
    DECIMAL = "DECIMAL"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    TIMESTAMP = "TIMESTAMP"


NUMBERS: Final = frozenset((ColumnType.INTEGER, ColumnType.DECIMAL))


class ErrorKind(StrEnum):
    """Why a row was rejected; the graph's ImportErrorCode."""

    REQUIRED = "REQUIRED"
    NOT_A_NUMBER = "NOT_A_NUMBER"
    NOT_A_DATE = "NOT_A_DATE"
    NOT_A_BOOLEAN = "NOT_A_BOOLEAN"
    AMBIGUOUS = "AMBIGUOUS"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    TOO_LONG = "TOO_LONG"
    NOT_ALLOWED = "NOT_ALLOWED"
    DUPLICATE_KEY = "DUPLICATE_KEY"
    TOO_MANY_FIELDS = "TOO_MANY_FIELDS"
    TOO_FEW_FIELDS = "TOO_FEW_FIELDS"
    CELL_ERROR = "CELL_ERROR"
    ENCODING = "ENCODING"


class DateOrder(StrEnum):
    """How the parts of a numeric date follow each other."""

    YMD = "YMD"
    DMY = "DMY"
    MDY = "MDY"


class ReadOptions(msgspec.Struct, frozen=True):
    """How to read a file; what is None is found in the file. `header_row` is 1-based.

    `null_values` are the texts that mean nothing at all, beside the empty one.
    """

    sheet: str | None = None
    header_row: int | None = None
    delimiter: str | None = None
    encoding: str | None = None
    date_order: DateOrder | None = None
    time_zone: str = "UTC"
    null_values: tuple[str, ...] = ()


class ReadLimits(msgspec.Struct, frozen=True):
    """What a file may ask for: unpacked bytes, cells of a sheet, columns, field bytes."""

    max_unpacked_bytes: int = 4 * 1024**3
    max_cells: int = 11_000_000
    max_columns: int = 1000
    max_field_bytes: int = 1024**2


class RowError(msgspec.Struct, frozen=True):
    """Why a row was rejected. `position` is the file's column, from 1; 0: the row itself.

    `row` is 1-based, as a spreadsheet program shows it.
    """

    row: int
    position: int
    column: str | None
    value: str | None
    code: ErrorKind
    message: str


class Batch(NamedTuple):
    """Rows of a file as text, in order.

    `frame` has `_row` (UInt32, the row's number in the file) and one String column
    for each heading, `c1` … `cN`; null is an empty cell. `faults` are rows that are not
    in `frame`, for they could not be read, and cells that hold an error or bytes that are
    no text (their rows are in `frame`, with null there). `fraction`, 0 to 1, is how much
    of the file has been read. `numbers` has some of `frame`'s columns again: as they are
    to be read as numbers, where that differs from how they are shown.
    """

    frame: pl.DataFrame
    faults: Sequence[RowError]
    fraction: float
    numbers: pl.DataFrame = pl.DataFrame()

    def as_read(self) -> pl.DataFrame:
        """Return `frame` with its `numbers`, as profiles see it."""
        return self.frame.with_columns(self.numbers.get_columns())


class Layout(msgspec.Struct, frozen=True):
    """What a file looks like. `header_row` is 1-based, 0 where there is no header.

    `encoding` and `delimiter` are None for workbooks, `sheets` empty for texts, and
    `rows` (data rows) None where they are not known before the end.
    """

    sheets: tuple[str, ...]
    sheet: str | None
    encoding: str | None
    delimiter: str | None
    header_row: int
    headings: tuple[str, ...]
    rows: int | None = None


def column_name(position: int) -> str:
    """Return the name in frames of the file's column at `position`, from 1."""
    return f"c{position}"
