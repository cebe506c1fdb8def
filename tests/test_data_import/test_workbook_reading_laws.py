"""Laws of reading workbooks: what was written is read, as another reader reads it."""

import datetime as dt
import warnings
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from features.data_import.utils.types import ErrorKind, ReadOptions
from tests.test_data_import.reading import read

CORPUS = Path(__file__).parents[3] / "shared/corpus/data"
type Value = str | int | float | bool | dt.datetime | None

_TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
    max_size=20,
)
_VALUES: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.booleans(),
    _TEXTS,
    st.integers(-(2**53), 2**53),
    st.floats(-1e20, 1e20, allow_subnormal=False).map(lambda x: float(f"{x:.16G}")),
    st.datetimes(dt.datetime(1901, 1, 1), dt.datetime(2200, 1, 1)).map(
        lambda moment: moment.replace(microsecond=0)
    ),
)


def text_of(value: object) -> str | None:
    """Write a cell's value as the import reads it."""
    match value:
        case None | "":
            return None
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            if abs(value) >= 1e16 or Decimal(repr(value)).adjusted() <= -38:
                return "0" if value == 0 else repr(value)
            text = f"{Decimal(repr(value)):f}"
            text = text.rstrip("0").rstrip(".") if "." in text else text
            return "0" if text == "-0" else text
        case dt.datetime():
            return value.isoformat(" ")
        case _:
            return str(value)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("laws")


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.lists(_VALUES, min_size=3, max_size=3), min_size=1, max_size=8))
def test_what_was_written_is_read(folder: Path, rows: list[list[Value]]) -> None:
    path = folder / "law.xlsx"
    with xlsxwriter.Workbook(str(path), {"remove_timezone": True}) as book:
        sheet = book.add_worksheet()
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.write_row(0, 0, ["a", "b", "c"])
        for row, cells in enumerate(rows, 1):
            for column, value in enumerate(cells):
                if isinstance(value, dt.datetime):
                    sheet.write_datetime(row, column, value, moment)
                elif isinstance(value, str):
                    sheet.write_string(row, column, value)
                elif value is not None:
                    sheet.write(row, column, value)
    expected = {
        number: tuple(map(text_of, cells))
        for number, cells in enumerate(rows, 2)
        if any(text_of(cell) is not None for cell in cells)
    }
    contents = read(path, ReadOptions(header_row=1))
    assert [fault.code for fault in contents.faults] in ([], [ErrorKind.NOT_ALLOWED])
    totals = {fault.row for fault in contents.faults}
    assert {int(str(row)): cells for row, *cells in contents.rows} == {
        row: list(cells) for row, cells in expected.items() if row not in totals
    }


def _sheets() -> list[tuple[str, str, int]]:
    """Return each table of the corpus: file, sheet, and the row of its header."""
    return [
        ("financial_sample.xlsx", "Sheet1", 1),
        ("janitor_dirty_data.xlsx", "Sheet1", 2),
        *(
            ("meal_order_detail_3sheets.xlsx", f"meal_order_detail{n}", 1)
            for n in (1, 2, 3)
        ),
        ("sales_dashboard_formulas.xlsx", "Analyst", 3),
        ("sales_dashboard_formulas.xlsx", "Input Data", 1),
        ("sales_dashboard_formulas.xlsx", "Master Data", 1),
        ("uci_online_retail_40k.xlsx", "Sheet1", 1),
    ]


@pytest.mark.parametrize(("name", "sheet", "header"), _sheets())
def test_the_corpus_is_read_as_openpyxl_reads_it(
    name: str, sheet: str, header: int
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(CORPUS / name, data_only=True, read_only=True)
        rows = list(book[sheet].iter_rows(values_only=True))
    book.close()
    contents = read(CORPUS / name, ReadOptions(sheet=sheet))
    assert contents.layout.header_row == header
    errors = {
        (number, column): str(cell)
        for number, row in enumerate(rows[header:], header + 1)
        for column, cell in enumerate(row, 1)
        if isinstance(cell, str) and cell.startswith("#") and cell[-1] in "!?A"
    }
    kept = _columns(rows[header - 1 :])
    expected = [
        (
            number,
            *(None if (number, c + 1) in errors else text_of(row[c]) for c in kept),
        )
        for number, row in enumerate(rows[header:], header + 1)
        if any(text_of(cell) is not None for cell in row)
    ]
    assert contents.rows == expected
    assert {f.row: f.value for f in contents.faults} == {
        row: value for (row, _), value in errors.items()
    }
    assert len(contents.faults) == len(errors)


def _columns(rows: Sequence[Sequence[object]]) -> list[int]:
    return [
        column
        for column in range(len(rows[0]))
        if any(text_of(row[column]) is not None for row in rows)
    ]


def test_the_old_format_is_read_as_its_twin() -> None:
    """superstore.xls against superstore_bom.csv, whose dates are written d/m/y."""
    old = read(CORPUS / "superstore.xls")
    twin = read(CORPUS / "superstore_bom.csv")
    assert old.layout.sheets == ("Orders", "People", "Returns")
    assert old.layout.headings == twin.layout.headings
    assert len(old.rows) == len(twin.rows) == 10_194
    names = old.layout.headings
    for column in ("Order ID", "Customer Name", "Postal Code", "Quantity"):
        at = names.index(column) + 1
        assert [row[at] for row in old.rows] == [row[at] for row in twin.rows], column
    sales = names.index("Sales") + 1
    assert sum(round(Decimal(str(r[sales])), 4) for r in old.rows) == sum(
        round(Decimal(str(row[sales])), 4) for row in twin.rows
    )
