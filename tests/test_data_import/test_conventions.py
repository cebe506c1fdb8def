"""A report's rows are read as they would have been in the file that they come from."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ErrorCode
from features.data_import.exceptions import ImportFileError
from features.data_import.utils.conventions import Conventions, found, noted
from features.data_import.utils.engine import make_report, preview, run_import
from features.data_import.utils.error_log import ErrorLog
from features.data_import.utils.messages import Checked, Opened, Order
from features.data_import.utils.reading.workbooks.cell_numbers import NumberCells
from features.data_import.utils.types import (
    ColumnType,
    DateOrder,
    ReadOptions,
    RowError,
)
from features.data_import.utils.values.reading import Mark
from tests.test_data_import.decoding import decode_copy

type Rows = list[tuple[Any, ...]]


def imported(path: Path, order: Order) -> tuple[Rows, list[RowError]]:
    rows: Rows = []
    errors: list[RowError] = []
    opened: Opened | None = None
    for message in run_import(path, order):
        if isinstance(message, Opened):
            opened, rows, errors = message, [], []
        elif isinstance(message, Checked):
            assert opened is not None
            types = [ColumnType.INTEGER, *(one.type for one in opened.columns)]
            rows += [row[1:] for row in decode_copy(bytes(message.copy), types)]
            errors += message.errors
    return rows, errors


def report(folder: Path, path: Path, order: Order, errors: Sequence[RowError]) -> Path:
    log = ErrorLog(folder / "errors")
    log.clear()
    log.add(errors)
    [made] = make_report(path, order, log.path, folder / "report")
    return Path(made.path)


def mended(path: Path, **values: str) -> None:
    """Give all rows of a report these values."""
    text = path.read_text("utf-8-sig")
    head, *rows = csv.reader(io.StringIO(text), delimiter=";")
    for row in rows:
        for heading, value in values.items():
            row[head.index(heading)] = value
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows([head, *rows])


def test_a_decimal_mark_goes_with_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "order_number;quantity;amount;unit_price\n"
        "N1;1;1,50;1.234\nN2;x;1.234;2.345\nN3;2;2,75;3,5\n"
    )
    order = Order("orders.csv", target="orders")
    rows, errors = imported(path, order)
    assert [row[0] for row in rows] == ["N1", "N3"]
    again = report(tmp_path, path, order, errors)
    mended(again, quantity="7")
    rows, errors = imported(again, order)
    assert (rows, errors) == ([("N2", 7, Decimal(1234), Decimal(2345))], [])


def test_dates_zone_and_empty_values_go_with_them(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "order_number;quantity;shop;paid_at\n"
        "N1;1;none;25/04/2025 10:00\nN2;x;none;03/04/2025 08:00\n"
    )
    read = ReadOptions(time_zone="Asia/Shanghai", null_values=("none",))
    first = Order("orders.csv", read=read, target="orders")
    _, errors = imported(path, first)
    again = report(tmp_path, path, first, errors)
    mended(again, quantity="7")
    rows, errors = imported(again, Order("report.csv", target="orders"))
    assert errors == []
    assert rows == [("N2", 7, None, datetime(2025, 4, 3))]
    utc = ReadOptions(time_zone="Europe/Berlin", date_order=DateOrder.MDY)
    rows, _ = imported(again, Order("report.csv", read=utc, target="orders"))
    assert rows == [("N2", 7, None, datetime(2025, 3, 4, 7))]


def test_a_workbooks_numbers_are_no_thousands_after_all(tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["order_number", "quantity", "amount"])
        sheet.write_row(1, 0, ["P1", "x", 1.234])
        sheet.write_row(2, 0, ["P2", 1, "abc"])
    order = Order("orders.xlsx", target="orders")
    _, errors = imported(path, order)
    again = report(tmp_path, path, order, errors)
    note = noted(found(reasons(again)))
    assert '"amount":"."' in note
    with xlsxwriter.Workbook(str(tmp_path / "mended.xlsx")) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["order_number", "quantity", "amount", "OneManage row"])
        sheet.write_string(0, 4, "OneManage errors")
        sheet.write_row(1, 0, ["P1", "3", "1.234", "2", f"quantity: no.{note}"])
        sheet.write_row(2, 0, ["P2", "1", "2,50", "3", f"amount: no.{note}"])
    rows, errors = imported(tmp_path / "mended.xlsx", order)
    assert rows == [("P1", 3, Decimal("1.234"))]
    assert [(one.row, one.column) for one in errors] == [(3, "amount")]


def reasons(path: Path) -> list[str]:
    renamed = path.rename(path.with_suffix(".xlsx"))
    sheet = openpyxl.load_workbook(renamed).active
    assert sheet is not None
    return [str(row[-1]) for row in sheet.iter_rows(min_row=2, values_only=True)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[read as {}]x",
        "[read as {nothing}]",
        '[read as {"a":' + '{"a":' * 3000 + "1" + "}" * 3001 + "]",
        '[read as {"dates":7}]',
        '[read as {"time_zone":"Mars/Base"}]',
        '[read as {"time_zone":"../../etc/passwd"}]',
    ],
)
def test_what_somebody_has_edited_says_nothing(text: str) -> None:
    assert found([text]) == Conventions()


def test_a_note_is_found_again() -> None:
    told = Conventions({"a]}": Mark.COMMA}, {"b": DateOrder.MDY}, "Asia/Tokyo", ("-",))
    assert found(["else", f"a: no.{noted(told)}"]) == told
    assert noted(Conventions()) == ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("conventions")


_DIGITS = st.integers(0, 9_999_999)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(_DIGITS, st.integers(0, 4), st.booleans()), min_size=1),
    st.sampled_from(",."),
)
def test_a_mended_row_is_stored_as_it_would_have_been(
    folder: Path, numbers: list[tuple[int, int, bool]], mark: str
) -> None:
    def written(number: int, places: int) -> str:
        digits = str(number).rjust(places + 1, "0")
        whole = digits[: len(digits) - places]
        return f"{whole}{mark}{digits[-places:]}" if places else whole

    path = folder / "orders.csv"
    lines = [
        f"N{at};{'x' if is_bad else 5};{written(number, places)}"
        for at, (number, places, is_bad) in enumerate(numbers)
    ]
    path.write_text("order_number;quantity;amount\n" + "\n".join(lines) + "\n")
    order = Order("orders.csv", target="orders")
    _, errors = imported(path, order)
    path_good = folder / "good.csv"
    path_good.write_text(path.read_text().replace(";x;", ";5;"))
    expected = {row[0]: row for row in imported(path_good, order)[0]}
    bad = [error for error in errors if error.column == "quantity"]
    if not bad:
        return
    again = report(folder, path, order, errors)
    mended(again, quantity="5")
    rows, _ = imported(again, order)
    assert [expected[row[0]] for row in rows] == rows


_CENTS = st.integers(-(10**7), 10**7)


@settings(max_examples=40, deadline=None)
@given(
    numbers=st.lists(st.tuples(_CENTS, st.integers(0, 4)), min_size=1, max_size=5),
    texts=st.lists(_CENTS, max_size=5),
    is_rejected=st.randoms(use_true_random=False),
)
def test_numbers_of_a_workbook_stay_what_they_are(
    tmp_path_factory: pytest.TempPathFactory,
    numbers: list[tuple[int, int]],
    texts: list[int],
    is_rejected: Any,
) -> None:
    """Whatever stands beside them, in the file and in the report that is left of it."""
    folder = tmp_path_factory.mktemp("numbers")
    path = folder / "orders.xlsx"
    values = [Decimal(n).scaleb(-places) for n, places in numbers]
    values += [Decimal(cents) / 100 for cents in texts]
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["order_number", "amount", "unit_price"])
        for at, value in enumerate(values, 1):
            sheet.write(at, 0, "" if is_rejected.random() < 0.5 else f"N{at}")
            if at <= len(numbers):
                sheet.write_number(at, 1, float(value))
            else:
                sheet.write_string(at, 1, f"{value:.2f}".replace(".", ","))
            sheet.write_number(at, 2, float(abs(value)))
    order = Order("orders.xlsx", target="orders")
    rows, errors = imported(path, order)
    if errors:
        again = workbook_of(report(folder, path, order, errors))
        fill(again, lambda row: f"N{row - 1}")
        more, left = imported(again, order)
        assert left == []
        rows += more
    assert {name: told for name, *told in rows} == {
        f"N{at}": [value, abs(value)] for at, value in enumerate(values, 1)
    }


def workbook_with(folder: Path, *rows: Sequence[str | float]) -> Path:
    path = folder / "orders.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
    return path


def workbook_of(made: Path) -> Path:
    return made.rename(made.with_suffix(".xlsx"))


def fill(path: Path, name: Callable[[int], str]) -> None:
    """Write an order number into each row of a report, by the row that it was."""
    book = openpyxl.load_workbook(path)
    (sheet,) = book.worksheets
    for cells in sheet.iter_rows(min_row=2):
        cells[0].value = name(int(str(cells[-2].value)))
    book.save(path)


def test_a_reports_numbers_are_numbers_and_its_ids_texts(tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["order_number", "sku", "product", "amount", "quantity"])
        sheet.write_row(1, 0, ["", "007", "", 1.005, 3])
        sheet.write_string(1, 2, "=1+1")
        sheet.write_row(2, 0, ["", 12.5, "x", -7, "03"])
        sheet.write_row(3, 0, ["N3", "1,5", "x", "12,50", 1])
        sheet.write_row(4, 0, ["", "8", "x", "many", ""])
    order = Order("orders.xlsx", target="orders")
    _, errors = imported(path, order)
    again = workbook_of(report(tmp_path, path, order, errors))
    sheet = openpyxl.load_workbook(again).worksheets[0]
    assert [[cell.value for cell in row[1:5]] for row in sheet.iter_rows(2)] == [
        ["007", "=1+1", 1.005, 3],
        ["12.5", "x", -7, "03"],
        ["8", "x", "many", None],
    ]
    assert sheet["C2"].data_type == "s"
    fill(again, lambda row: f"N{row}")
    rows, errors = imported(again, order)
    assert rows == [
        ("N2", "007", "=1+1", Decimal("1.005"), 3),
        ("N3", "12.5", "x", Decimal(-7), 3),
    ]
    assert [(one.row, one.value) for one in errors] == [(4, "many")]


@pytest.mark.parametrize("target", [None, "orders"])
def test_a_number_among_texts_is_stored_as_it_is_shown(
    tmp_path: Path, target: str | None
) -> None:
    path = workbook_with(
        tmp_path,
        ["order_number", "product"],
        ["N1", 1.005],
        ["N2", "1,5 €"],
        ["N3", "2,5 $"],
    )
    rows, errors = imported(path, Order("orders.xlsx", target=target))
    assert (rows, errors) == (
        [("N1", "1.005"), ("N2", "1,5 €"), ("N3", "2,5 $")],
        [],
    )


@pytest.mark.parametrize("number", [1.005, 1.00005])
def test_an_error_shows_a_number_as_it_is(tmp_path: Path, number: float) -> None:
    path = workbook_with(
        tmp_path, ["order_number", "quantity"], ["N1", number], ["N2", "1,0"]
    )
    _, errors = imported(path, Order("orders.xlsx", target="orders"))
    assert [(one.row, one.value, one.code.value, one.message) for one in errors] == [
        (
            *(2, str(number), "NOT_A_NUMBER"),
            "This is no whole number. Write it without decimals.",
        )
    ]


@pytest.mark.parametrize("target", [None, "orders"])
def test_points_before_thousands_say_nothing_of_a_number(
    tmp_path: Path, target: str | None
) -> None:
    path = workbook_with(
        tmp_path,
        ["order_number", "amount", "unit_price"],
        ["N1", 1.005, 2.005],
        ["N2", "1.234.567", 1.5],
    )
    rows, errors = imported(path, Order("orders.xlsx", target=target))
    assert (rows, errors) == (
        [
            ("N1", Decimal("1.005"), Decimal("2.005")),
            ("N2", Decimal(1234567), Decimal("1.5")),
        ],
        [],
    )


def test_a_preview_tells_the_types_that_the_import_has(tmp_path: Path) -> None:
    path = workbook_with(
        tmp_path, ["id", "amount"], ["a", 1.005], ["b", "12,50"], ["c", 2.5]
    )
    order = Order("orders.xlsx")
    [seen] = preview(path, order)
    opened = next(one for one in run_import(path, order) if isinstance(one, Opened))
    told = [column.type for column in seen.columns]
    assert told == [column.type for column in opened.columns]
    assert told == [ColumnType.TEXT, ColumnType.DECIMAL]
    assert [row[1] for row in seen.rows] == ["1.005", "12,50", "2.5"]


def test_a_column_is_looked_at_once_for_all_rows_of_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[list[str | float]] = [["", 1, 2.5] for _ in range(50)]
    path = workbook_with(tmp_path, ["order_number", "quantity", "amount"], *rows)
    order = Order("orders.xlsx", target="orders")
    _, errors = imported(path, order)
    asked: list[int] = []
    fractions = NumberCells.fractions

    def noted(self: NumberCells, column: int) -> pl.Series:
        asked.append(column)
        return fractions(self, column)

    monkeypatch.setattr(NumberCells, "fractions", noted)
    report(tmp_path, path, order, errors)
    assert (len(errors), asked) == (50, [1, 2])


def test_rows_of_several_files_are_not_read_by_the_conventions_of_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "both.csv"
    notes = [noted(Conventions({"amount": mark})) for mark in (Mark.COMMA, Mark.POINT)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["order_number", "amount", "OneManage row", "OneManage errors"])
        for at, note in enumerate(notes):
            writer.writerow([f"N{at}", "2.000", "2", f"order_number: no.{note}"])
    with pytest.raises(ImportFileError) as refused:
        imported(path, Order("both.csv", target="orders"))
    assert refused.value.code is ErrorCode.INVALID
    assert "Import the rows of each file alone." in refused.value.message


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_report_without_any_other_column_is_refused(
    tmp_path: Path, suffix: str
) -> None:
    rows = ["OneManage row", "OneManage errors"], ["2", "x"]
    path = workbook_with(tmp_path, *rows)
    if suffix == "csv":
        path = tmp_path / "orders.csv"
        path.write_text("\n".join(map(",".join, rows)))
    for target in (None, "orders"):
        with pytest.raises(ImportFileError) as refused:
            imported(path, Order(path.name, target=target))
        assert refused.value.message == (
            "There is nothing in this file beside a report's own columns. Upload one "
            "with headings and at least one row below them."
        )
