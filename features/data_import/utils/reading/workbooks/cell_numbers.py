"""Cells that are numbers, beside texts that look like numbers.

As a text, 1.005 may be a thousand and five; as a number it has no marks at all. What a
column's texts tell of its decimal mark must not concern its numbers.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Final

import polars as pl

from features.data_import.utils.reading.workbooks.grid import Grid, opened
from features.data_import.utils.types import ROW
from features.data_import.utils.values.numbers import fits
from features.data_import.utils.values.reading import Mark
from features.data_import.utils.values.texts import bare

_PARTS: Final = r"^(-?)([0-9]+)\.([0-9]+)$"
_COMMA: Final = r"[,，]|[.．][0-9０-９]{3}[.．]"
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")


class NumberCells:
    """Tells which cells of a sheet are numbers; reads it once more when it is asked."""

    def __init__(self, path: Path, suffix: str, sheet: str, grid: Grid) -> None:
        self._path = path
        self._suffix = suffix
        self._sheet = sheet
        self._first_column = grid.first_column
        self._height = grid.frame.height

    def fractions(self, column: int) -> pl.Series:
        """Tell it of each cell, by row, of a column of the grid, from 0.

        It is right of cells with decimals; texts of nothing but digits count as well.
        """
        # Read as whole numbers, 1.005 is 1 where it is a number, and nothing as a text.
        first, whole = self._whole
        at = column + self._first_column - first
        if not 0 <= at < whole.width:
            return pl.repeat(False, self._height, eager=True, dtype=pl.Boolean())
        found = whole.to_series(at).is_not_null()
        return found.extend_constant(False, self._height - len(found))

    @cached_property
    def _whole(self) -> tuple[int, pl.DataFrame]:
        with opened(self._path, self._suffix) as reader:
            loaded = reader.load_sheet(
                self._sheet, header_row=None, skip_rows=0, dtypes="int"
            )
            first = loaded.available_columns()[0].absolute_index + 1
            return first, pl.DataFrame(loaded.to_arrow())


class SheetNumbers:
    """The numbers among the rows of a table that was taken out of a sheet.

    `columns` are the grid's, from 0, that have become the frame's c1 … cN.
    """

    def __init__(
        self, cells: NumberCells, frame: pl.DataFrame, columns: Sequence[int]
    ) -> None:
        self._cells = cells
        self._frame = frame
        self._columns = columns
        # Of columns that were asked for cell by cell.
        self._masks: dict[int, list[bool]] = {}

    def unmistakable(self, has_comma: bool) -> pl.DataFrame:
        """Return the columns with decimals, as a decimal comma would not concern them.

        1.005 is 1005e-3 there, where it is a number. None are returned where no text
        of the table may have such a comma, and none is told of by `has_comma`: what is
        told of one column says something of all that tell nothing.
        """
        columns = self._frame.drop(ROW).get_columns()
        if not has_comma and not any(map(_has_comma, columns)):
            return pl.DataFrame()
        return pl.DataFrame(
            [
                self._written(cells, column)
                for cells, column in zip(columns, self._columns, strict=True)
                if cells.str.contains(_PARTS).any()
            ]
        )

    def cell(self, row: int, position: int, text: str) -> str | float:
        """Return what a cell of another sheet may hold for the text of one of these."""
        if position not in self._masks:
            column = self._columns[position - 1]
            self._masks[position] = self._cells.fractions(column).to_list()
        if not self._masks[position][row - 1]:
            return text
        number = as_number(text)
        if number is not None:
            return number
        return str(pl.select(_power(pl.lit(text))).item() or text)

    def _written(self, cells: pl.Series, column: int) -> pl.Series:
        rows = self._frame[ROW].cast(pl.Int64) - 1
        is_number = self._cells.fractions(column).gather(rows)
        power = cells.to_frame("text").select(_power(pl.col("text"))).to_series()
        chosen = is_number & power.is_not_null()
        return power.zip_with(chosen, cells).alias(cells.name)


def _power(text: pl.Expr) -> pl.Expr:
    """Write a number with decimals as a whole one and a power of ten; null: it is none."""
    minus, whole, decimals = (text.str.extract(_PARTS, part) for part in (1, 2, 3))
    digits = pl.concat_str(whole, decimals).str.strip_chars_start("0")
    places = decimals.str.len_bytes().cast(pl.String)
    return pl.concat_str(minus, digits, pl.lit("e-"), places)


def as_number(text: str) -> float | None:
    """Return the number that a cell may hold for a text; None where it would be another.

    A workbook's writer gives numbers 16 digits.
    """
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if Decimal(f"{value:.16G}") == Decimal(text) else None


def _has_comma(cells: pl.Series) -> bool:
    """Tell whether a text has a comma before decimals, or points before thousands."""
    texts = bare(cells.filter(cells.str.contains(_COMMA)))
    return bool(fits(texts, Mark.COMMA).any())
