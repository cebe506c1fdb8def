"""A sheet as the parser gives it: all cells as text, and those that hold an error."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import fastexcel
import polars as pl

from features.data_import.exceptions import corrupt
from features.data_import.utils.reading.workbooks.cells import Place
from features.data_import.utils.reading.workbooks.exact_numbers import (
    ExactNumbers,
    are_plain,
    float_texts,
)
from features.data_import.utils.reading.workbooks.package import protected

_ERRORS: Final = {
    "Div0": "#DIV/0!",
    "NA": "#N/A",
    "Name": "#NAME?",
    "Null": "#NULL!",
    "Num": "#NUM!",
    "Ref": "#REF!",
    "Value": "#VALUE!",
    "GettingData": "#GETTING_DATA",
}
ERROR_TEXTS: Final = frozenset(_ERRORS.values())
# From here on the parser writes digits that no one has entered.
_NOT_EXACT: Final = 1e15
_KIND: Final = re.compile(r"Error\((\w+)\)")
# What has a time but no date is given as on the first day that Excel knows.
_TIME_ALONE: Final = r"^1899-12-31 (\d\d:\d\d:\d\d(?:\.\d+)?)$"


class Grid(NamedTuple):
    """The cells of a sheet. The frame's first row is the sheet's row 1.

    Its columns are Strings, null where a cell is empty; the first is the sheet's column
    `first_column`, from 1. `errors` has cells such as #DIV/0!, which are null.
    """

    frame: pl.DataFrame
    first_column: int
    errors: Mapping[Place, str]
    is_visible: bool = True


@contextmanager
def opened(path: Path, suffix: str) -> Iterator[fastexcel.ExcelReader]:
    """Open a workbook as what it is: the parser goes by the name's suffix."""
    with TemporaryDirectory(prefix="workbook-") as folder:
        link = Path(folder) / f"workbook{suffix}"
        link.symlink_to(path.resolve())
        with _damage():
            yield fastexcel.read_excel(link)


def load_exact(reader: fastexcel.ExcelReader, sheet: str) -> Grid:
    """Read a sheet twice, where its numbers cannot be looked up in the file."""
    grid = load_grid(reader, sheet)
    if not grid.frame.height:
        return grid
    with _damage():
        loaded = reader.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="float")
        floats = pl.DataFrame(loaded.to_arrow())
    return _with_exact_floats(grid, floats)


def load_grid(reader: fastexcel.ExcelReader, sheet: str) -> Grid:
    """Read all cells of a sheet. Raises ImportFileError CORRUPT_FILE."""
    with _damage():
        loaded = reader.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string")
        columns = loaded.available_columns()
        cells, failed = loaded.to_arrow_with_errors()
    frame = pl.DataFrame(cells) if columns else pl.DataFrame()
    first_column = columns[0].absolute_index + 1 if columns else 1
    errors = {}
    for error in failed.errors if failed else ():
        row, column = error.position
        kind = _KIND.search(error.detail)
        name = kind[1] if kind else ""
        errors[Place(row + 1, first_column + column)] = _ERRORS.get(name, f"#{name}")
    is_visible = loaded.visible == "visible"
    return Grid(_plain_times(frame), first_column, errors, is_visible)


def covering(grid: Grid, places: Collection[Place]) -> Grid:
    """Widen a grid by empty cells, until it has these places."""
    if not places:
        return grid
    first = min(grid.first_column, *(place.column for place in places))
    last = max(place.column for place in places)
    height = max(grid.frame.height, *(place.row for place in places))
    columns = []
    for column in range(first, max(last, grid.first_column + grid.frame.width - 1) + 1):
        position = column - grid.first_column
        is_there = 0 <= position < grid.frame.width
        empty = pl.Series(dtype=pl.String)
        cells = grid.frame.to_series(position) if is_there else empty
        cells = cells.extend_constant(None, height - len(cells))
        columns.append(cells.alias(f"column {column}"))
    return grid._replace(frame=pl.DataFrame(columns), first_column=first)


def with_exact_numbers(grid: Grid, numbers: ExactNumbers) -> Grid:
    """Put the numbers that the parser has rounded back as they stand in the file."""
    frame = grid.frame
    for column, rows, texts in numbers.columns():
        position = column - grid.first_column
        if not 0 <= position < frame.width:
            continue
        cells = frame.to_series(position)
        is_known = (rows > 0) & (rows <= frame.height)
        at = pl.Series(rows[is_known] - 1)
        told = texts.filter(pl.Series(is_known))
        # What the parser takes for a date is a number in the file, too.
        fits = are_plain(cells.gather(at)).fill_null(False) & told.is_not_null()
        mended = cells.scatter(at.filter(fits), told.filter(fits))
        frame = frame.with_columns(mended)
    return grid._replace(frame=frame)


def _with_exact_floats(grid: Grid, floats: pl.DataFrame) -> Grid:
    """Do the same for a format whose numbers are read a second time, as floats."""
    columns = []
    for cells, numbers in zip(grid.frame, floats, strict=True):
        rounded = cells.cast(pl.Float64, strict=False)
        differs = (rounded != numbers) | (numbers.abs() >= _NOT_EXACT)
        differs &= are_plain(cells) & numbers.is_not_null()
        if differs.any():
            at = differs.fill_null(False).arg_true()
            cells = cells.scatter(at, float_texts(numbers.gather(at)))
        columns.append(cells)
    return grid._replace(frame=pl.DataFrame(columns))


def _plain_times(frame: pl.DataFrame) -> pl.DataFrame:
    changed = []
    for series in frame:
        if series.str.starts_with("1899-12-31").any():
            series = series.str.replace(_TIME_ALONE, "$1")
        changed.append(series)
    return pl.DataFrame(changed)


@contextmanager
def _damage() -> Iterator[None]:
    """Turn the parser's errors and panics into ours."""
    try:
        yield
    except fastexcel.FastExcelError as error:
        if "password" in str(error).lower():
            raise protected() from error
        raise corrupt("its cells cannot be read") from error
    except BaseException as error:
        # What Rust calls a panic is no Exception, and ends this workbook alone.
        if type(error).__name__ != "PanicException":
            raise
        raise corrupt("its cells cannot be read") from error
