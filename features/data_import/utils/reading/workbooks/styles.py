"""Which formats of an xlsx workbook show a duration, and which a time without a date."""

import re
from html import unescape
from typing import Final

# Of the formats that have a number and no code: [h]:mm:ss, and those of times.
_DURATIONS: Final = frozenset((46,))
_TIMES: Final = frozenset((18, 19, 20, 21, 45, 47))
# Possessive, so that nothing in a hostile file is read again and again.
_ATTRIBUTES: Final = rb"((?:[^\"'<>]++|\"[^\"<]*+\"|'[^'<]*+')*+)>"
_FORMAT: Final = re.compile(rb"<(?:\w+:)?numFmt\s" + _ATTRIBUTES)
_STYLE: Final = re.compile(rb"<(?:\w+:)?xf\b" + _ATTRIBUTES)
_STYLES: Final = re.compile(rb"<(?:\w+:)?cellXfs\b")
_STYLES_END: Final = re.compile(rb"</(?:\w+:)?cellXfs\b")
_ID: Final = re.compile(rb"\bnumFmtId\s*=\s*[\"'](\d{1,9})[\"']")
_CODE: Final = re.compile(rb"\bformatCode\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
# Excel takes 255 characters.
_LONGEST: Final = 500
_LITERAL: Final = re.compile(r"\"[^\"]*\"|[\\_*].")
_ELAPSED: Final = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_BRACKETS: Final = re.compile(r"\[[^\]]*\]|am/pm|a/p|上午/下午|general", re.IGNORECASE)


def time_styles(data: bytes) -> dict[int, bool]:
    """Return the cell styles of styles.xml that show times, by their number.

    True is a duration, such as [h]:mm; False is a time of day, such as h:mm.
    """
    formats = dict.fromkeys(_DURATIONS, True) | dict.fromkeys(_TIMES, False)
    for found in _FORMAT.finditer(data):
        number, code = _ID.search(found[1]), _CODE.search(found[1])
        if number and code:
            text = (code[1] or code[2] or b"").decode(errors="replace")
            formats.pop(int(number[1]), None)
            if (is_duration := _is_duration(unescape(text)[:_LONGEST])) is not None:
                formats[int(number[1])] = is_duration
    styles = {}
    for position, style in enumerate(_STYLE.finditer(_cell_styles(data))):
        number = _ID.search(style[1])
        if number and int(number[1]) in formats:
            styles[position] = formats[int(number[1])]
    return styles


def _cell_styles(data: bytes) -> bytes:
    start = _STYLES.search(data)
    end = _STYLES_END.search(data, start.end()) if start else None
    return data[start.end() : end.start()] if start and end else b""


def _is_duration(code: str) -> bool | None:
    """Tell durations from times of day; None is any other format."""
    plain = _LITERAL.sub("", code)
    if _ELAPSED.search(plain):
        return True
    letters = set(_BRACKETS.sub("", plain).lower())
    is_time = letters & set("hs") and not letters & set("ydegb")
    return False if is_time else None
