"""Encodings and delimiters: found by themselves, given, refused."""

from pathlib import Path

import pytest

from core.errors import ErrorCode
from features.data_import.utils.types import ErrorKind
from tests.test_data_import.reading import read_bytes, refused_bytes

CHINESE = "订单,城市\n1,深圳\n2,是\n"
LATIN = "name,Straße\nMüller,Größe\ncafé,créée\n"


@pytest.mark.parametrize(
    ("text", "written", "found"),
    [
        (CHINESE, "utf-8", "utf-8"),
        (CHINESE, "utf-8-sig", "utf-8"),
        (CHINESE, "utf-16", "utf-16-le"),
        (CHINESE, "gb18030", "gb18030"),
        ("a,b\n1,是\n", "gb18030", "gb18030"),
        (LATIN, "cp1252", "cp1252"),
        ("a,b\n1,Größe\n2,x\n", "cp1252", "cp1252"),
        ("a,b\n1,£5\n2,5 €\n", "cp1252", "cp1252"),
        (LATIN, "utf-16-le", "utf-16-le"),
        (LATIN, "utf-16-be", "utf-16-be"),
    ],
    ids=[
        *(
            "utf-8",
            "bom",
            "utf-16",
            "gb18030",
            "gb-short",
            "cp1252",
            "cp-pair",
            "signs",
        ),
        *("utf-16-le-bare", "utf-16-be-bare"),
    ],
)
def test_finds_the_encoding(
    tmp_path: Path, text: str, written: str, found: str
) -> None:
    contents = read_bytes(tmp_path, text.encode(written))
    assert contents.layout.encoding == found
    header, *rows = [line.split(",") for line in text.splitlines()]
    assert list(contents.layout.headings) == header
    assert [list(row[1:]) for row in contents.rows] == rows
    assert contents.faults == []


@pytest.mark.parametrize("written", ["utf-8", "gb18030", "cp1252"])
def test_what_comes_late_tells_the_encoding(tmp_path: Path, written: str) -> None:
    late = "Müller" if written == "cp1252" else "深圳市"
    data = b"a,b\n" + b"1,plain\n" * 400_000 + f"2,{late}\n".encode(written)
    contents = read_bytes(tmp_path, data)
    assert contents.layout.encoding == written
    assert contents.rows[-1] == (400_002, "2", late)


def test_an_encoding_that_is_given_holds(tmp_path: Path) -> None:
    data = "a,b\n1,Größe\n".encode("cp1252")
    contents = read_bytes(tmp_path, data, encoding="GBK")
    assert contents.layout.encoding == "gb18030"
    assert contents.rows == [(2, "1", "Gr鲞e")]


@pytest.mark.parametrize("name", ["klingon", "base64", "idna", "a\0b", ""])
def test_unknown_encodings_are_refused(tmp_path: Path, name: str) -> None:
    code, message = refused_bytes(tmp_path, b"a,b\n1,2\n", encoding=name)
    assert code == ErrorCode.INVALID
    assert message == (
        f"No encoding is called {name!r}. Name one such as UTF-8, GB18030, "
        "windows-1252 or UTF-16, or leave it out to have it found."
    )


def test_bytes_that_do_not_decode_are_told(tmp_path: Path) -> None:
    data = "a,b\n1,深圳\n2,X\n3,Y\n".encode().replace(b"X", b"caf\xe9")
    contents = read_bytes(tmp_path, data.replace(b"Y", b"\0"))
    assert contents.rows == [(2, "1", "深圳"), (3, "2", None), (4, "3", None)]
    bad, nul = contents.faults
    assert (bad.row, bad.position, bad.column) == (3, 2, "b")
    assert (bad.code, bad.value) == (ErrorKind.ENCODING, "caf\\xE9")
    assert bad.message == (
        "There are bytes in this text that are none in UTF-8. "
        "Write it anew, or name the encoding that the file is in."
    )
    assert (nul.row, nul.code, nul.value) == (4, ErrorKind.ENCODING, "\\x00")
    assert nul.message == "There is a NUL byte in this text. Remove it."


def test_what_does_not_decode_in_a_given_encoding_is_told(tmp_path: Path) -> None:
    data = "a,b\n1,Müller\n2,x\n".encode("cp1252")
    contents = read_bytes(tmp_path, data, encoding="utf-8")
    assert contents.rows == [(2, "1", None), (3, "2", "x")]
    assert contents.told == [(2, 2, ErrorKind.ENCODING)]
    wrong = read_bytes(
        tmp_path, "a,b\n1,\x81\n2,x\n".encode("latin-1"), encoding="cp1252"
    )
    assert wrong.told == [(2, 2, ErrorKind.ENCODING)]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n", ";"),
        ("1,5;2,5;3,5\n1,5;2,5;3,5\n", ";"),
        ("a\tb\n1,2\t3\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ('a,b\n"x;y;z",2\n"x;y;z",3\n', ","),
        ("Title; of it\n\na,b,c\n1,2,3\n4,5,6\n", ","),
        ("name\nx, y\nz\n", "\t"),
        ("sep=;\na;b\n1;2\n", ";"),
    ],
    ids=[
        *("comma", "semicolon", "decimals", "tab", "pipe", "quoted", "title", "one"),
        "said",
    ],
)
def test_finds_the_delimiter(tmp_path: Path, text: str, delimiter: str) -> None:
    assert read_bytes(tmp_path, text.encode()).layout.delimiter == delimiter


def test_a_delimiter_that_is_given_holds(tmp_path: Path) -> None:
    contents = read_bytes(tmp_path, b"a:b\n1:2\n", delimiter=":")
    assert (contents.layout.headings, contents.rows) == (("a", "b"), [(2, "1", "2")])


PUT = (
    "Put a single character in its place that the data do not have, such as a tab, "
    "and upload that."
)


@pytest.mark.parametrize(
    "longer", ["||", "::", "~|~", "\t\t"], ids=["pipes", "colons", "mixed", "tabs"]
)
def test_longer_delimiters_are_refused(tmp_path: Path, longer: str) -> None:
    text = "\n".join(longer.join(row) for row in ("abc", "123", "456"))
    code, message = refused_bytes(tmp_path, text.encode())
    assert code == ErrorCode.UNSUPPORTED_FORMAT
    assert message.startswith(
        f"The columns of this file are separated by {longer!r}, which is more than one "
        f"character. {PUT}"
    )
    code, message = refused_bytes(tmp_path, text.encode(), delimiter=longer)
    assert (code, message) == (
        ErrorCode.INVALID,
        f"A delimiter is one character, and {longer!r} has {len(longer)}. {PUT}",
    )


@pytest.mark.parametrize(
    "wrong", ['"', "\n", "、", ""], ids=["quote", "LF", "wide", "no"]
)
def test_impossible_delimiters_are_refused(tmp_path: Path, wrong: str) -> None:
    code, message = refused_bytes(tmp_path, b"a,b\n1,2\n", delimiter=wrong)
    assert code == ErrorCode.INVALID
    assert message.startswith(f"{wrong!r} cannot separate fields.")
