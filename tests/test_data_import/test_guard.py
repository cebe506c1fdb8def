"""Workbooks that would take all memory, or are none, are refused before a parser."""

import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from core.errors import ErrorCode
from features.data_import.utils.reading.workbooks.guard import guard_workbook
from features.data_import.utils.types import ReadLimits, ReadOptions
from tests.test_data_import.reading import read, refused
from tests.test_data_import.workbooks import parts_of, workbook, write_parts

HOSTILE = Path(__file__).parents[3] / "shared/corpus/hostile"
FAR = (
    "which makes {cells} cells, and 11,000,000 are allowed. Delete what stands far "
    "outside of the table, or save the sheet as csv."
)
DAMAGED = "This file is damaged: {}. Save it again, and upload that."
PROTECTED = (
    "This workbook is protected by a password: remove it and save again. Upload an "
    "xlsx, xls, ods, csv or tsv file, or a zip with one csv."
)


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        pytest.param(
            "dim.xlsx",
            ErrorCode.LIMIT_EXCEEDED,
            "The sheet “S” reaches to XFD1048576, "
            + FAR.format(cells="17,179,869,184"),
            id="one far cell",
        ),
        pytest.param(
            "lie.xlsx",
            ErrorCode.CORRUPT_FILE,
            DAMAGED.format(
                "its part xl/worksheets/sheet1.xml reaches past the end of the file"
            ),
            id="lying directory",
        ),
        pytest.param(
            "sst.xlsx",
            ErrorCode.LIMIT_EXCEEDED,
            "The texts of this workbook take more than 536,870,912 bytes. Save the "
            "sheet as csv.",
            id="endless texts",
        ),
    ],
)
def test_hostile_workbooks_are_refused(
    name: str, code: ErrorCode, message: str
) -> None:
    assert refused(HOSTILE / name) == (code, message)


def test_refusing_takes_little_memory() -> None:
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from features.data_import.utils.reading.workbooks import guard\n"
        "from features.data_import.utils.types import ReadLimits\n"
        "from features.data_import.exceptions import ImportFileError\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: guard.guard_workbook(Path(sys.argv[1]), ReadLimits())\n"
        "except ImportFileError: pass\n"
        "else: raise SystemExit('not refused')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    for name in ("dim.xlsx", "lie.xlsx", "sst.xlsx"):
        run = subprocess.run(
            [sys.executable, "-c", code, HOSTILE / name],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
        )
        assert int(run.stdout) * 1024 < 400 * 1024**2, name


@pytest.mark.parametrize(
    ("sheet", "reach", "cells"),
    [
        pytest.param(
            '<row r="1"><c r="XFD1"><v>1</v></c></row>'
            '<row r="1048576"><c r="A1048576"><v>1</v></c></row>',
            "A1048576 and XFD1",
            "17,179,869,184",
            id="two cells",
        ),
        pytest.param(
            "<row><c t='n' r = 'XFD1048576'><v>1</v></c><c r='A1'><v>1</v></c></row>",
            "XFD1048576",
            "17,179,869,184",
            id="odd spelling",
        ),
        pytest.param(
            '<row r="1048570"/>'
            + "<row><c><v>1</v></c>"
            + "<c/>" * 99
            + "<c><v>2</v></c></row>",
            "A1048571 and CW1048571",
            "105,905,671",
            id="no references",
        ),
        pytest.param(
            '<x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c><x:c r="XFD1048576"><x:v>1</x:v>'
            "</x:c></x:row>",
            "XFD1048576",
            "17,179,869,184",
            id="prefixes",
        ),
        pytest.param(
            '<row r="1"><c r="A1"><v>1</v></c></row><!-- </sheetData> -->'
            '<row r="9999999"><c r="ZZZ9999999"><v>1</v></c></row>',
            "ZZZ9999999",
            "182,779,981,722",
            id="an end in a comment",
        ),
    ],
)
def test_a_sheet_that_reaches_far_is_refused(
    tmp_path: Path, sheet: str, reach: str, cells: str
) -> None:
    path = workbook(tmp_path / "far.xlsx", sheet)
    assert refused(path) == (
        ErrorCode.LIMIT_EXCEEDED,
        f"The sheet “S1” reaches to {reach}, " + FAR.format(cells=cells),
    )


def test_formats_without_values_may_reach_far(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "formats.xlsx",
        '<row r="1"><c r="A1" t="str"><v>a</v></c><c r="XFD1" s="0"/></row>'
        '<row r="2"><c r="A2"><v>5</v></c></row>'
        '<row r="1048576"><c r="A1048576" s="0"></c></row>',
    )
    assert read(path).rows == [(2, "5")]


def test_texts_that_repeat_are_counted_as_often(tmp_path: Path) -> None:
    cells = "".join(
        f'<row r="{n}">' + f'<c r="A{n}" t="s"><v>0</v></c>' + "</row>"
        for n in range(1, 40_000)
    )
    text = f"<si><t>{'x' * 32_000}</t></si>"
    path = workbook(tmp_path / "texts.xlsx", cells, texts=text)
    assert path.stat().st_size < 1_000_000
    assert refused(path) == (
        ErrorCode.LIMIT_EXCEEDED,
        "The texts of the sheet “S1” take more than 1,073,741,824 bytes, for they "
        "repeat. Save it as csv.",
    )
    few = text + "<si><t>b</t></si>"
    cells = cells.replace("<v>0</v>", "<v>1</v>")
    assert len(read(workbook(tmp_path / "few.xlsx", cells, texts=few)).rows) == 39_998


def test_what_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    sheet = '<row r="1"><c r="A1"><v>1</v></c></row>' + " " * 3_000_000
    path = workbook(tmp_path / "large.xlsx", sheet)
    assert refused(path, limits=ReadLimits(max_unpacked_bytes=2_000_000)) == (
        ErrorCode.LIMIT_EXCEEDED,
        "This workbook unpacks to more than 2,000,000 bytes. Save it as csv, or divide "
        "it, and import its parts one after the other.",
    )


def test_a_size_that_is_not_true_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "size.xlsx", '<row r="1"><c r="A1"><v>1</v></c></row>')
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    data = path.read_bytes()
    directory = data.rindex(b"PK\x01\x02")
    assert struct.unpack_from("<I", data, directory + 24) == (size,)
    path.write_bytes(
        data[: directory + 24] + struct.pack("<I", 9) + data[directory + 28 :]
    )
    assert refused(path) == (
        ErrorCode.CORRUPT_FILE,
        DAMAGED.format(
            f"its part xl/worksheets/sheet1.xml unpacks to {size} bytes, and the zip's "
            "directory says 9"
        ),
    )


def test_two_parts_of_one_name_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "twice.xlsx", '<row r="1"><c r="A1"><v>1</v></c></row>')
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/Worksheets/sheet1.xml", "<worksheet/>")
    assert refused(path) == (
        ErrorCode.CORRUPT_FILE,
        DAMAGED.format("its zip has two parts of the same name"),
    )


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_workbook_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "whole.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet().write_column(0, 0, list(range(1000)))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    code, message = refused(path)
    assert (code, message[:21]) == (ErrorCode.CORRUPT_FILE, "This file is damaged:")


def test_a_damaged_part_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "damaged.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet().write_column(0, 0, list(range(1000)))
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("xl/worksheets/sheet1.xml").header_offset
    data[start + 100 : start + 400] = bytes(300)
    path.write_bytes(data)
    assert refused(path) == (
        ErrorCode.CORRUPT_FILE,
        DAMAGED.format("its part xl/worksheets/sheet1.xml cannot be unpacked"),
    )


def test_protected_workbooks_are_refused(tmp_path: Path) -> None:
    ole = tmp_path / "protected.xlsx"
    ole.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(1024, b"\0")
        + "EncryptedPackage".encode("utf-16-le").ljust(1024, b"\0")
    )
    ods = write_parts(
        tmp_path / "protected.ods",
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": "<manifest><encryption-data/></manifest>",
            "content.xml": "?",
        },
    )
    encrypted = workbook(tmp_path / "zip.xlsx", "<row/>")
    data = bytearray(encrypted.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    encrypted.write_bytes(data)
    for path in (ole, ods, encrypted):
        assert refused(path) == (ErrorCode.UNSUPPORTED_FORMAT, PROTECTED), path.name


def test_a_workbook_without_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "picture.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet().set_row(3, 20, book.add_format({"bold": True}))
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=Sheet1!$A$1:$A$9"})
        book.add_chartsheet().set_chart(chart)
    code, message = refused(path)
    assert (code, message) == (
        ErrorCode.UNSUPPORTED_FORMAT,
        "This workbook has no rows: there are only pictures or charts in it, or "
        "nothing. Upload an xlsx, xls, ods, csv or tsv file, or a zip with one csv.",
    )


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = write_parts(tmp_path / "doc.docx", {"[Content_Types].xml": "<Types/>"})
    assert refused(path)[1].startswith("This zip archive is no workbook.")
    parts = parts_of("<row/>")
    del parts["xl/worksheets/sheet1.xml"]
    path = write_parts(tmp_path / "missing.xlsx", parts)
    assert refused(path)[1] == DAMAGED.format("the sheet “S1” is missing")
    parts["xl/workbook.xml"] = "<!DOCTYPE x [<!ENTITY a 'b'>]><workbook/>"
    path = write_parts(tmp_path / "entities.xlsx", parts)
    assert refused(path)[1] == DAMAGED.format(
        "its part xl/workbook.xml declares entities, which no workbook does"
    )


def test_repeated_rows_of_ods_are_counted(tmp_path: Path) -> None:
    def ods(rows: str) -> Path:
        return write_parts(
            tmp_path / "book.ods",
            {
                "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
                "content.xml": f'<table:table table:name="S">{rows}</table:table>',
            },
        )

    cell = '<table:table-cell office:value-type="float" office:value="1"/>'
    far = ods(
        '<table:table-row table:number-rows-repeated="1048576">'
        '<table:table-cell table:number-columns-repeated="16383"/>'
        f"{cell}</table:table-row>"
    )
    assert refused(far) == (
        ErrorCode.LIMIT_EXCEEDED,
        "A sheet of this workbook reaches to XFD1048576, "
        + FAR.format(cells="17,179,869,184"),
    )
    padded = ods(
        f"<table:table-row>{cell}</table:table-row>"
        '<table:table-row table:number-rows-repeated="1048575">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    assert guard_workbook(padded, ReadLimits()).suffix == ".ods"


def test_a_sheet_that_is_not_there_is_told(tmp_path: Path) -> None:
    row = '<row r="1"><c r="A1"><v>1</v></c></row>'
    path = workbook(tmp_path / "two.xlsx", row, row)
    assert refused(path, ReadOptions(sheet="S3")) == (
        ErrorCode.INVALID,
        "There is no sheet “S3” in it, but “S1”, “S2”.",
    )


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        for row in range(3):
            sheet.write_row(row, 0, [f"{row}-{column}" for column in range(20)])
    assert refused(path, limits=ReadLimits(max_columns=19)) == (
        ErrorCode.LIMIT_EXCEEDED,
        "This sheet has 20 columns, and 19 are allowed. Delete those that are not "
        "needed.",
    )
