"""What a caller may say of how a text is read, checked before any of it is read."""

import codecs
import io
from typing import Final
from zoneinfo import ZoneInfo

from features.data_import.exceptions import cannot_read_so

SPLIT_BY_ONE: Final = (
    "Put a single character in its place that the data do not have, such as a tab, "
    "and upload that."
)
# GB18030 holds all that these can say.
_WIDENED: Final = dict.fromkeys(("gb2312", "gbk", "cp936"), "gb18030")
_NO_CHARSETS: Final = frozenset(
    ("idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7")
)


def checked_delimiter(asked: str) -> str:
    """Return the delimiter that was asked for. Raises ImportFileError INVALID."""
    delimiter = "\t" if asked in ("\\t", "TAB", "tab") else asked
    if len(delimiter) > 1:
        raise cannot_read_so(
            f"A delimiter is one character, and {asked[:20]!r} has {len(asked)}. "
            + SPLIT_BY_ONE,
            "delimiter",
        )
    if not delimiter.isascii() or delimiter in ('"', "\r", "\n", "\0", ""):
        raise cannot_read_so(
            f"{asked!r} cannot separate fields. Use a comma, a semicolon, a tab, or "
            "another ASCII character that is no quote and no line break.",
            "delimiter",
        )
    return delimiter


def checked_encoding(asked: str) -> str:
    """Return Python's name of an encoding. Raises ImportFileError INVALID."""
    try:
        codec = codecs.lookup(asked.strip())
        # It refuses codecs that are no encodings of text.
        io.TextIOWrapper(io.BytesIO(), encoding=codec.name)
    except (LookupError, ValueError, UnicodeError) as error:
        raise _unknown(asked) from error
    if codec.name in _NO_CHARSETS or codec.incrementaldecoder is None:
        raise _unknown(asked)
    if codec.name == "utf-8-sig":
        return "utf-8"
    return _WIDENED.get(codec.name, codec.name)


def is_zone(name: str) -> bool:
    """Tell whether there is such a time zone."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return False
    return True


def _unknown(asked: str) -> Exception:
    return cannot_read_so(
        f"No encoding is called {asked[:40]!r}. Name one such as UTF-8, GB18030, "
        "windows-1252 or UTF-16, or leave it out to have it found.",
        "encoding",
    )
