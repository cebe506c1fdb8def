"""Files that a reader of rows may die of, made on the spot."""

import io
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import xlsxwriter
from PIL import Image

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SECTOR: Final = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_MAKER: Final = random.Random(6)


def encrypted(path: Path) -> None:
    """Write what Excel stores when a password is set: an OLE file with the ciphers."""
    names = ("Root Entry", "EncryptionInfo", "EncryptedPackage")
    fat = [_FAT, _END, *[_FREE] * 126]
    head = _OLE + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<9I", 0, 1, 1, 0, 4096, _END, 0, _END, 0)
    head += struct.pack("<109I", 0, *[_FREE] * 108)
    directory = b"".join(_entry(name, at) for at, name in enumerate(names))
    body = head + struct.pack("<128I", *fat) + directory.ljust(_SECTOR, b"\0")
    path.write_bytes(body + _MAKER.randbytes(8 * _SECTOR))


def _entry(name: str, at: int) -> bytes:
    data = (name + "\0").encode("utf-16-le")
    kind = 2 if at else 5
    return data.ljust(64, b"\0") + struct.pack(
        "<HBBIII36xIQ", len(data), kind, 1, _FREE, _FREE, _FREE, _END, 0
    )


def truncated(path: Path) -> None:
    """Write the first two thirds of a workbook."""
    _book(path, 500)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])


def picture_only(path: Path) -> None:
    """Write a workbook whose one sheet shows a picture, and has no cell."""
    with xlsxwriter.Workbook(path) as book:
        picture = io.BytesIO()
        Image.new("RGB", (20, 20), "red").save(picture, "PNG")
        book.add_worksheet().insert_image(0, 0, "it.png", {"image_data": picture})


def far_cell(path: Path) -> None:
    """Write a workbook with one cell at each of the corners of a sheet."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("wide")
        sheet.write("A1", "name")
        sheet.write("XFD1048576", "far away")


def bomb(path: Path) -> None:
    """Write a zip whose directory tells of a csv of 5 GiB."""
    _zipped(path, size=5 * 2**30)


def lying_bomb(path: Path) -> None:
    """Write a zip whose directory tells of 100 bytes, and which has 64 MiB."""
    _zipped(path, size=100)


def _zipped(path: Path, size: int) -> None:
    line = b"1234567,abcdefg,7654321,gfedcba\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("rows.csv", "w") as member:
            for _ in range(64):
                member.write(line * 2**15)
        # The directory is written last.
        archive.filelist[0].file_size = size


def zip_in_zip(path: Path) -> None:
    """Write a zip that holds a zip that holds a csv."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("rows.csv", "a,b\n1,2\n")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())


def renamed_jpg(path: Path) -> None:
    """Write a photo that is named csv."""
    noise = np.frombuffer(_MAKER.randbytes(64 * 64 * 3), np.uint8)
    Image.fromarray(noise.reshape(64, 64, 3)).save(path, "JPEG")


def endless_line(path: Path) -> None:
    """Write 40 MB without a line break."""
    path.write_bytes(b"abcdefghijklmno," * 2_500_000)


def endless_quote(path: Path) -> None:
    """Write a quote that never ends, over lines of 20 MB."""
    path.write_bytes(b'a,b\n1,"2\n' + b"some text, and more\n" * 1_000_000)


def nothing_but_nul(path: Path) -> None:
    """Write 64 KiB of NUL bytes."""
    path.write_bytes(bytes(65_536))


def _book(path: Path, rows: int) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for row in range(rows):
            sheet.write_row(row, 0, [f"text {row}", row, _MAKER.random()])


MAKERS: Final[dict[str, Callable[[Path], None]]] = {
    "encrypted.xlsx": encrypted,
    "truncated.xlsx": truncated,
    "picture.xlsx": picture_only,
    "far.xlsx": far_cell,
    "bomb.zip": bomb,
    "lying.zip": lying_bomb,
    "zip_in_zip.zip": zip_in_zip,
    "photo.csv": renamed_jpg,
    "endless_line.csv": endless_line,
    "endless_quote.csv": endless_quote,
    "nul.csv": nothing_but_nul,
}
