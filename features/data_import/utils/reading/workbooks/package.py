"""The zip that a workbook is: its parts unpacked in pieces, whatever it says of them."""

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from isal import isal_zlib

from features.data_import.exceptions import (
    ImportFileError,
    corrupt,
    over_limit,
    unsupported,
)

_CHUNK: Final = 1024 * 1024
_LOCAL_HEADER: Final = struct.Struct("<4s22xHH")
_LOCAL_MAGIC: Final = b"PK\x03\x04"
_END_MAGIC: Final = b"PK\x05\x06"
_ENCRYPTED: Final = 1
_MAX_PARTS: Final = 20_000


def protected() -> ImportFileError:
    """Make the error of a workbook that cannot be read without its password."""
    return unsupported(
        "This workbook is protected by a password: remove it and save again."
    )


class Package:
    """A zip whose directory is checked, and each of whose parts unpacks to its size.

    `unpacked` counts bytes; past `limit` reading raises LIMIT_EXCEEDED. Damage, and a
    directory that contradicts what is there, raises CORRUPT_FILE.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._limit = limit
        self.unpacked = 0
        self._parts = _directory(path)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all parts, as they stand in the directory."""
        return tuple(part.filename for part in self._parts.values())

    def __contains__(self, name: str) -> bool:
        return name.casefold() in self._parts

    def read(self, name: str, limit: int) -> bytes:
        """Unpack a whole part of at most `limit` bytes."""
        pieces, size = [], 0
        for piece in self.stream(name):
            size += len(piece)
            if size > limit:
                raise corrupt(f"its part {name} has more than {limit:,} bytes")
            pieces.append(piece)
        return b"".join(pieces)

    def stream(self, name: str) -> Iterator[bytes]:
        """Unpack a part in pieces of about 1 MiB."""
        part = self._parts[name.casefold()]
        size = 0
        with self._path.open("rb") as file:
            _seek_data(file, part)
            for piece in _unpack(file, part):
                size += len(piece)
                self._count(len(piece))
                yield piece
        if size != part.file_size:
            raise corrupt(
                f"its part {name} unpacks to {size:,} bytes, and the zip's directory "
                f"says {part.file_size:,}"
            )

    def _count(self, size: int) -> None:
        self.unpacked += size
        if self.unpacked > self._limit:
            raise over_limit(
                f"This workbook unpacks to more than {self._limit:,} bytes. Save it as "
                "csv, or divide it, and import its parts one after the other."
            )


def _directory(path: Path) -> dict[str, zipfile.ZipInfo]:
    """Return the parts by casefolded name, as the library that reads them finds them."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            comment = archive.comment
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise corrupt(
            "the directory at its end is missing or broken, as after an upload that "
            "was cut off"
        ) from error
    named = {part.filename.casefold(): part for part in parts}
    if len(named) != len(parts):
        raise corrupt("its zip has two parts of the same name")
    if len(parts) > _MAX_PARTS:
        raise corrupt(f"its zip has {len(parts):,} parts")
    if _END_MAGIC in comment:
        raise corrupt("its zip has two directories")
    if any(part.flag_bits & _ENCRYPTED for part in parts):
        raise protected()
    _check_places(parts, path.stat().st_size)
    return named


def _check_places(parts: list[zipfile.ZipInfo], file_size: int) -> None:
    """Raise CORRUPT_FILE where parts overlap, or reach past the end of the file."""
    end = 0
    for part in sorted(parts, key=lambda part: part.header_offset):
        if part.header_offset < end:
            raise corrupt(f"its part {part.filename} overlaps another one")
        end = part.header_offset + _LOCAL_HEADER.size + part.compress_size
        if end > file_size:
            raise corrupt(f"its part {part.filename} reaches past the end of the file")


def _seek_data(file: BinaryIO, part: zipfile.ZipInfo) -> None:
    file.seek(part.header_offset)
    header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or not header.startswith(_LOCAL_MAGIC):
        raise corrupt(f"its part {part.filename} is not where the zip says")
    _, name_size, extra_size = _LOCAL_HEADER.unpack(header)
    file.seek(name_size + extra_size, 1)


def _unpack(file: BinaryIO, part: zipfile.ZipInfo) -> Iterator[bytes]:
    packed = part.compress_size
    if part.compress_type == zipfile.ZIP_STORED:
        while packed and (piece := file.read(min(_CHUNK, packed))):
            packed -= len(piece)
            yield piece
        return
    if part.compress_type != zipfile.ZIP_DEFLATED:
        raise unsupported("This workbook is packed by a method that is not read.")
    inflater = isal_zlib.decompressobj(-15)
    rest = b""
    while not inflater.eof:
        if not rest:
            rest = file.read(min(_CHUNK // 4, packed))
            packed -= len(rest)
        is_end = not rest
        try:
            piece = inflater.decompress(rest, _CHUNK)
        except isal_zlib.IsalError as error:  # type: ignore[misc]
            raise corrupt(f"its part {part.filename} cannot be unpacked") from error
        rest = inflater.unconsumed_tail
        if piece:
            yield piece
        elif is_end and not inflater.eof:
            raise corrupt(f"its part {part.filename} is cut off")
