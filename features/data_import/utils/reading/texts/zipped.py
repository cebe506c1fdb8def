"""One text in a zip, unpacked as it is read, and never further than the limit."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, cast

from features.data_import.exceptions import (
    ImportFileError,
    corrupt,
    over_limit,
    unsupported,
)
from features.data_import.utils.types import ReadLimits

_TEXTS: Final = (".csv", ".tsv", ".tab", ".txt")
_WORKBOOK: Final = ("[Content_Types].xml", "mimetype", "xl/workbook.xml", "content.xml")
_ENCRYPTED: Final = 1
_DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    OSError,
    UnicodeDecodeError,
)


class MemberSource:
    """The bytes of a zip's member. Reading raises ImportFileError."""

    def __init__(self, path: Path, name: str, size: int, limit: int) -> None:
        self._path = path
        self._name = name
        self._limit = limit
        self.size = size

    def open(self) -> BinaryIO:
        """Open the member; the archive is opened anew, so that readers are apart."""
        with _damage():
            member = zipfile.ZipFile(self._path).open(self._name)
        capped = _Capped(cast(BinaryIO, member), self._limit)
        return cast(BinaryIO, io.BufferedReader(capped))


class _Capped(io.RawIOBase):
    """A stream that refuses to give more than `limit` bytes."""

    def __init__(self, member: BinaryIO, limit: int) -> None:
        super().__init__()
        self._member = member
        self._limit = limit
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with _damage():
            data = self._member.read(len(buffer))
        self._read += len(data)
        if self._read > self._limit:
            raise _too_large(self._limit)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._member.close()
        super().close()


def open_member(path: Path, limits: ReadLimits) -> MemberSource | None:
    """Return the one text in a zip; None where the zip is a workbook.

    Raises ImportFileError: damaged, encrypted, or not exactly one text in it.
    """
    with _damage(), zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if any(member.filename in _WORKBOOK for member in members):
        return None
    files = [member for member in members if not _is_litter(member)]
    if len(files) != 1:
        raise unsupported(
            f"This zip holds {len(files)} files, and which to import is not clear. "
            "A zip must hold exactly one."
        )
    (member,) = files
    if member.flag_bits & _ENCRYPTED:
        raise unsupported("This zip is encrypted. Pack it without a password.")
    if not member.filename.lower().endswith(_TEXTS):
        raise unsupported(f"This zip holds {member.filename}, which is not a csv file.")
    if member.file_size > limits.max_unpacked_bytes:
        raise _too_large(limits.max_unpacked_bytes)
    return MemberSource(
        path, member.filename, member.file_size, limits.max_unpacked_bytes
    )


def _is_litter(member: zipfile.ZipInfo) -> bool:
    """Tell whether a member is a folder, or what macOS and Windows leave in a zip."""
    path = PurePosixPath(member.filename)
    hidden = path.name.startswith(".") or path.name.lower() in (
        "thumbs.db",
        "desktop.ini",
    )
    return member.is_dir() or hidden or "__MACOSX" in path.parts


def _too_large(limit: int) -> ImportFileError:
    return over_limit(
        f"The zip unpacks to more than {limit:,} bytes. "
        "Divide the file, and import its parts one after the other."
    )


@contextmanager
def _damage() -> Iterator[None]:
    """Turn what the zip library says of a damaged or foreign zip into our errors."""
    try:
        yield
    except NotImplementedError as error:
        raise unsupported("This zip is packed by a method that is not read.") from error
    except RuntimeError as error:
        raise unsupported("This zip is encrypted. Pack it without a password.") from (
            error
        )
    except _DAMAGED as error:
        raise corrupt("the zip cannot be unpacked") from error
