"""A sheet of a workbook as a table: xlsx, xls, xlsb or ods."""

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from features.data_import.utils.conventions import Conventions, found
from features.data_import.utils.reading.footers import without_total
from features.data_import.utils.reading.headers import Header, find_header
from features.data_import.utils.reading.report_columns import (
    errors_column,
    own_columns,
)
from features.data_import.utils.reading.workbooks.cell_numbers import (
    NumberCells,
    SheetNumbers,
)
from features.data_import.utils.reading.workbooks.date_cells import (
    with_guessed_dates,
    with_real_dates,
    with_times,
)
from features.data_import.utils.reading.workbooks.grid import (
    Grid,
    covering,
    load_exact,
    load_grid,
    opened,
    with_exact_numbers,
)
from features.data_import.utils.reading.workbooks.guard import (
    Guarded,
    guard_workbook,
    no_rows,
    no_such_sheet,
)
from features.data_import.utils.reading.workbooks.sheet_rows import sheet_rows
from features.data_import.utils.types import (
    ROW,
    Batch,
    Layout,
    ReadLimits,
    ReadOptions,
    RowError,
)
from features.data_import.utils.values.reading import Mark

_BATCH: Final = 25_000
# Rows among which the header is looked for, from the first that is not empty.
_LOOKED_AT: Final = 200


class WorkbookTable:
    """The rows of one sheet, which are in memory as a whole. Raises ImportFileError.

    Of merged cells, the first one alone has the value; formulas give their results.
    """

    def __init__(self, path: Path, options: ReadOptions, limits: ReadLimits) -> None:
        guarded = guard_workbook(path, limits, options.sheet)
        names, sheet, grid = _load(path, guarded, options.sheet)
        unsolved = guarded.cells.unsolved if guarded.cells else {}
        ods = None
        if guarded.ods and len(guarded.ods) == len(names):
            ods = guarded.ods[names.index(sheet)]
            unsolved = ods.errors
        grid = covering(grid, unsolved)
        if not grid.frame.height:
            raise no_rows()
        if guarded.cells:
            grid = with_exact_numbers(grid, guarded.cells.numbers)
            grid = with_times(grid, guarded.cells.times)
        if ods:
            grid = with_times(grid, ods.times)
        header = _header(grid, options.header_row)
        grid = _with_dates(grid, header.end, path, guarded, sheet)
        self.conventions = _conventions(grid, header)
        headings, columns, self._frame, self._faults = sheet_rows(
            grid, header, unsolved, limits
        )
        cells = NumberCells(path, guarded.suffix, sheet, grid)
        self.numbers = SheetNumbers(cells, self._frame, columns)
        has_comma = Mark.COMMA in self.conventions.decimals.values()
        self._numbers = self.numbers.unmistakable(has_comma)
        self.layout = Layout(
            sheets=names,
            sheet=sheet,
            encoding=None,
            delimiter=None,
            header_row=header.row,
            headings=headings,
            rows=self._frame.height,
        )

    def batches(self) -> Iterator[Batch]:
        """Read all rows, in order, 25,000 at a time."""
        for start in range(0, max(self._frame.height, 1), _BATCH):
            yield self._batch(start, _BATCH)

    def _batch(self, start: int, size: int) -> Batch:
        frame = self._frame.slice(start, size)
        if not frame.height:
            return Batch(frame, (), 1.0)
        faults = self._faults_between(frame[ROW][0], frame[ROW][-1])
        end = start + frame.height
        numbers = self._numbers.slice(start, size)
        batch = Batch(frame, faults, end / self._frame.height, numbers)
        return without_total(batch) if end == self._frame.height else batch

    def _faults_between(self, first: int, last: int) -> list[RowError]:
        begin = bisect_left(self._faults, first, key=lambda fault: fault.row)
        end = bisect_left(self._faults, last + 1, key=lambda fault: fault.row)
        return list(self._faults[begin:end])


def _conventions(grid: Grid, header: Header) -> Conventions:
    if not own_columns(header.headings):
        return Conventions()
    reasons = grid.frame.to_series(errors_column(header.headings)).slice(header.end)
    return found(reasons.drop_nulls())


def _with_dates(
    grid: Grid, behind: int, path: Path, guarded: Guarded, sheet: str
) -> Grid:
    if guarded.cells:
        return with_real_dates(grid, behind, path, sheet, guarded.is_1904)
    if guarded.suffix == ".ods":
        # Its dates are written out, and do not go by Excel's calendar.
        return grid
    return with_guessed_dates(grid, behind, path, guarded.suffix, sheet)


def _header(grid: Grid, at: int | None) -> Header:
    """Find the header, below empty rows where there are any."""
    first = 0 if at is not None else _first_filled(grid.frame)
    rows = grid.frame.slice(first, _LOOKED_AT + (at or 0)).rows()
    header = find_header(rows, at, grid.first_column)
    return header._replace(row=header.row + first) if header.row else header


def _first_filled(frame: pl.DataFrame) -> int:
    filled = frame.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    return filled.arg_max() or 0


def _load(
    path: Path, guarded: Guarded, wanted: str | None
) -> tuple[tuple[str, ...], str, Grid]:
    """Read the sheet that was asked for or chosen, or else the first that has rows."""
    with opened(path, guarded.suffix) as reader:
        names = guarded.sheets or tuple(reader.sheet_names)
        if wanted is not None and wanted not in names:
            raise no_such_sheet(wanted, names)
        if chosen := wanted or guarded.sheet:
            return names, chosen, load_grid(reader, chosen)
        found = []
        for name in names:
            grid = load_exact(reader, name)
            if grid.is_visible and grid.frame.height > 1:
                found = [(name, grid)]
                break
            if grid.frame.height:
                found.append((name, grid))
    if not found:
        raise no_rows()
    name, grid = found[0]
    return names, name, grid
