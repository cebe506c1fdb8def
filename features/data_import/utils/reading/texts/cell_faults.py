"""Cells that cannot be stored as they are: bytes that are no text, and endless ones."""

from collections.abc import Callable, Sequence

import polars as pl

from features.data_import.utils.reading.marks import MARK_PATTERN, NUL, shown
from features.data_import.utils.types import ROW, ErrorKind, RowError, column_name

_NUL = NUL.decode()


def take_out_faults(
    frame: pl.DataFrame,
    headings: Sequence[str],
    encoding: str,
    is_marked: bool,
    max_bytes: int,
) -> tuple[pl.DataFrame, list[RowError]]:
    """Empty the cells of `frame` that cannot be stored, and tell of each of them."""
    faults: list[RowError] = []
    for position, heading in enumerate(headings, 1):
        name = column_name(position)
        if is_marked:
            bad = pl.col(name).str.contains(MARK_PATTERN)
            told = _undecodable(position, heading, encoding)
            frame = _emptied(frame, name, bad, told, faults)
        if frame[name].estimated_size() > max_bytes:
            bad = pl.col(name).str.len_bytes() > max_bytes
            told = _too_long(position, heading, max_bytes)
            frame = _emptied(frame, name, bad, told, faults)
    return frame, faults


def _emptied(
    frame: pl.DataFrame,
    name: str,
    bad: pl.Expr,
    told: Callable[[int, str], RowError],
    faults: list[RowError],
) -> pl.DataFrame:
    found = frame.filter(bad).select(ROW, name)
    if not found.height:
        return frame
    faults += [told(row, value) for row, value in found.iter_rows()]
    return frame.with_columns(pl.when(~bad).then(pl.col(name)).alias(name))


def _undecodable(
    position: int, heading: str, encoding: str
) -> Callable[[int, str], RowError]:
    def told(row: int, value: str) -> RowError:
        if _NUL in value:
            message = "There is a NUL byte in this text. Remove it."
        else:
            message = (
                f"There are bytes in this text that are none in {encoding.upper()}. "
                "Write it anew, or name the encoding that the file is in."
            )
        return RowError(
            row, position, heading, shown(value), ErrorKind.ENCODING, message
        )

    return told


def _too_long(
    position: int, heading: str, max_bytes: int
) -> Callable[[int, str], RowError]:
    def told(row: int, value: str) -> RowError:
        message = (
            f"The text has {len(value.encode()):,} bytes, and {max_bytes:,} are allowed. "
            "Shorten it."
        )
        return RowError(
            row, position, heading, value[:500], ErrorKind.TOO_LONG, message
        )

    return told
