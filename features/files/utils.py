"""Check and complete what a person announces of a file."""

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import AppError, ErrorCode
from core.validators import has_controls, is_content_type, is_sha256

MAX_FILENAME_LENGTH: Final = 255
_KNOWN_TYPES: Final = {
    ".psb": "image/vnd.adobe.photoshop",
    ".psd": "image/vnd.adobe.photoshop",
}


@dataclass(frozen=True, slots=True)
class Announcement:
    """An upload as announced: `size` in bytes, `sha256` in lower-case hex."""

    filename: str
    size: int
    content_type: str | None
    sha256: str | None

    @property
    def stored_type(self) -> str:
        """The announced content type, else what the name's ending says."""
        return self.content_type or guess_content_type(self.filename)


def check_announcement(
    filename: str,
    size: int,
    content_type: str | None,
    sha256: str | None,
    *,
    max_bytes: int,
) -> Announcement:
    """Return the announcement in one form; AppError that names the field at fault."""
    _check_filename(filename)
    _check_size(size, max_bytes)
    if content_type is not None and not is_content_type(content_type):
        raise _invalid("contentType", "The content type is not like 'image/png'.")
    digest = sha256.lower() if sha256 is not None else None
    if digest is not None and not is_sha256(digest):
        raise _invalid("sha256", "A sha256 has 64 hexadecimal digits.")
    return Announcement(filename, size, content_type, digest)


def guess_content_type(filename: str) -> str:
    """Return the content type that a file's ending stands for."""
    known = _KNOWN_TYPES.get(Path(filename).suffix.lower())
    return known or mimetypes.guess_type(filename)[0] or "application/octet-stream"


def sha256_of_file(path: Path) -> str:
    """Hash a file: hex. Blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_filename(filename: str) -> None:
    if not filename.strip():
        raise AppError(
            ErrorCode.REQUIRED, "A file needs a name.", field=("input", "filename")
        )
    if len(filename) > MAX_FILENAME_LENGTH:
        raise _invalid(
            "filename", f"A file's name has at most {MAX_FILENAME_LENGTH} characters."
        )
    if "/" in filename or "\\" in filename or filename in (".", ".."):
        raise _invalid("filename", "A file's name must not be a path.")
    if has_controls(filename):
        raise _invalid("filename", "A file's name must not hold control characters.")


def _check_size(size: int, max_bytes: int) -> None:
    if size <= 0:
        raise _invalid("size", "A file has at least 1 byte.")
    if size > max_bytes:
        raise AppError(
            ErrorCode.TOO_LARGE,
            f"A file has at most {max_bytes} bytes.",
            field=("input", "size"),
        )


def _invalid(field: str, message: str) -> AppError:
    return AppError(ErrorCode.INVALID, message, field=("input", field))
