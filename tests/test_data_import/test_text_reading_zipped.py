"""A text in a zip: unpacked while it is read, and refused where it is not one text."""

import zipfile
from pathlib import Path

import pytest

from core.errors import ErrorCode
from features.data_import.utils.types import ReadLimits
from tests.test_data_import.reading import read, refused

ROWS = "a,b\n1,中文\n2,x\n"


def packed(folder: Path, members: dict[str, str]) -> Path:
    path = folder / "table.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text.encode("gb18030"))
    return path


def test_reads_the_one_text(tmp_path: Path) -> None:
    members = {"out/": "", "out/a.csv": ROWS, "__MACOSX/out/._a.csv": "x"}
    found = read(packed(tmp_path, members))
    assert found.rows == [(2, "1", "中文"), (3, "2", "x")]
    assert found.layout.encoding == "gb18030"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"a.csv": ROWS, "b.csv": ROWS}, "This zip holds 2 files, and which to import"),
        ({}, "This zip holds 0 files, and which to import"),
        ({"a.zip": ROWS}, "This zip holds a.zip, which is not a csv file."),
    ],
    ids=["two", "none", "nested"],
)
def test_refuses_other_contents(
    tmp_path: Path, members: dict[str, str], message: str
) -> None:
    code, found = refused(packed(tmp_path, members))
    assert code == ErrorCode.UNSUPPORTED_FORMAT
    assert found.startswith(message)


def test_refuses_an_encrypted_one(tmp_path: Path) -> None:
    path = packed(tmp_path, {"a.csv": ROWS})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    code, message = refused(path)
    assert code == ErrorCode.UNSUPPORTED_FORMAT
    assert message.startswith("This zip is encrypted. Pack it without a password.")


def test_refuses_one_that_unpacks_too_far(tmp_path: Path) -> None:
    path = packed(tmp_path, {"a.csv": "a,b\n" + "1,2\n" * 100_000})
    assert refused(path, limits=ReadLimits(max_unpacked_bytes=300_000)) == (
        ErrorCode.LIMIT_EXCEEDED,
        "The zip unpacks to more than 300,000 bytes. "
        "Divide the file, and import its parts one after the other.",
    )


@pytest.mark.parametrize("at", [0.3, 0.6, 0.98], ids=["early", "middle", "late"])
def test_refuses_a_damaged_one(tmp_path: Path, at: float) -> None:
    path = packed(
        tmp_path, {"a.csv": "a,b\n" + "".join(f"{i},2\n" for i in range(9999))}
    )
    data = path.read_bytes()
    path.write_bytes(data[: int(at * len(data))])
    code, message = refused(path)
    assert (code, message) == (
        ErrorCode.CORRUPT_FILE,
        "This file is damaged: the zip cannot be unpacked. "
        "Save it again, and upload that.",
    )
    broken = bytearray(data)
    broken[len(data) // 2] ^= 0xFF
    path.write_bytes(broken)
    assert refused(path)[0] == ErrorCode.CORRUPT_FILE
