"""What people are told of rejected rows."""

from collections.abc import Sequence
from typing import Final

from features.data_import.utils.declaring import Target
from features.data_import.utils.messages import ImportedColumn
from features.data_import.utils.types import ErrorKind, RowError

QUOTED: Final = 2


def duplicate_error(
    target: Target,
    columns: Sequence[ImportedColumn],
    row: int,
    key: Sequence[tuple[str, str]],
    first_row: int | None,
) -> RowError:
    """Return what is wrong with a row; `first_row` has its key, or None: the table."""
    given = [(name, value) for name, value in key if value]
    by_name = {column.name: column for column in columns}
    known = next((by_name[name] for name, _ in given if name in by_name), None)
    shown = ", ".join(f"{_title(target, name)} {value}" for name, value in given)
    if first_row is None:
        message = (
            f"{target.title} has a row with this key already ({shown}). Leave this row "
            "out, or import with mode UPSERT to update that one."
        )
    else:
        message = (
            f"Row {first_row} of this file has the same key ({shown}). Keep one of the "
            "two, or make their keys differ."
        )
    return RowError(
        row,
        known.position if known is not None else 0,
        known.heading if known is not None else None,
        dict(key)[known.name] if known is not None else None,
        ErrorKind.DUPLICATE_KEY,
        message,
    )


def _title(target: Target, name: str) -> str:
    column = target.column(name)
    return column.title if column is not None else name


def abort_message(read: int, rejected: int, first: Sequence[RowError]) -> str:
    """Say how many rows are bad, and quote the first of what is wrong with them."""
    quoted = [_quoted(error) for error in first[:QUOTED]]
    rows = "1 row is" if rejected == 1 else f"{rejected} rows are"
    return (
        f"{rows} bad of {read}, so nothing was stored. {' '.join(quoted)} All are listed "
        "in the import's errors and its report."
    )


def _quoted(error: RowError) -> str:
    where = f"Row {error.row}"
    if error.column:
        where += f", {error.column[:40]}"
    text = error.message if len(error.message) <= 120 else error.message[:119] + "…"
    return f"{where}: {text}"
