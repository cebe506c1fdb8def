"""What is read of the cells of workbooks that hold durations, times and dates."""

import zipfile
from pathlib import Path
from typing import Final

import openpyxl
import pytest
import xlsxwriter
import xlwt

from features.data_import.utils.types import ErrorKind
from tests.test_data_import.reading import read
from tests.test_data_import.workbooks import parts_of, write_parts

type Cell = tuple[float | str, str]

DURATION: Final = "[h]:mm:ss"
DAY: Final = "yyyy-mm-dd"
TABLE: Final = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
OFFICE: Final = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
TEXT: Final = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"


def write(path: Path, cells: list[Cell], is_1904: bool = False) -> Path:
    """Write a workbook of one column *a*: values and their formats, from row 2 on."""
    if path.suffix == ".xls":
        old = xlwt.Workbook()
        old.dates_1904 = is_1904
        page = old.add_sheet("S")
        page.write(0, 0, "a")
        for row, (value, shown) in enumerate(cells, 1):
            page.write(row, 0, value, xlwt.easyxf(num_format_str=shown))
        old.save(str(path))
        return path
    with xlsxwriter.Workbook(str(path), {"date_1904": is_1904}) as book:
        sheet = book.add_worksheet()
        sheet.write_string(0, 0, "a")
        for row, (value, shown) in enumerate(cells, 1):
            sheet.write(row, 0, value, book.add_format({"num_format": shown}))
    return path


def values(path: Path) -> list[object]:
    contents = read(path)
    assert contents.faults == []
    return [value for _, value in contents.rows]


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls"])
@pytest.mark.parametrize("is_1904", [False, True])
@pytest.mark.parametrize("shown", [DURATION, "[hh]:mm", "[mm]:ss", "[ss].00"])
def test_durations_are_no_dates(
    tmp_path: Path, name: str, is_1904: bool, shown: str
) -> None:
    numbers = (1.25, 2.5, 3, 0.75, 400, 0, 1 / 3, -1.25, 60, 1.5 / 86_400)
    cells: list[Cell] = [(number, shown) for number in numbers]
    assert values(write(tmp_path / name, [*cells, ("none", "@")], is_1904)) == [
        *("30:00:00", "60:00:00", "72:00:00", "18:00:00", "9600:00:00"),
        *("00:00:00", "08:00:00", "-30:00:00", "1440:00:00", "00:00:01.500", "none"),
    ]


def test_formats_are_told_cell_by_cell(tmp_path: Path) -> None:
    cells: list[Cell] = [
        (1.25, DURATION),
        (1.25, "yyyy-mm-dd hh:mm"),
        (1.25, "General"),
        (1.25, '0.00" [h]"'),
        (0.5, "h:mm AM/PM"),
        (0.5, '[$-409]h:mm:ss;"d"'),
        (45_000.5, "[Red]yyyy-mm-dd hh:mm"),
        (1.25, "[h]:mm;@"),
        (0.5, "[$-F400]h:mm:ss"),
    ]
    assert values(write(tmp_path / "a.xlsx", cells)) == [
        *("30:00:00", "1900-01-01 06:00:00", "1.25", "1.25", "12:00:00", "12:00:00"),
        *("2023-03-15 12:00:00", "30:00:00", "12:00:00"),
    ]


def test_durations_of_formulas_and_of_openpyxl(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["a"])
    for row, value in enumerate((1.25, 0.5, 2), 2):
        sheet.cell(row, 1, value).number_format = DURATION
    book.save(tmp_path / "a.xlsx")
    assert values(tmp_path / "a.xlsx") == ["30:00:00", "12:00:00", "48:00:00"]
    path = tmp_path / "b.xlsx"
    with xlsxwriter.Workbook(str(path)) as other:
        page = other.add_worksheet()
        page.write_string(0, 0, "a")
        shown = other.add_format({"num_format": 46})
        page.write_formula(1, 0, "=1+0.25", shown, 1.25)
        page.write_formula(2, 0, '="x"', shown, "x")
    assert values(path) == ["30:00:00", "x"]


@pytest.mark.parametrize("styles", [0, 60])
def test_times_of_large_sheets(tmp_path: Path, styles: int) -> None:
    path = tmp_path / "large.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        shown = book.add_format({"num_format": DURATION})
        time = book.add_format({"num_format": "h:mm"})
        sheet.write_row(0, 0, ["took", "began", "n"])
        for digits in range(styles):
            book.add_format({"num_format": f"[h]:mm:ss.{'0' * digits}"})
        for row in range(1, 5001):
            sheet.write_number(row, 0, row / 24, shown)
            sheet.write_number(row, 1, row % 24 / 24, time)
            sheet.write_number(row, 2, row / 24)
        sheet.write_formula(5001, 0, "=SUM(A2:A5001)/24", shown, 520_937.5)
        sheet.write_formula(5001, 1, '="x"', time, "0.5")
        sheet.write_formula(5002, 0, "=1/0", shown, "#DIV/0!")
        sheet.write_number(5003, 0, 0.99999999999, shown)
        sheet.write_number(5003, 1, 0.99999999999, time)
    contents = read(path)
    assert [row[1:3] for row in contents.rows] == [
        *((f"{n:02}:00:00", f"{n % 24:02}:00:00") for n in range(1, 5001)),
        *(("12502500:00:00", "0.5"), (None, None), ("24:00:00", "23:59:59.999")),
    ]
    assert contents.told == [(5003, 1, ErrorKind.CELL_ERROR)]


def test_long_durations_are_below_headings(tmp_path: Path) -> None:
    path = tmp_path / "headings.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        shown = book.add_format({"num_format": DURATION})
        sheet.write_row(0, 0, ["name", "took"])
        for row in range(1, 4):
            sheet.write_string(row, 0, "x")
            sheet.write_number(row, 1, row * 10, shown)
    assert read(path).layout.headings == ("name", "took")


def test_columns_of_xls_with_dates_have_no_durations(tmp_path: Path) -> None:
    cells: list[Cell] = [(1.25, DURATION), (45_000, DAY)]
    assert values(write(tmp_path / "a.xls", cells)) == [
        *("1900-01-01 06:00:00", "2023-03-15 00:00:00"),
    ]


@pytest.mark.parametrize(
    "cell",
    ['<c r="A2" s="1"><v>1.25</v></c>', "<c s='1'><v>1.25</v></c>"],
    ids=["plain", "no reference"],
)
def test_styles_are_read_as_any_program_writes_them(tmp_path: Path, cell: str) -> None:
    parts = parts_of(
        f'<row r="1"><c r="A1" t="str"><v>a</v></c></row><row r="2">{cell}</row>'
    )
    parts["xl/styles.xml"] = (
        '<x:styleSheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        "<x:numFmts count='1'><x:numFmt formatCode='[>1][h]:mm;h:mm' numFmtId='170'/>"
        '</x:numFmts><x:cellStyleXfs><x:xf numFmtId="46"/></x:cellStyleXfs><x:cellXfs>'
        '<x:xf numFmtId="0"/><x:xf numFmtId="170"><x:alignment/></x:xf></x:cellXfs>'
        "</x:styleSheet>"
    )
    assert values(write_parts(tmp_path / "a.xlsx", parts)) == ["30:00:00"]


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls"])
@pytest.mark.parametrize("is_1904", [False, True])
def test_times_of_day_are_the_same_in_both_systems(
    tmp_path: Path, name: str, is_1904: bool
) -> None:
    cells: list[Cell] = [(number, "hh:mm") for number in (0.5, 0.0, 0.123456789)]
    path = write(tmp_path / name, cells, is_1904)
    assert values(path) == ["12:00:00", "00:00:00", "02:57:46.667"]


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls"])
def test_dates_that_excel_has_not_are_faults(tmp_path: Path, name: str) -> None:
    numbers = (59, 60, 61, 1, -1, -0.5, 60.5, 2_958_466, 45_000, -400.25)
    contents = read(write(tmp_path / name, [(number, DAY) for number in numbers]))
    assert [value for _, value in contents.rows] == [
        *("1900-02-28 00:00:00", None, "1900-03-01 00:00:00", "1900-01-01 00:00:00"),
        *(None, None, None, None, "2023-03-15 00:00:00", None),
    ]
    assert [(fault.row, fault.value, fault.code) for fault in contents.faults] == [
        (row, value, ErrorKind.CELL_ERROR)
        for row, value in (
            *((3, "60"), (6, "-1"), (7, "-0.5"), (8, "60.5"), (9, "2958466")),
            (11, "-400.25"),
        )
    ]
    assert contents.faults[0].message == (
        "The cell A3 shows the number 60 as a date, and Excel has no such day. Write a "
        "date in its place, or give it the format of a number."
    )


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls"])
def test_dates_from_1904_on(tmp_path: Path, name: str) -> None:
    cells: list[Cell] = [(number, DAY) for number in (0, 60, -1, 45_000)]
    contents = read(write(tmp_path / name, cells, is_1904=True))
    assert [value for _, value in contents.rows] == [
        *("1904-01-01 00:00:00", "1904-03-01 00:00:00", None, "2027-03-16 00:00:00"),
    ]
    assert [(fault.row, fault.value) for fault in contents.faults] == [(4, "-1")]


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls"])
def test_texts_that_look_like_dates_stay(tmp_path: Path, name: str) -> None:
    texts = ["1850-01-01 00:00:00", "1900-02-28 00:00:00", "-1", "PT30H"]
    assert values(write(tmp_path / name, [(text, "@") for text in texts])) == texts


def ods(folder: Path, rows: str) -> Path:
    """Write a sheet with the headings a and b."""
    content = (
        f'<office:document-content xmlns:office="{OFFICE}" xmlns:table="{TABLE}" '
        f'xmlns:text="{TEXT}"><office:body><office:spreadsheet><table:table '
        'table:name="S"><table:table-row>'
        '<table:table-cell office:value-type="string"><text:p>a</text:p>'
        '</table:table-cell><table:table-cell office:value-type="string"><text:p>b'
        f"</text:p></table:table-cell></table:table-row>{rows}</table:table>"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    path = folder / "a.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", content)
    return path


def test_errors_of_ods_are_told_and_no_values(tmp_path: Path) -> None:
    error = (
        '<table:table-cell table:formula="of:=1/0" office:value-type="string" '
        'office:string-value="" calcext:value-type="error"><text:p>#DIV/0!</text:p>'
        "</table:table-cell>"
    )
    key = (
        '<table:table-cell office:value-type="string"><text:p>k</text:p>'
        "</table:table-cell>"
    )
    rows = f"<table:table-row>{key}{error}</table:table-row>"
    contents = read(ods(tmp_path, rows + rows))
    assert [row[1:] for row in contents.rows] == [("k", None)] * 2
    assert [(one.row, one.position, one.value) for one in contents.faults] == [
        (2, 2, "#ERROR"),
        (3, 2, "#ERROR"),
    ]


def test_times_of_ods_are_not_left_out(tmp_path: Path) -> None:
    periods = ("PT30H00M00S", "PT12H00M00.500S", "-PT06H00M00S", "P1DT2H")
    rows = "".join(
        f'<table:table-row table:number-rows-repeated="{1 + (n == 1)}"><table:table-cell '
        f'office:value-type="time" office:time-value="{period}"><text:p>x</text:p>'
        '</table:table-cell><table:table-cell office:value-type="date" '
        'office:date-value="1899-12-29"><text:p>x</text:p></table:table-cell>'
        "</table:table-row>"
        for n, period in enumerate(periods)
    )
    contents = read(ods(tmp_path, rows))
    assert [row[1] for row in contents.rows] == [
        *("30:00:00", "12:00:00.500", "12:00:00.500", "-06:00:00", "26:00:00"),
    ]
    assert {row[2] for row in contents.rows} == {"1899-12-29"}
    assert contents.faults == []
