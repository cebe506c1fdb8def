"""Rows of a report that had too many fields or too few, and still have."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from features.data_import.utils.reading.heading_names import column_letters
from features.data_import.utils.reading.records import record_of
from features.data_import.utils.reading.report_columns import (
    errors_column,
    undefused_text,
)
from features.data_import.utils.reading.texts.irregular import fault_of
from features.data_import.utils.reading.texts.shape import Shape
from features.data_import.utils.types import ROW, RowError, column_name

_TOLD: Final = r"The row has (\d+) fields?, where the table has (\d+)\."


def unmended(
    frame: pl.DataFrame, shape: Shape, own: Sequence[int]
) -> tuple[pl.DataFrame, list[RowError]]:
    """Take out of a report's rows those that a spreadsheet program has made even.

    It fills short records up, and gives long ones columns without a heading: neither
    says what is in which column. A row whose missing fields are to be empty has nothing
    in the column of its errors any more.
    """
    width = _named(shape) - len(own)
    columns = [column_name(i + 1) for i in range(shape.width) if i not in own]
    filled = pl.max_horizontal(
        pl.when(pl.col(name).is_not_null()).then(i).otherwise(0)
        for i, name in enumerate(columns, 1)
    )
    reasons = pl.col(column_name(errors_column(shape.headings) + 1))
    count = reasons.str.extract(_TOLD, 1).cast(pl.Int64, strict=False)
    most = reasons.str.extract(_TOLD, 2).cast(pl.Int64, strict=False)
    is_short = (count < most) & (filled <= count)
    is_bad = (is_short.fill_null(False)) | (filled > width)
    faults = [
        _fault(row, cells, width, shape.delimiter)
        for row, *cells in frame.filter(is_bad).select(ROW, *columns).iter_rows()
    ]
    return frame.filter(~is_bad), faults


def _fault(
    row: int, cells: Sequence[str | None], width: int, delimiter: str
) -> RowError:
    kept = [undefused_text(cell or "") for cell in cells]
    while kept and not kept[-1]:
        kept.pop()
    return fault_of(row, record_of(kept, delimiter), len(kept), width, delimiter)


def _named(shape: Shape) -> int:
    """Return how many columns there are up to the last one with a heading."""
    named = [
        i
        for i, heading in enumerate(shape.headings, 1)
        if heading != f"Column {column_letters(i)}"
    ]
    return max(named, default=0)
