"""The rows below a sheet's header: which of them and of their columns are the table."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import polars as pl

from features.data_import.exceptions import over_limit, without_columns
from features.data_import.utils.reading.headers import Header
from features.data_import.utils.reading.heading_names import column_letters
from features.data_import.utils.reading.report_columns import (
    own_columns,
    undefused,
    undefused_text,
)
from features.data_import.utils.reading.workbooks.cells import Place
from features.data_import.utils.reading.workbooks.grid import ERROR_TEXTS, Grid
from features.data_import.utils.types import (
    ROW,
    ErrorKind,
    ReadLimits,
    RowError,
    column_name,
)

_SHOWN: Final = 500


class SheetRows(NamedTuple):
    """A table: one heading and one column of `frame` for each, beside `_row`.

    `columns` are the grid's, from 0.
    """

    headings: tuple[str, ...]
    columns: Sequence[int]
    frame: pl.DataFrame
    faults: Sequence[RowError]


def sheet_rows(
    grid: Grid, header: Header, unsolved: Mapping[Place, str], limits: ReadLimits
) -> SheetRows:
    """Take the table out of a sheet: without empty rows, and without columns that have
    neither a heading nor a value. `unsolved` are formulas without a stored result.
    """
    behind = header.end
    is_report = bool(own_columns(header.headings))
    if is_report:
        grid = _read_back(grid)
    bad = {p: c for p, c in {**unsolved, **grid.errors}.items() if p.row > behind}
    frame = grid.frame.with_row_index(ROW, offset=1).slice(behind)
    frame = frame.with_columns(pl.exclude(ROW).replace("", None))
    kept = _kept(frame, grid, header, bad)
    if not kept:
        raise without_columns()
    if len(kept) > limits.max_columns:
        raise over_limit(
            f"This sheet has {len(kept):,} columns, and {limits.max_columns:,} are "
            "allowed. Delete those that are not needed."
        )
    headings = tuple(header.headings[column] for column in kept)
    if is_report:
        headings = tuple(map(undefused_text, headings))
    positions = {column: i for i, column in enumerate(kept, 1)}
    frame = _filled_rows(frame, kept, [place.row for place in bad])
    faults = [
        _bad_cell(place, content, positions[column], headings)
        for place, content in bad.items()
        if (column := place.column - grid.first_column) in positions
    ]
    frame, others = _without_bad_texts(frame, headings, limits.max_field_bytes)
    faults = sorted(faults + others, key=lambda fault: (fault.row, fault.position))
    return SheetRows(headings, kept, frame, faults)


def _filled_rows(
    frame: pl.DataFrame, kept: Sequence[int], bad_rows: Sequence[int]
) -> pl.DataFrame:
    """Keep the rows in which anything is, also where it is only an error."""
    names = [frame.columns[column + 1] for column in kept]
    renamed = {name: column_name(position) for position, name in enumerate(names, 1)}
    rows = pl.Series(bad_rows, dtype=pl.UInt32)
    return frame.filter(
        pl.any_horizontal(pl.col(names).is_not_null())
        | pl.col(ROW).is_in(rows.implode())
    ).select(ROW, *(pl.col(name).alias(new) for name, new in renamed.items()))


def _read_back(grid: Grid) -> Grid:
    """Read a report: errors stand there as texts, as do texts that look like formulas."""
    errors = dict(grid.errors)
    columns = []
    for column, cells in enumerate(grid.frame, grid.first_column):
        is_error = cells.is_in(list(ERROR_TEXTS)).fill_null(False)
        at = is_error.arg_true()
        for row in at.to_list():
            errors[Place(row + 1, column)] = cells[row]
        columns.append(cells.scatter(at, None))
    return grid._replace(frame=undefused(pl.DataFrame(columns)), errors=errors)


def _kept(
    frame: pl.DataFrame, grid: Grid, header: Header, bad: Mapping[Place, str]
) -> list[int]:
    """Return the grid's columns, from 0, that are the table's."""
    filled = {place.column - grid.first_column for place in bad}
    own = {header.headings[column] for column in own_columns(header.headings)}
    kept = []
    for column, heading in enumerate(header.headings):
        unnamed = f"Column {column_letters(grid.first_column + column)}"
        is_empty = frame.to_series(column + 1).null_count() == frame.height
        if heading in own or (heading == unnamed and is_empty and column not in filled):
            continue
        kept.append(column)
    return kept


def _bad_cell(
    place: Place, content: str, position: int, headings: Sequence[str]
) -> RowError:
    if content.startswith("="):
        message = (
            f"The formula in {place} has no stored result. Open the file in a "
            "spreadsheet program, and save it there."
        )
    elif not content.startswith("#"):
        message = (
            f"The cell {place} shows the number {content} as a date, and Excel has no "
            "such day. Write a date in its place, or give it the format of a number."
        )
    else:
        message = (
            f"The cell {place} holds the error {content}. Mend its formula, or write "
            "a value in its place."
        )
    return RowError(
        place.row,
        position,
        headings[position - 1],
        content[:_SHOWN],
        ErrorKind.CELL_ERROR,
        message,
    )


def _without_bad_texts(
    frame: pl.DataFrame, headings: Sequence[str], max_bytes: int
) -> tuple[pl.DataFrame, list[RowError]]:
    """Empty the cells that cannot be stored, and tell of each of them."""
    faults = []
    for position, heading in enumerate(headings, 1):
        name = column_name(position)
        text = pl.col(name)
        is_bad = text.str.contains("\0", literal=True) | (
            text.str.len_bytes() > max_bytes
        )
        found = frame.filter(is_bad).select(ROW, name)
        if not found.height:
            continue
        for row, value in found.iter_rows():
            faults.append(_bad_text(row, position, heading, value, max_bytes))
        frame = frame.with_columns(pl.when(~is_bad).then(text).alias(name))
    return frame, faults


def _bad_text(
    row: int, position: int, heading: str, value: str, max_bytes: int
) -> RowError:
    if "\0" in value:
        kind, message = (
            ErrorKind.ENCODING,
            "There is a NUL character in this text. Remove it.",
        )
    else:
        kind, message = (
            ErrorKind.TOO_LONG,
            f"The text has {len(value.encode()):,} bytes, and {max_bytes:,} are "
            "allowed. Shorten it.",
        )
    shown = value[:_SHOWN].replace("\0", "�")
    return RowError(row, position, heading, shown, kind, message)
