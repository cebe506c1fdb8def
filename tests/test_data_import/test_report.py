"""The report of rejected rows: as they were, with their reasons, and safe to open."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from features.data_import.utils.reading import open_table
from features.data_import.utils.reading.workbooks.grid import ERROR_TEXTS
from features.data_import.utils.report import Report, write_report
from features.data_import.utils.types import (
    ErrorKind,
    ReadLimits,
    ReadOptions,
    RowError,
)
from tests.test_data_import.reading import read
from tests.test_data_import.workbooks import workbook

OWN = ["OneManage row", "OneManage errors"]


def error(row: int, column: str | None = None, message: str = "Mend it.") -> RowError:
    return RowError(row, 1, column, None, ErrorKind.NOT_A_NUMBER, message)


def report_of(path: Path, *errors: RowError) -> Report:
    table = open_table(path, path.name, ReadOptions(), ReadLimits())
    reasons: dict[int, list[RowError]] = {}
    for one in errors:
        reasons.setdefault(one.row, []).append(one)
    told = sorted(reasons.items())
    return write_report(
        table, lambda: iter(told), path.with_name(f"report-{path.name}")
    )


def rows_of(
    report: Report, delimiter: str = ",", encoding: str = "utf-8-sig"
) -> list[list[str]]:
    text = report.path.read_bytes().decode(encoding)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def test_rows_are_as_they_were_with_all_reasons(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text('id,quantity , amount\n1,2,x\n\n2,,"a,\n b "\n3,4,5\n4,5,6\n')
    report = report_of(
        path,
        error(4, "quantity", "It is empty."),
        error(4, "amount", "It is no number."),
        error(2, None, "It is there already."),
    )
    assert (report.suffix, report.content_type) == (".csv", "text/csv")
    assert rows_of(report) == [
        ["id", "quantity ", " amount", *OWN],
        ["1", "2", "x", "2", "It is there already."],
        ["2", "", "a,\n b ", "4", "quantity: It is empty.; amount: It is no number."],
    ]


def test_delimiter_and_encoding_are_kept(tmp_path: Path) -> None:
    text = "订单编号\t品名\n" + "".join(f"{n}\t复古灯笼，白色\n" for n in range(30))
    path = tmp_path / "orders.tsv"
    path.write_bytes(text.encode("gb18030"))
    report = report_of(path, error(3))
    assert (report.suffix, report.content_type) == (
        ".tsv",
        "text/tab-separated-values",
    )
    assert rows_of(report, "\t", "gb18030") == [
        ["订单编号", "品名", *OWN],
        ["1", "复古灯笼，白色", "3", "Mend it."],
    ]


def test_an_encoding_that_would_not_be_told_again_becomes_utf_8(tmp_path: Path) -> None:
    text = "name;n\n" + "".join(f"Café à la crème {n};{n}\n" for n in range(30))
    path = tmp_path / "cafe.csv"
    path.write_bytes((text + "ÀÁ;1\n").encode("cp1252"))
    assert read(path).layout.encoding == "cp1252"
    report = report_of(path, error(32))
    assert read(report.path).rows == [(2, "ÀÁ", "1")]


def test_rows_that_could_not_be_read_are_in_it(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text('id,name,n\n1,"Smith, J",1\n2,Smith, John,2\n3\n4,x,4\n')
    contents = read(path)
    assert contents.told == [
        (3, 0, ErrorKind.TOO_MANY_FIELDS),
        (4, 0, ErrorKind.TOO_FEW_FIELDS),
    ]
    report = report_of(path, *contents.faults, error(2))
    assert rows_of(report) == [
        ["id", "name", "n", *OWN],
        ["1", "Smith, J", "1", "2", "Mend it."],
        ["2", "Smith", " John", "3", contents.faults[0].message, "2"],
        ["3", "", "", "4", contents.faults[1].message],
    ]


UNEVEN = 'id,name,n\n1,"Smith, J",1\n2,=Smith, John,2\n3,x\n4,x,4\n'
MANY, FEW = ErrorKind.TOO_MANY_FIELDS, ErrorKind.TOO_FEW_FIELDS


@pytest.mark.parametrize("evened", [False, True], ids=["as it is", "saved again"])
def test_uneven_rows_that_nobody_mended_are_rejected_again(
    tmp_path: Path, evened: bool
) -> None:
    """Also where a spreadsheet program has given all rows the same length."""
    path = tmp_path / "orders.csv"
    path.write_text(UNEVEN)
    report = report_of(path, *read(path).faults)
    if evened:
        rows = rows_of(report)
        widest = max(map(len, rows))
        with report.path.open("w", newline="") as file:
            csv.writer(file).writerows([*r, *[""] * (widest - len(r))] for r in rows)
    back = read(report.path)
    assert back.rows == []
    assert [(fault.code, fault.value) for fault in back.faults] == [
        (MANY, "2,=Smith, John,2"),
        (FEW, "3,x"),
    ]
    assert [fault.message for fault in back.faults] == [
        fault.message for fault in read(path).faults
    ]
    again = report_of(report.path, *back.faults)
    assert [row[:3] for row in rows_of(again)[1:]] == [
        ["2", "'=Smith", " John"],
        ["3", "x", ""],
    ]


def test_uneven_rows_are_taken_when_they_are_mended(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("id,name,n\n1,Smith, J,1\n2,x\n3,x\n4,x,4\n")
    head, many, few, empty = rows_of(report := report_of(path, *read(path).faults))
    many[1:3], many[5:] = ["Smith, J", "1"], []
    few[2] = "7"
    empty[4] = ""  # the missing field is meant to be empty
    with report.path.open("w", newline="") as file:
        csv.writer(file).writerows([head, many, few, empty])
    back = read(report.path)
    assert back.told == []
    assert [row[1:] for row in back.rows] == [
        ("1", "Smith, J", "1"),
        ("2", "x", "7"),
        ("3", "x", None),
    ]


def test_nothing_in_it_runs(tmp_path: Path) -> None:
    fields = [
        "=1+1",
        "+cmd",
        "-2+3",
        "@x",
        "\tt",
        "'=1",
        "-5",
        "+1.5%",
        "-1,5",
        "'x",
        "a=b",
    ]
    path = tmp_path / "orders.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["=id", "n"], *([field, "1"] for field in fields)])
    errors = [error(row, "@", "=2") for row in range(2, 2 + len(fields))]
    report = report_of(path, *errors)
    heading, *rows = rows_of(report)
    assert heading == ["'=id", "n", *OWN]
    assert [row[0] for row in rows] == [
        *("'=1+1", "'+cmd", "'-2+3", "'@x", "'\tt", "''=1"),
        *("-5", "+1.5%", "-1,5", "'x", "a=b"),
    ]
    assert {row[3] for row in rows} == {"'@: =2"}
    back = read(report.path)
    assert back.layout.headings == ("=id", "n")
    assert [row[1] for row in back.rows] == fields


def test_workbooks_become_xlsx_without_formulas_and_links(tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    texts = ["=1+1", "http://example.org", "'=1", "007", "x"]
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(2, 1, ["id", "rate"])
        for row, text in enumerate(texts, 3):
            sheet.write_string(row, 1, text)
            sheet.write_number(row, 2, row)
        sheet.write_formula(8, 2, "=1/0", None, "#DIV/0!")
    contents = read(path)
    errors = [error(row, "id", "=2") for row in range(4, 9)]
    report = report_of(path, *errors, *contents.faults)
    assert report.suffix == ".xlsx"
    sheet = openpyxl.load_workbook(report.path).worksheets[0]
    cells = [
        cell for row in sheet.iter_rows() for cell in row if cell.value is not None
    ]
    assert {cell.data_type for cell in cells} == {"s"}
    assert {cell.hyperlink for cell in cells} == {None}
    assert [cell.value for cell in sheet[2]] == ["=1+1", "3", "4", "id: =2"]
    back = read(report.path)
    assert back.layout.headings == ("id", "rate")
    assert [row[1:] for row in back.rows] == [
        *((text, str(row)) for row, text in enumerate(texts, 3)),
        (None, None),
    ]
    assert back.told == [(7, 2, ErrorKind.CELL_ERROR)]
    assert back.faults[0].value == "#DIV/0!"


def test_it_has_the_columns_of_a_table_without_header(tmp_path: Path) -> None:
    path = tmp_path / "bare.tsv"
    path.write_text("".join(f"{n}\tx{n}\t2024-01-0{n}\n" for n in range(1, 8)))
    report = report_of(path, error(3))
    back = read(report.path)
    assert back.layout.headings == ("Column A", "Column B", "Column C")
    assert back.rows == [(2, "3", "x3", "2024-01-03")]


_FIELDS = st.text(
    st.one_of(
        st.sampled_from("'=+-@\t\r\n,;\"#0 1x"),
        st.characters(exclude_categories=["Cs", "Cc"], max_codepoint=0xFFFD),
    ),
    max_size=6,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


def _wanted(rows: Sequence[Sequence[object]]) -> list[RowError]:
    return [error(int(str(row[0]))) for row in rows]


@settings(max_examples=80, deadline=None)
@given(
    rows=st.lists(st.tuples(_FIELDS, _FIELDS, st.integers(0, 99)), min_size=3),
    delimiter=st.sampled_from(",;\t"),
)
def test_a_text_is_read_back(
    folder: Path, rows: list[tuple[str, str, int]], delimiter: str
) -> None:
    path = folder / "law.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([["a", "b", "n"], *rows])
    options = ReadOptions(header_row=1, delimiter=delimiter)
    first = read(path, options)
    table = open_table(path, path.name, options, ReadLimits())
    reasons = [(one.row, [one]) for one in _wanted(first.rows)]
    report = write_report(table, lambda: iter(reasons), folder / "report.csv")
    back = read(report.path, ReadOptions(delimiter=delimiter))
    assert back.layout.headings == first.layout.headings
    assert [row[1:] for row in back.rows] == [row[1:] for row in first.rows]


# Errors stand in reports as texts: a text such as #NUM! is one there.
_CELLS = _FIELDS.filter(lambda text: text not in ERROR_TEXTS)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.tuples(_CELLS, _CELLS), min_size=1, max_size=10))
def test_a_workbook_is_read_back(folder: Path, rows: list[tuple[str, str]]) -> None:
    path = folder / "law.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate([("a", "b"), *rows]):
            for column, cell in enumerate(cells):
                sheet.write_string(row, column, cell)
    first = read(path, ReadOptions(header_row=1))
    table = open_table(path, path.name, ReadOptions(header_row=1), ReadLimits())
    reasons = [(one.row, [one]) for one in _wanted(first.rows)]
    report = write_report(table, lambda: iter(reasons), folder / "report.xlsx")
    back = read(report.path)
    assert back.layout.headings == first.layout.headings
    assert [row[1:] for row in back.rows] == [row[1:] for row in first.rows]


def test_a_formula_without_result_stays_a_text(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "formula.xlsx",
        '<row r="1"><c r="A1" t="str"><v>a</v></c></row>'
        '<row r="2"><c r="A2"><f>SUM(B1)</f></c></row>',
    )
    report = report_of(path, *read(path).faults)
    sheet = openpyxl.load_workbook(report.path).worksheets[0]
    assert (sheet["A2"].value, sheet["A2"].data_type) == ("=SUM(B1)", "s")
