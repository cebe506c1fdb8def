"""Date cells whose numbers a parser misreads: days that no calendar of Excel has, and,
in formats whose styles are not looked up, durations."""

import re
from pathlib import Path
from typing import Final

import fastexcel
import polars as pl

from features.data_import.utils.reading.workbooks.cell_times import (
    DAY,
    TimeCells,
    time_texts,
)
from features.data_import.utils.reading.workbooks.cells import Place
from features.data_import.utils.reading.workbooks.grid import Grid, opened

# The day 1900-02-29, which there never was.
_NO_DAY: Final = 60
# As the parser writes what may be no day: before the first, 1900-02-29, or year 10000.
_ODD_1900: Final = (
    r"^(?:[-+]\d|0\d{3}-|1[0-7]\d\d-|18[0-8]\d-|189[0-8]-"
    r"|1899-0|1899-1[01]|1899-12-[0-2]|1899-12-30|1900-02-28).*\d\d:\d\d:\d\d"
)
_ODD_1904: Final = r"^(?:[-+]\d|0\d{3}-|1[0-8]\d\d-|190[0-3]-).*\d\d:\d\d:\d\d"
# Nor may these be dates, where styles are not looked up: durations of up to 50 years.
_OLD: Final = r"^(?:[-+]\d|0\d{3}-|1[0-8]\d\d-|19[0-4]\d-).*\d\d:\d\d:\d\d"
_FIRST_1904: Final = "1904-01-0"
_TYPES: Final = re.compile(r"combination: \{([^}]*)\}")


def with_times(grid: Grid, times: TimeCells) -> Grid:
    """Write the times that were found in the file where the parser has dates or errors."""
    frame, errors = grid.frame, dict(grid.errors)
    for column, rows, milliseconds in times.columns():
        position = column - grid.first_column
        if 0 <= position < frame.width:
            is_known = (rows > 0) & (rows <= frame.height)
            at, told = rows.filter(is_known) - 1, milliseconds.filter(is_known)
            cells = frame.to_series(position).scatter(at, time_texts(told))
            frame = frame.with_columns(cells)
            for row in at.to_list() if errors else ():
                errors.pop(Place(row + 1, column), None)
    return grid._replace(frame=frame, errors=errors)


def with_real_dates(
    grid: Grid, behind: int, path: Path, sheet: str, is_1904: bool
) -> Grid:
    """Make errors of an xlsx sheet's dates that are none, below the row `behind`."""
    positions = _matching(grid, behind, _ODD_1904 if is_1904 else _ODD_1900)
    if not positions:
        return grid
    with opened(path, ".xlsx") as reader:
        days = _days(reader, sheet, grid, positions)
    for position, cells in zip(positions, days, strict=True):
        grid = _without_odd(grid, position, cells, behind, is_1904)
    return grid


def with_guessed_dates(
    grid: Grid, behind: int, path: Path, suffix: str, sheet: str
) -> Grid:
    """Do so for xls and xlsb, and write the durations of columns that have no dates.

    The parser tells the two apart for a whole column only.
    """
    positions = _matching(grid, behind, _OLD)
    if not positions:
        return grid
    with opened(path, suffix) as reader:
        days = _days(reader, sheet, grid, positions)
        for position, cells in zip(positions, days, strict=True):
            below = cells.slice(behind).drop_nulls()
            first = grid.frame.to_series(position).filter((cells >= 0) & (cells < DAY))
            is_1904 = bool(first.str.starts_with(_FIRST_1904).any())
            are_times = is_1904 and below.is_between(0, DAY - 1).all()
            if are_times or _are_durations(reader, sheet, grid, position, behind):
                grid = _written(grid, position, cells)
            else:
                grid = _without_odd(grid, position, cells, behind, is_1904)
    return grid


def _matching(grid: Grid, behind: int, pattern: str) -> list[int]:
    below = grid.frame.slice(behind)
    return [i for i, cells in enumerate(below) if cells.str.contains(pattern).any()]


def _days(
    reader: fastexcel.ExcelReader, sheet: str, grid: Grid, positions: list[int]
) -> list[pl.Series]:
    """Read the numbers of date cells, as milliseconds; all other cells are null."""
    loaded = reader.load_sheet(
        sheet,
        header_row=None,
        skip_rows=0,
        use_columns=[position + grid.first_column - 1 for position in positions],
        dtypes="duration",
    )
    frame = pl.DataFrame(loaded.to_arrow()).cast(pl.Int64)
    missing = grid.frame.height - frame.height
    return [days.extend_constant(None, missing) for days in frame]


def _are_durations(
    reader: fastexcel.ExcelReader, sheet: str, grid: Grid, position: int, behind: int
) -> bool:
    """Tell by the type that the parser guesses, or says that it cannot guess."""
    try:
        loaded = reader.load_sheet(
            sheet,
            header_row=None,
            skip_rows=behind,
            use_columns=[position + grid.first_column - 1],
            schema_sample_rows=None,
        )
        return loaded.selected_columns[0].dtype == "duration"
    except fastexcel.UnsupportedColumnTypeCombinationError as error:
        found = _TYPES.search(str(error))
        types = found[1].split(", ") if found else []
        return "Duration" in types and "DateTime" not in types


def _written(grid: Grid, position: int, days: pl.Series) -> Grid:
    at = days.is_not_null().arg_true()
    cells = grid.frame.to_series(position).scatter(at, time_texts(days.gather(at)))
    return grid._replace(frame=grid.frame.with_columns(cells))


def _without_odd(
    grid: Grid, position: int, days: pl.Series, behind: int, is_1904: bool
) -> Grid:
    """Empty the cells whose numbers are no days of Excel, and keep those as errors."""
    cells = grid.frame.to_series(position)
    is_odd = (days < 0) | ((days >= 0) & cells.str.starts_with("+"))
    if not is_1904:
        is_odd |= (days // DAY == _NO_DAY) & cells.str.starts_with("1900-02-28")
    at = [row for row in is_odd.fill_null(False).arg_true().to_list() if row >= behind]
    column = grid.first_column + position
    told = {Place(row + 1, column): f"{days[row] / DAY:.10g}" for row in at}
    frame = grid.frame.with_columns(cells.scatter(at, None))
    return grid._replace(frame=frame, errors={**grid.errors, **told})
