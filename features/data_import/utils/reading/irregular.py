"""Records with too many fields or too few: what can be kept of them, and what is told."""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from features.data_import.utils.reading.blocks import Irregular
from features.data_import.utils.reading.marks import shown
from features.data_import.utils.reading.records import fields, is_blank
from features.data_import.utils.reading.shape import Shape
from features.data_import.utils.types import ROW, ErrorKind, RowError, column_name


class Sorted(NamedTuple):
    """Irregular records that can be kept, as rows of a frame, and the faults."""

    kept: list[tuple[int, list[str | None]]]
    faults: list[RowError]


def sort_irregular(records: Sequence[Irregular], shape: Shape) -> Sorted:
    """Keep records whose surplus fields are all empty, and tell of the others.

    Those with nothing in them at all are left out, as empty lines are.
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
            faults.append(_fault(record, shape))
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


def _fault(record: Irregular, shape: Shape) -> RowError:
    name = {"\t": "tab", ",": "comma", ";": "semicolon"}.get(shape.delimiter, "")
    what = name or f"{shape.delimiter!r}"
    if record.width > shape.width:
        code = ErrorKind.TOO_MANY_FIELDS
        advice = f"Put quotes around a text that has a {what} in it."
    else:
        code = ErrorKind.TOO_FEW_FIELDS
        advice = f"Add a {what} for each field that is missing, empty ones too."
    message = (
        f"The row has {_fields(record.width)}, where the table has {shape.width}. "
        f"{advice}"
    )
    return RowError(record.number, 0, None, shown(record.text), code, message)


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count} fields"
