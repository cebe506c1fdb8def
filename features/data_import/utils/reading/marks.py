"""Bytes that are no text, kept visible until their rows have been found.

A byte that does not decode becomes one character at the very end of Unicode's private
use, which says which byte it was; a NUL byte, which no text column can hold, as well.
"""

import codecs
import re
from typing import Final

_FIRST: Final = 0x10FF00
MARK_PATTERN: Final = "[\U0010ff00-\U0010ffff]"
ERRORS: Final = "onemanage-mark"
_MARK: Final = re.compile(MARK_PATTERN)
_PREFIXES: Final = (b"\xf4\x8f\xbc", b"\xf4\x8f\xbd", b"\xf4\x8f\xbe", b"\xf4\x8f\xbf")
NUL: Final = chr(_FIRST).encode()


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Stand in for bytes that do not decode; the line ends among them stay."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wide = error.encoding.lower().startswith(("utf-16", "utf-32", "utf16", "utf32"))
    bad = error.object[error.start : error.end]
    text = "".join(chr(b if b < 0x80 and not wide else _FIRST + b) for b in bad)
    return text, error.end


codecs.register_error(ERRORS, _mark)


def are_marked(data: bytes) -> bool:
    """Tell whether UTF-8 bytes have a mark in them."""
    return b"\xf4\x8f" in data and any(prefix in data for prefix in _PREFIXES)


def count_marks(text: str) -> int:
    """Return how many bytes of `text` did not decode."""
    return len(_MARK.findall(text))


def shown(text: str) -> str:
    """Return `text` with its marks as escapes, such as caf\\xE9."""
    return _MARK.sub(lambda mark: f"\\x{ord(mark[0]) - _FIRST:02X}", text)
