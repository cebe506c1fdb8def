"""What is read of workbooks: every value, with its row, as it stands in the file."""

import datetime as dt
from pathlib import Path

import pytest
import xlsxwriter
import xlwt

from features.data_import.utils.reading import open_table, sampled
from features.data_import.utils.types import (
    ErrorKind,
    ReadLimits,
    ReadOptions,
    RowError,
)
from tests.test_data_import.reading import read
from tests.test_data_import.workbooks import workbook, write_parts

ROW_1 = '<row r="1"><c r="A1" t="str"><v>a</v></c></row>'


def test_rows_have_the_numbers_of_the_sheet(tmp_path: Path) -> None:
    path = tmp_path / "rows.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Orders")
        sheet.write_row(3, 2, ["id", None, "name ", "note"])
        sheet.write_row(4, 2, [1, None, "x", None])
        sheet.write_row(7, 2, [2, None, None, ""])
        sheet.write_string(9, 4, " y ")
    contents = read(path)
    assert contents.rows == [
        (5, "1", "x", None),
        (8, "2", None, None),
        (10, None, " y ", None),
    ]
    layout = contents.layout
    assert (layout.sheets, layout.sheet, layout.header_row, layout.rows) == (
        *(("Orders",), "Orders"),
        *(4, 3),
    )
    assert (layout.headings, layout.encoding, layout.delimiter) == (
        ("id", "name ", "note"),
        None,
        None,
    )


def test_unnamed_columns_with_values_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "unnamed.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 1, ["id", None, None, "name"])
        sheet.write_row(1, 1, [1, None, None, "x"])
        sheet.write_row(2, 1, [2, None, 5, "y"])
    contents = read(path)
    assert contents.layout.headings == ("id", "Column D", "name")
    assert contents.rows == [(2, "1", None, "x"), (3, "2", "5", "y")]


def test_values_are_written_out(tmp_path: Path) -> None:
    path = tmp_path / "values.xlsx"
    moment = dt.datetime(2024, 1, 2, 3, 4, 5)
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        time = book.add_format({"num_format": "hh:mm:ss"})
        sheet.write_string(0, 0, "value")
        sheet.write_datetime(1, 0, moment, day)
        sheet.write_datetime(2, 0, dt.time(3, 4), time)
        sheet.write_number(3, 0, 45_000, day)
        sheet.write_boolean(4, 0, True)
        sheet.write_number(5, 0, 12.0)
        sheet.write_string(6, 0, "007")
        sheet.write_formula(7, 0, "=1+1", None, "2.50")
        sheet.write_string(8, 0, "  _x0041_ é\t\n複  ")
        sheet.write_number(9, 0, 45_000.123456789, day)
    assert [cells for _, cells in read(path).rows] == [
        "2024-01-02 03:04:05",
        "03:04:00",
        "2023-03-15 00:00:00",
        "true",
        "12",
        "007",
        "2.50",
        "  _x0041_ é\t\n複  ",
        "2023-03-15 02:57:46.667",
    ]


@pytest.mark.parametrize(
    ("stands", "expected"),
    [
        pytest.param("9007199254740993", "9007199254740993", id="above 2 ** 53"),
        pytest.param("-9007199254740993", "-9007199254740993", id="negative"),
        pytest.param("1.23456789012345E+17", "1.23456789012345e+17", id="power"),
        pytest.param("6.95E+37", "6.95e+37", id="large"),
        pytest.param("1E+300", "1e+300", id="huge"),
        pytest.param("1E-12", "0.000000000001", id="small"),
        pytest.param("0.20580227471563001", "0.20580227471563", id="decimals"),
        pytest.param("13167.810000000001", "13167.810000000001", id="noise"),
        pytest.param("-0.1000000001", "-0.1000000001", id="ten decimals"),
        pytest.param("0.5", "0.5", id="short"),
        pytest.param("1" * 30, "1" * 30, id="thirty digits"),
    ],
)
@pytest.mark.parametrize(
    "cell",
    [
        '<c r="A{row}"><v>{value}</v></c>',
        '<c r="A{row}" s="0" t="n"><f>B1</f><v>{value}</v></c>',
        "<c t='n' r='A{row}'><v>{value}</v></c>",
        "<c><v>{value}</v></c>",
        '<x:c r="A{row}"><x:v>{value}</x:v></x:c>',
    ],
    ids=["plain", "formula", "odd", "no reference", "prefix"],
)
def test_numbers_are_not_rounded(
    tmp_path: Path, cell: str, stands: str, expected: str
) -> None:
    rows = "".join(
        f'<row r="{row}">{cell.format(row=row, value=stands)}</row>'
        for row in range(2, 4)
    )
    if "x:" in cell:
        rows = rows.replace("<row", '<x:row xmlns:x="urn:x"').replace(
            "</row", "</x:row"
        )
    path = workbook(tmp_path / "numbers.xlsx", ROW_1 + rows)
    assert read(path).rows == [(2, expected), (3, expected)]


def test_texts_of_digits_stay(tmp_path: Path) -> None:
    text = "1.00000000000000000000"
    row = (
        f'<row r="2"><c r="A2" t="str"><f>B1</f><v>{text}</v></c></row>'
        f'<row r="3"><c r="A3" t="inlineStr"><is><t>{text}</t></is></c></row>'
    )
    path = workbook(tmp_path / "digits.xlsx", ROW_1 + row)
    assert read(path).rows == [(2, text), (3, text)]


def test_errors_of_cells_are_told(tmp_path: Path) -> None:
    path = tmp_path / "errors.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(1, 1, ["id", "rate"])
        sheet.write_row(2, 1, ["x", 5])
        sheet.write_string(3, 1, "y")
        sheet.write_formula(3, 2, "=1/0", None, "#DIV/0!")
        sheet.write_formula(4, 2, "=NA()", None, "#N/A")
    contents = read(path)
    assert contents.rows == [(3, "x", "5"), (4, "y", None), (5, None, None)]
    advice = "Mend its formula, or write a value in its place."
    kind = ErrorKind.CELL_ERROR
    assert contents.faults == [
        RowError(
            *(4, 2, "rate", "#DIV/0!", kind),
            f"The cell C4 holds the error #DIV/0!. {advice}",
        ),
        RowError(
            *(5, 2, "rate", "#N/A", kind), f"The cell C5 holds the error #N/A. {advice}"
        ),
    ]


@pytest.mark.parametrize(
    "result", ["", "<v></v>", "<v/>", "<v />"], ids=["none", "empty", "short", "space"]
)
def test_formulas_without_results_are_told(tmp_path: Path, result: str) -> None:
    row = f'<row r="2"><c r="A2"><f>SUM(B1:B2)</f>{result}</c></row>'
    row += '<row r="3"><c r="A3" t="str"><f>""</f><v></v></c></row>'
    row += '<row r="4"><c r="A4"><v>1</v></c></row>'
    contents = read(workbook(tmp_path / "formulas.xlsx", ROW_1 + row))
    assert contents.rows == [(2, None), (4, "1")]
    assert contents.faults == [
        RowError(
            *(2, 1, "a", "=SUM(B1:B2)", ErrorKind.CELL_ERROR),
            "The formula in A2 has no stored result. Open the file in a spreadsheet "
            "program, and save it there.",
        )
    ]


def test_texts_that_cannot_be_stored_are_told(tmp_path: Path) -> None:
    path = tmp_path / "texts.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet().write_column(0, 0, ["a", "é" * 60, "b"])
        book.worksheets()[0].write_string(3, 0, "n\0l")
    contents = read(path, limits=ReadLimits(max_field_bytes=100))
    assert contents.rows == [(2, None), (3, "b"), (4, None)]
    assert contents.told == [(2, 1, ErrorKind.TOO_LONG), (4, 1, ErrorKind.ENCODING)]
    assert contents.faults[1].value == "n\ufffdl"
    assert contents.faults[0].message == (
        "The text has 120 bytes, and 100 are allowed. Shorten it."
    )


def test_the_first_visible_sheet_with_rows_is_read(tmp_path: Path) -> None:
    def sheet(name: str) -> str:
        return "".join(
            f'<row r="{n}"><c r="A{n}" t="str"><v>{name}{n}</v></c></row>'
            for n in (1, 2)
        )

    path = workbook(
        tmp_path / "sheets.xlsx",
        *(sheet("hidden"), "", '<row r="9"><c r="A9" s="0"/></row>', sheet("b")),
        state='state="hidden"',
    )
    contents = read(path)
    assert contents.layout.sheets == ("S1", "S2", "S3", "S4")
    assert contents.layout.sheet == "S4"
    assert read(path, ReadOptions(sheet="S1")).layout.sheet == "S1"


def test_merged_cells_have_their_value_once(tmp_path: Path) -> None:
    path = tmp_path / "merged.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["day", "n"])
        sheet.merge_range(1, 0, 2, 0, "Monday")
        sheet.write_column(1, 1, [1, 2])
    assert read(path).rows == [(2, "Monday", "1"), (3, None, "2")]


def test_the_header_that_was_asked_for_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "asked.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet().write_column(1, 0, ["a", "b", 3, 4])
    contents = read(path, ReadOptions(header_row=3))
    assert (contents.layout.headings, contents.rows) == (("b",), [(4, "3"), (5, "4")])
    none = read(path, ReadOptions(header_row=0))
    assert none.layout.headings == ("Column A",)
    assert none.rows == [(2, "a"), (3, "b"), (4, "3"), (5, "4")]


def test_totals_below_the_table_are_told(tmp_path: Path) -> None:
    path = tmp_path / "totals.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate([["a", "n"], ["x", 1], ["y", 2], [], ["Total", 3]]):
            sheet.write_row(row, 0, cells)
    contents = read(path)
    assert contents.rows == [(2, "x", "1"), (3, "y", "2")]
    assert contents.told == [(5, 0, ErrorKind.NOT_ALLOWED)]


def test_xls_is_read(tmp_path: Path) -> None:
    path = tmp_path / "old.bin"
    book = xlwt.Workbook()
    sheet = book.add_sheet("Old")
    day = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for column, heading in enumerate(["name", "n", "day"]):
        sheet.write(2, column, heading)
    for row, number in enumerate([1, 0.1234567890123, 1e-12, 2**53 - 1, 2.5], 3):
        sheet.write(row, 0, f"x{row}")
        sheet.write(row, 1, number)
        sheet.write(row, 2, dt.datetime(2024, 1, row), day)
    book.save(str(path))
    contents = read(path)
    assert contents.layout.header_row == 3
    assert contents.rows == [
        (4, "x3", "1", "2024-01-03 00:00:00"),
        (5, "x4", "0.1234567890123", "2024-01-04 00:00:00"),
        (6, "x5", "0.000000000001", "2024-01-05 00:00:00"),
        (7, "x6", "9007199254740991", "2024-01-06 00:00:00"),
        (8, "x7", "2.5", "2024-01-07 00:00:00"),
    ]


def test_ods_is_read(tmp_path: Path) -> None:
    def row(*cells: str) -> str:
        return f"<table:table-row>{''.join(cells)}</table:table-row>"

    def text(value: str) -> str:
        return (
            '<table:table-cell office:value-type="string">'
            f"<text:p>{value}</text:p></table:table-cell>"
        )

    def number(value: str) -> str:
        return (
            f'<table:table-cell office:value-type="float" office:value="{value}">'
            f"<text:p>{value}</text:p></table:table-cell>"
        )

    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    rows = row(text("a"), text("n")) + row(text("x"), number("0.1234567890123"))
    rows += row(text("y"), number("12"))
    path = write_parts(
        tmp_path / "book.ods",
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": "<manifest/>",
            "content.xml": (
                f"<office:document-content {names}><office:body><office:spreadsheet>"
                f'<table:table table:name="S">{rows}</table:table>'
                "</office:spreadsheet></office:body></office:document-content>"
            ),
        },
    )
    contents = read(path)
    assert contents.layout.sheet == "S"
    assert contents.rows == [(2, "x", "0.1234567890123"), (3, "y", "12")]


def test_batches_have_25000_rows(tmp_path: Path) -> None:
    path = tmp_path / "long.xlsx"
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for row in range(60_001):
            sheet.write_string(row, 0, f"v{row}" if row else "name")
    table = open_table(path, path.name, ReadOptions(), ReadLimits())
    batches = list(table.batches())
    assert [batch.frame.height for batch in batches] == [25_000, 25_000, 10_000]
    assert [batch.fraction for batch in batches] == [25 / 60, 50 / 60, 1.0]
    assert batches[1].frame.row(0) == (25_002, "v25001")
    assert sampled(table)[0].frame.height == 1000
