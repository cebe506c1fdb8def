"""Files of rows read by `csv` and openpyxl, to compare with what was imported."""

import csv
import hashlib
import warnings
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl

type Rows = list[list[Any]]


class Numbered(NamedTuple):
    """Rows that have content, and their numbers in the file, from 1."""

    numbers: list[int]
    rows: Rows


def text_rows(path: Path, encoding: str, delimiter: str, header: int = 1) -> Numbered:
    """Read the records below the header; an empty field is None."""
    with path.open(encoding=encoding, newline="") as file:
        found = [
            (number, [field or None for field in record])
            for number, record in enumerate(csv.reader(file, delimiter=delimiter), 1)
        ]
    return _filled(found[header:])


def sheet_rows(path: Path, sheet: str, header: int = 1) -> Numbered:
    """Read the rows of a sheet below its header, of the columns with any content."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        book = openpyxl.load_workbook(path, data_only=True)
    everything = [list(row) for row in book[sheet].iter_rows(values_only=True)]
    below = everything[header - 1 :]
    kept = [at for at, cells in enumerate(zip(*below, strict=True)) if any_of(cells)]
    found = [[row[at] for at in kept] for row in everything]
    return _filled(list(enumerate(found, 1))[header:])


def any_of(cells: Sequence[Any]) -> bool:
    """Tell whether there is content in any of the cells."""
    return any(cell is not None for cell in cells)


def _filled(found: Sequence[tuple[int, list[Any]]]) -> Numbered:
    filled = [(number, row) for number, row in found if any_of(row)]
    return Numbered([number for number, _ in filled], [row for _, row in filled])


class Notation(NamedTuple):
    """How a file writes dates (by `strptime`) and the decimal mark."""

    dates: str = "%Y-%m-%d"
    moments: str = "%Y-%m-%d %H:%M:%S"
    mark: str = "."


def expected(cell: Any, kind: str, notation: Notation) -> str | None:
    """Return what a cell of the file is to be, as `shown` writes it."""
    if cell is None:
        return None
    return _BY_KIND[kind](cell, notation)


def shown(value: Any, kind: str) -> str | None:
    """Return a value of the graph's, written in one way."""
    if value is None:
        return None
    match kind:
        case "DECIMAL" | "INTEGER":
            assert isinstance(value, str if kind == "DECIMAL" else int), value
            return _number(Decimal(value))
        case "TIMESTAMP":
            return datetime.fromisoformat(value).isoformat()
        case "BOOLEAN":
            assert isinstance(value, bool)
    return str(value)


def checksum(values: Sequence[str | None]) -> str:
    """Return a digest of a column; null is told apart from every text."""
    digest = hashlib.sha256()
    for value in values:
        data = b"" if value is None else value.encode()
        digest.update(f"{-1 if value is None else len(data)}:".encode() + data)
    return digest.hexdigest()[:16]


def _number(value: Decimal) -> str:
    return f"{value.normalize():f}" if value else "0"


def _text(cell: Any, _notation: Notation) -> str:
    if isinstance(cell, float):
        return _number(Decimal(repr(cell)))
    return str(cell)


def _decimal(cell: Any, notation: Notation) -> str:
    if not isinstance(cell, str):
        return _number(Decimal(repr(cell)))
    if notation.mark == ",":
        cell = cell.replace(".", "").replace(",", ".")
    return _number(Decimal(cell))


def _date(cell: Any, notation: Notation) -> str:
    if isinstance(cell, str):
        return datetime.strptime(cell, notation.dates).date().isoformat()
    assert isinstance(cell, datetime) and cell.time() == datetime.min.time()
    return date.isoformat(cell.date())


def _moment(cell: Any, notation: Notation) -> str:
    if isinstance(cell, str):
        cell = datetime.strptime(cell, notation.moments)
    found: datetime = cell
    return found.isoformat()


def _boolean(cell: Any, _notation: Notation) -> str:
    return str({"yes": True, "no": False}[cell.lower()])


_BY_KIND: dict[str, Callable[[Any, Notation], str]] = {
    "TEXT": _text,
    "INTEGER": _decimal,
    "DECIMAL": _decimal,
    "DATE": _date,
    "TIMESTAMP": _moment,
    "BOOLEAN": _boolean,
}
