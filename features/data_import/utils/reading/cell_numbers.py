"""Cells that are numbers, beside texts that look like numbers.

As a text, 1.005 may be a thousand and five; as a number it has no marks at all. What a
column's texts tell of its decimal mark must not concern its numbers.
"""

from pathlib import Path
from typing import Final

import fastexcel
import polars as pl

from features.data_import.utils.reading.grid import Grid, opened
from features.data_import.utils.values.numbers import fits
from features.data_import.utils.values.reading import Mark
from features.data_import.utils.values.texts import bare

_PARTS: Final = r"^(-?)([0-9]+)\.([0-9]+)$"
_THREE: Final = r"^-?[0-9]+\.[0-9]{3}$"


def without_marks(grid: Grid, behind: int, path: Path, suffix: str, sheet: str) -> Grid:
    """Write numbers so that a decimal comma of texts beside them says nothing of them.

    Only columns that have both below the row `behind` are changed: 1.005 becomes 1005e-3
    where all texts are numbers, and 1.0050, which has no thousands, where others are.
    """
    mixed = [i for i, cells in enumerate(grid.frame) if _mixes(cells.slice(behind))]
    if not mixed:
        return grid
    with opened(path, suffix) as reader:
        numbers = _numbers(reader, sheet, grid, mixed)
    columns = grid.frame.get_columns()
    for i, are_numbers in zip(mixed, numbers, strict=True):
        columns[i] = _written(columns[i], are_numbers, behind)
    return grid._replace(frame=pl.DataFrame(columns))


def _mixes(cells: pl.Series) -> bool:
    if not cells.str.contains(_PARTS).any():
        return False
    commas = bare(cells.filter(cells.str.contains("[,，]")))
    return bool(fits(commas, Mark.COMMA).any())


def _numbers(
    reader: fastexcel.ExcelReader, sheet: str, grid: Grid, columns: list[int]
) -> list[pl.Series]:
    """Tell which cells of columns, from 0, are numbers.

    Read as whole numbers, 1.005 is 1 where it is a number, and nothing as a text.
    """
    loaded = reader.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="int")
    first = loaded.available_columns()[0].absolute_index + 1
    whole = pl.DataFrame(loaded.to_arrow())
    missing = grid.frame.height - whole.height
    found = (whole.to_series(i + grid.first_column - first) for i in columns)
    return [one.is_not_null().extend_constant(False, missing) for one in found]


def _written(cells: pl.Series, are_numbers: pl.Series, behind: int) -> pl.Series:
    text = pl.col("text")
    frame = pl.DataFrame({"text": cells, "number": are_numbers})
    others = bare(frame.slice(behind).filter(~pl.col("number"))["text"].drop_nulls())
    if (fits(others, Mark.POINT) | fits(others, Mark.COMMA)).all():
        minus, whole, decimals = (text.str.extract(_PARTS, part) for part in (1, 2, 3))
        digits = pl.concat_str(whole, decimals).str.strip_chars_start("0")
        places = decimals.str.len_bytes().cast(pl.String)
        new = pl.concat_str(minus, digits, pl.lit("e-"), places)
        is_new = text.str.contains(_PARTS)
    else:
        new, is_new = pl.concat_str(text, pl.lit("0")), text.str.contains(_THREE)
    chosen = pl.when(pl.col("number") & is_new).then(new).otherwise(text)
    return frame.select(chosen.alias(cells.name)).to_series()
