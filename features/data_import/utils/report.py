"""The rejected rows of a file, as they were, and why: to be mended and imported again."""

import codecs
import csv
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import xlsxwriter

from features.data_import.utils.reading import Table
from features.data_import.utils.reading.report_columns import defused, kept_apart
from features.data_import.utils.reading.texts.encodings import find_encoding
from features.data_import.utils.reading.texts.sources import FileSource
from features.data_import.utils.reading.workbooks.cell_numbers import SheetNumbers
from features.data_import.utils.types import (
    REPORT_ERRORS,
    REPORT_ROW,
    ROW,
    Batch,
    ErrorKind,
    RowError,
)

type Cells = list[str]
# Begins anew each time: the rejected rows in order, and why.
type Reasons = Callable[[], Iterator[tuple[int, Sequence[RowError]]]]

_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MOST_CHARACTERS: Final = 32_767
_PART: Final = 1024 * 1024
# With a BOM a spreadsheet program knows the encoding, too.
_MARKED: Final = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}


class Record(NamedTuple):
    """A row of a report, and the file's row that it was; 0: the headings."""

    row: int
    cells: Cells


class Report(NamedTuple):
    """A report's file; `suffix` is how its name should end."""

    path: Path
    suffix: str
    content_type: str


def write_report(
    table: Table,
    reasons: Reasons,
    path: Path,
    note: str = "",
    numeric: Collection[int] = (),
) -> Report:
    """Write the rows of `table` that have `reasons`, and the reasons behind them.

    Each ends with `note`. Texts keep their delimiter and encoding, workbooks become
    xlsx; numbers stay so in the columns at the positions `numeric`, from 1. Raises
    ImportFileError where the file cannot be read again.
    """
    records = _records(table, reasons, note)
    delimiter, encoding = table.layout.delimiter, table.layout.encoding
    if delimiter is None or encoding is None:
        _write_workbook(records, path, table.numbers, numeric)
        return Report(path, ".xlsx", _XLSX)
    _write_text(records, path, delimiter, encoding)
    if encoding not in _MARKED and _is_mistaken(path, encoding):
        # Too little is left of the text to tell its encoding by.
        _write_text(_records(table, reasons, note), path, delimiter, "utf-8")
    if delimiter == "\t":
        return Report(path, ".tsv", "text/tab-separated-values")
    return Report(path, ".csv", "text/csv")


def _records(table: Table, reasons: Reasons, note: str) -> Iterator[Record]:
    """Give the headings, and each rejected row with its number and its reasons."""
    yield Record(0, [*table.layout.headings, REPORT_ROW, REPORT_ERRORS])
    width = len(table.layout.headings)
    delimiter = table.layout.delimiter or ","
    rest = reasons()
    ahead = next(rest, None)
    for batch in table.batches():
        here = {}
        last = _last_row(batch)
        while ahead is not None and ahead[0] <= last:
            here[ahead[0]] = ahead[1]
            ahead = next(rest, None)
        for row, cells in sorted(_rejected(batch, here, delimiter).items()):
            told = [str(row), _joined(here[row]) + note]
            missing = [""] * (width - len(cells))
            # What is below no heading stays so, and is told again unless it is mended.
            yield Record(row, [*cells[:width], *missing, *told, *cells[width:]])


def _last_row(batch: Batch) -> int:
    rows = [fault.row for fault in batch.faults[-1:]]
    if batch.frame.height:
        rows.append(batch.frame[ROW][-1])
    return max(rows, default=0)


def _rejected(
    batch: Batch, reasons: Mapping[int, Sequence[RowError]], delimiter: str
) -> dict[int, Cells]:
    """Return the rejected rows of a batch, those that are not in its frame as well."""
    wanted = batch.frame[ROW].is_in(list(reasons))
    rows = {
        row: [cell or "" for cell in cells]
        for row, *cells in batch.frame.filter(wanted).iter_rows()
    }
    for fault in batch.faults:
        if fault.row not in reasons:
            continue
        if fault.position and fault.row in rows:
            rows[fault.row][fault.position - 1] = fault.value or ""
        elif not fault.position and fault.row not in rows:
            rows[fault.row] = _split(fault, delimiter)
    return rows


def _split(fault: RowError, delimiter: str) -> Cells:
    """Split a row that is told as a whole: a record of the text, or totals."""
    is_total = fault.code is ErrorKind.NOT_ALLOWED
    record = [fault.value or ""]
    try:
        fields = list(csv.reader(record, delimiter="," if is_total else delimiter))
    except csv.Error:
        return record
    return fields[0] if len(fields) == 1 else record


def _joined(errors: Sequence[RowError]) -> str:
    told = [f"{e.column}: {e.message}" if e.column else e.message for e in errors]
    return "; ".join(dict.fromkeys(told))


def _write_text(
    records: Iterator[Record], path: Path, delimiter: str, encoding: str
) -> None:
    with path.open("wb") as begun:
        begun.write(_MARKED.get(encoding, b""))
    with path.open("a", encoding=encoding, errors="replace", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\r\n")
        for _, cells in records:
            writer.writerow(map(defused, cells))


def _is_mistaken(path: Path, encoding: str) -> bool:
    """Tell whether a text would be read in another encoding than it is written in."""
    found = find_encoding(FileSource(path), None).name
    if found == encoding:
        return False
    with path.open("rb") as file:
        return not all(part.isascii() for part in iter(lambda: file.read(_PART), b""))


def _write_workbook(
    records: Iterator[Record],
    path: Path,
    numbers: SheetNumbers | None,
    numeric: Collection[int],
) -> None:
    options = {"constant_memory": True, "tmpdir": str(path.parent)}
    with xlsxwriter.Workbook(str(path), options) as workbook:
        sheet = workbook.add_worksheet()
        for at, (row, cells) in enumerate(records):
            for position, text in enumerate(cells, 1):
                cell: str | float = text
                if numbers and row and position in numeric:
                    cell = numbers.cell(row, position, text)
                _write_cell(sheet, at, position - 1, cell)


def _write_cell(sheet: Any, row: int, column: int, cell: str | float) -> None:
    if isinstance(cell, float):
        sheet.write_number(row, column, cell)
    elif cell:
        text = kept_apart(cell)[:_MOST_CHARACTERS]
        sheet.write_string(row, column, text)
