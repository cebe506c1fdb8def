"""Records with too many fields or too few: what can be kept of them, and what is told."""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from features.data_import.utils.reading.marks import shown
from features.data_import.utils.reading.records import fields, is_blank, record_of
from features.data_import.utils.reading.report_columns import undefused_text
from features.data_import.utils.reading.texts.blocks import Irregular
from features.data_import.utils.reading.texts.shape import Shape
from features.data_import.utils.types import ROW, ErrorKind, RowError, column_name


class Sorted(NamedTuple):
    """Irregular records that can be kept, as rows of a frame, and the faults."""

    kept: list[tuple[int, list[str | None]]]
    faults: list[RowError]


def sort_irregular(
    records: Sequence[Irregular], shape: Shape, own: Sequence[int] = ()
) -> Sorted:
    """Keep records whose surplus fields are all empty, and tell of the others.

    Those with nothing in them at all are left out, as empty lines are. `own` are the
    columns of a report that are not the file's: they are not told.
    """
    kept: list[tuple[int, list[str | None]]] = []
    faults = []
    for record in records:
        cells = fields(record.text, shape.delimiter)
        if is_blank(cells):
            continue
        if len(cells) > shape.width and not any(cells[shape.width :]):
            kept.append((record.number, [c or None for c in cells[: shape.width]]))
        else:
            faults.append(
                fault_of(
                    record.number,
                    record.text if not own else _without(cells, own, shape),
                    record.width - len(own),
                    shape.width - len(own),
                    shape.delimiter,
                )
            )
    return Sorted(kept, faults)


def with_kept(
    frame: pl.DataFrame, sorted_records: Sorted, shape: Shape
) -> pl.DataFrame:
    """Put the kept records where they belong in `frame`."""
    if not sorted_records.kept:
        return frame
    schema = {ROW: pl.UInt32} | {
        column_name(i): pl.String for i in range(1, shape.width + 1)
    }
    rows = [[number, *cells] for number, cells in sorted_records.kept]
    added = pl.DataFrame(rows, schema=schema, orient="row")
    return pl.concat([frame, added]).sort(ROW) if frame.width > 1 else added


def fault_of(row: int, text: str, count: int, width: int, delimiter: str) -> RowError:
    """Tell that a record has `count` fields, where the table has `width`."""
    name = {"\t": "tab", ",": "comma", ";": "semicolon"}.get(delimiter, "")
    what = name or f"{delimiter!r}"
    if count > width:
        code = ErrorKind.TOO_MANY_FIELDS
        advice = f"Put quotes around a text that has a {what} in it."
    else:
        code = ErrorKind.TOO_FEW_FIELDS
        advice = f"Add a {what} for each field that is missing, empty ones too."
    message = f"The row has {_fields(count)}, where the table has {width}. {advice}"
    return RowError(row, 0, None, shown(text), code, message)


def _without(cells: Sequence[str], own: Sequence[int], shape: Shape) -> str:
    """Write a report's record as it was in the file."""
    kept = [undefused_text(cell) for i, cell in enumerate(cells) if i not in own]
    return record_of(kept, shape.delimiter)


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count} fields"
