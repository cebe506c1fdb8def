"""Rows of texts: their numbers, their cells, and what is told of those that are wrong."""

from pathlib import Path

import pytest

from core.errors import ErrorCode
from features.data_import.utils.types import ErrorKind, ReadLimits, ReadOptions
from tests.test_data_import.reading import read, read_bytes, refused, refused_bytes


def test_numbers_count_records_and_empty_lines(tmp_path: Path) -> None:
    found = read_bytes(tmp_path, b'a,b\n1,"x\ny"\n\n,\n2,z\n\n')
    assert found.rows == [(2, "1", "x\ny"), (5, "2", "z")]
    assert (found.layout.header_row, found.layout.headings) == (1, ("a", "b"))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_line_ends(tmp_path: Path, end: str) -> None:
    data = end.join(["a,b", "1,x", "2,y"]).encode()
    assert read_bytes(tmp_path, data).rows == [(2, "1", "x"), (3, "2", "y")]
    again = read_bytes(tmp_path, data + end.encode())
    assert again.rows == [(2, "1", "x"), (3, "2", "y")]


def test_quotes(tmp_path: Path) -> None:
    data = b'a,b\n"say ""hi""",19" rack\n"",x\n"1,5","two\r\nlines"\n'
    assert read_bytes(tmp_path, data).rows == [
        (2, 'say "hi"', '19" rack'),
        (3, None, "x"),
        (4, "1,5", "two\r\nlines"),
    ]


def test_rows_of_another_width_are_told(tmp_path: Path) -> None:
    data = b"a,b,c\n1,2,3\n1,2\n\n1,2,3,,\n1,2,3,4\n, ,\n,,,,\n9,8,7\n"
    found = read_bytes(tmp_path, data)
    assert found.rows == [
        (2, "1", "2", "3"),
        (5, "1", "2", "3"),
        (7, None, " ", None),
        (9, "9", "8", "7"),
    ]
    few, many = found.faults
    assert (few.row, few.code, few.value) == (3, ErrorKind.TOO_FEW_FIELDS, "1,2")
    assert few.message == (
        "The row has 2 fields, where the table has 3. "
        "Add a comma for each field that is missing, empty ones too."
    )
    assert (many.row, many.code, many.value) == (
        6,
        ErrorKind.TOO_MANY_FIELDS,
        "1,2,3,4",
    )
    assert many.message == (
        "The row has 4 fields, where the table has 3. "
        "Put quotes around a text that has a comma in it."
    )


def test_numbers_stay_exact_over_many_blocks(tmp_path: Path) -> None:
    lines = [f"{i},{'x' * 90}" for i in range(2, 100_002)]
    for wrong in (60_000, 60_001, 99_999):
        lines[wrong - 2] = str(wrong)
    lines[70_000 - 2] = ""
    lines[80_000 - 2] = f"{80_000},{'x' * 90},,"
    found = read_bytes(tmp_path, ("id,text\n" + "\n".join(lines)).encode())
    assert found.told == [
        (row, 0, ErrorKind.TOO_FEW_FIELDS) for row in (60_000, 60_001, 99_999)
    ]
    assert len(found.rows) == 100_000 - 4
    assert all(str(row) == cell for row, cell, _ in found.rows)


def test_columns_without_heading_and_content_are_left_out(tmp_path: Path) -> None:
    found = read_bytes(tmp_path, b"a,,b,,,\n1,,2,,,\n3,,4,,\n5,,6,,,\n")
    assert found.layout.headings == ("a", "b")
    assert found.rows == [(2, "1", "2"), (4, "5", "6")]
    assert found.told == [(3, 0, ErrorKind.TOO_FEW_FIELDS)]


def test_a_column_without_heading_that_is_filled_late_is_kept(tmp_path: Path) -> None:
    lines = ["a,,b"] + ["1,,2"] * 30_000 + ["1,late,2"]
    found = read_bytes(tmp_path, "\n".join(lines).encode())
    assert found.layout.headings == ("a", "Column B", "b")
    assert found.rows[-1] == (30_002, "1", "late", "2")


def test_titles_stand_above_the_header(tmp_path: Path) -> None:
    data = b"Report 2024\n\nid,price\n1,2.5\n2,3.5\n"
    found = read_bytes(tmp_path, data)
    assert (found.layout.header_row, found.layout.headings) == (3, ("id", "price"))
    assert found.rows == [(4, "1", "2.5"), (5, "2", "3.5")]
    given = read_bytes(tmp_path, b"x,y\nid,price\n1,2\n", header_row=2)
    assert (given.layout.headings, given.rows) == (("id", "price"), [(3, "1", "2")])
    none = read_bytes(tmp_path, b"id,price\n1,2\n", header_row=0)
    assert none.layout.headings == ("Column A", "Column B")
    assert none.rows == [(1, "id", "price"), (2, "1", "2")]


@pytest.mark.parametrize(
    ("last", "is_told"),
    [
        ("Total,,30", True),
        ("合计：,,30", True),
        ("\nTotal,2,30", True),
        ("Total,2,30", True),
        ("Total,b,30", False),
        ("Total,,", False),
        ("Totally,,30", False),
    ],
    ids=["gaps", "Chinese", "apart", "full", "words", "alone", "else"],
)
def test_totals_below_the_table_are_told(
    tmp_path: Path, last: str, is_told: bool
) -> None:
    data = f"name,count,sum\na,1,10\nb,1,20\n{last}\n".encode()
    found = read_bytes(tmp_path, data)
    assert len(found.rows) == (2 if is_told else 3)
    row = 5 if last.startswith("\n") else 4
    assert found.told == ([(row, 0, ErrorKind.NOT_ALLOWED)] if is_told else [])


def test_a_report_of_ours_gets_its_first_form_back(tmp_path: Path) -> None:
    data = (
        b"a,b,OneManage row,OneManage errors\n"
        b"'=1+1,'quoted,7,wrong\n'-5,'@x,9,wrong\n"
    )
    found = read_bytes(tmp_path, data)
    assert found.layout.headings == ("a", "b")
    assert found.rows == [(2, "=1+1", "'quoted"), (3, "-5", "@x")]
    other = read_bytes(tmp_path, b"a,b\n'=1+1,x\n2,y\n", header_row=1)
    assert other.rows[0] == (2, "'=1+1", "x")


@pytest.mark.parametrize(
    ("data", "row"),
    [(b'a,b\n1,2\n3,"4\n5,6\n7,8\n', 3), (b'a,b\n1,2\n3\n"4\n5,6\n7,8', 4)],
    ids=["last-field", "too-few"],
)
def test_a_quote_left_open_is_an_error(tmp_path: Path, data: bytes, row: int) -> None:
    code, message = refused_bytes(tmp_path, data)
    assert code == ErrorCode.CORRUPT_FILE
    assert f'the quote (") that opens in row {row} is never closed' in message


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    code, message = refused_bytes(tmp_path, b"a,b\n1,2\n" + b"x" * 50_000_000)
    assert code == ErrorCode.LIMIT_EXCEEDED
    assert message.startswith("From row 3 on, a row is longer than 2,097,152 bytes.")
    code, message = refused_bytes(tmp_path, b"x" * 5_000_000)
    assert message.startswith("From row 1 on, a row is longer than 2,097,152 bytes.")


def test_a_long_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_bytes(b"a,b\n1," + b"x" * 2000 + b"\n2,y\n")
    found = read(path, limits=ReadLimits(max_field_bytes=1000))
    assert found.rows == [(2, "1", None), (3, "2", "y")]
    (fault,) = found.faults
    assert (fault.row, fault.position, fault.column) == (2, 2, "b")
    assert (fault.code, fault.value) == (ErrorKind.TOO_LONG, "x" * 500)
    assert fault.message == (
        "The text has 2,000 bytes, and 1,000 are allowed. Shorten it."
    )


def test_columns_are_limited(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_bytes(b",".join(b"c%d" % i for i in range(1001)) + b"\n" + b"1," * 1001)
    assert refused(path) == (
        ErrorCode.LIMIT_EXCEEDED,
        "This file has 1,002 columns, and 1,000 are allowed. "
        "Remove those that are not needed.",
    )


ADVICE = "Upload an xlsx, xls, ods, csv or tsv file, or a zip with one csv."
EMPTY = "Upload one with headings and at least one row below them."


@pytest.mark.parametrize(
    ("data", "code", "message"),
    [
        (
            b"",
            ErrorCode.CORRUPT_FILE,
            "This file is damaged: it is empty. Save it again, and upload that.",
        ),
        (
            b"\xef\xbb\xbf\n\n",
            ErrorCode.UNSUPPORTED_FORMAT,
            f"There are no rows in this file. {EMPTY}",
        ),
        (
            b"name,price\n",
            ErrorCode.UNSUPPORTED_FORMAT,
            f"This file has headings, but no rows below them. {EMPTY}",
        ),
        (
            bytes(1000),
            ErrorCode.CORRUPT_FILE,
            "This file is damaged: it is filled with NUL bytes instead of text. "
            "Save it again, and upload that.",
        ),
        (
            bytes(range(1, 32)) * 9,
            ErrorCode.UNSUPPORTED_FORMAT,
            f"This file is neither a text nor a workbook. {ADVICE}",
        ),
        (
            b"%PDF-1.7",
            ErrorCode.UNSUPPORTED_FORMAT,
            f"table.csv is a PDF document, not a table. {ADVICE}",
        ),
        (
            b"<html><table>",
            ErrorCode.UNSUPPORTED_FORMAT,
            "table.csv is a web page or XML, whatever its name says. Open it in a "
            f"spreadsheet program, and save it as xlsx. {ADVICE}",
        ),
    ],
    ids=["empty", "blank", "header-only", "nul", "binary", "pdf", "html"],
)
def test_what_is_no_table_is_refused(
    tmp_path: Path, data: bytes, code: ErrorCode, message: str
) -> None:
    assert refused_bytes(tmp_path, data) == (code, message)


def test_a_sample_ends_after_a_thousand_rows(tmp_path: Path) -> None:
    from features.data_import.utils.reading import open_table, sampled

    path = tmp_path / "long.csv"
    path.write_text("a,b\n" + "1,2\n" * 998 + "1\n" + "1,2\n" * 5 + "1\n")
    table = open_table(path, "long.csv", ReadOptions(), ReadLimits())
    sample, _ = sampled(table)
    assert [fault.row for fault in sample.faults] == [1000]
    assert sample.frame.height == 1000 and 0 < sample.fraction < 1


def test_fields_beyond_the_headings_are_told_though_all_rows_have_them(
    tmp_path: Path,
) -> None:
    contents = read_bytes(
        tmp_path, b"id,name\n1,red, large\n2,blue, small\n", header_row=1
    )
    assert contents.rows == []
    assert contents.told == [
        (2, 0, ErrorKind.TOO_MANY_FIELDS),
        (3, 0, ErrorKind.TOO_MANY_FIELDS),
    ]
