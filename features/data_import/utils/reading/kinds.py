"""Files that are no table at all, known by how they begin."""

import re
from typing import Final

from features.data_import.exceptions import corrupt, unsupported

_KINDS: Final = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"8BPS", "a Photoshop document"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"Rar!", "a rar archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"{\\rtf", "an RTF document"),
)
_MARKUP: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|!doctype|html|table|meta|head|body)\b", re.I
)
_CONTROL: Final = bytes(b for b in range(32) if b not in b"\t\n\v\f\r\x1a\x1b")
# Control characters among the first bytes that no text has; fewer are faults of rows.
_BINARY_SHARE: Final = 0.2


def refuse_other_kinds(head: bytes, filename: str) -> None:
    """Raise UNSUPPORTED_FORMAT for a file that begins as no table does."""
    for magic, kind in _KINDS:
        if head.startswith(magic):
            raise unsupported(f"{filename} is {kind}, not a table.")
    if _MARKUP.match(head):
        raise unsupported(
            f"{filename} is a web page or XML, whatever its name says. "
            "Open it in a spreadsheet program, and save it as xlsx."
        )


def refuse_binary(head: bytes) -> None:
    """Raise an error for bytes that are no text: CORRUPT_FILE where most are NUL."""
    if 2 * head.count(0) > len(head):
        raise corrupt("it is filled with NUL bytes instead of text")
    controls = len(head) - len(head.translate(None, _CONTROL))
    if controls > _BINARY_SHARE * len(head):
        raise unsupported("This file is neither a text nor a workbook.")
