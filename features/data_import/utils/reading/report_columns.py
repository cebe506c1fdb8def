"""Files that we made ourselves: reports of rejected rows, mended and sent in again."""

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from features.data_import.utils.types import REPORT_ERRORS, REPORT_ROW

# What a spreadsheet program would run as a formula has a ' before it in a report; what
# looked like that to begin with has one more.
_DEFUSED: Final = "^'+[=+\\-@\t\r]"
_QUOTED: Final = re.compile(_DEFUSED)
_RUNS: Final = re.compile("'*[=+\\-@\t\r]")
_PLAIN_NUMBER: Final = re.compile(r"[-+]?(?:\d[\d.,]*|\.\d+)(?:[eE][-+]?\d+)?%?")


def own_columns(headings: Sequence[str]) -> tuple[int, ...]:
    """Return the columns, from 0, that a report has beside the file's: two, or none."""
    found = [heading.strip() for heading in headings]
    if REPORT_ROW not in found or REPORT_ERRORS not in found:
        return ()
    return tuple(sorted((found.index(REPORT_ROW), found.index(REPORT_ERRORS))))


def errors_column(headings: Sequence[str]) -> int:
    """Return a report's column of reasons, from 0."""
    return [heading.strip() for heading in headings].index(REPORT_ERRORS)


def defused(text: str) -> str:
    """Put a ' before a text that a spreadsheet program would run; numbers stay."""
    if _RUNS.match(text) and not _PLAIN_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def kept_apart(text: str) -> str:
    """Put a ' before a text that looks defused, where nothing else needs one."""
    return f"'{text}" if _QUOTED.match(text) else text


def undefused_text(text: str) -> str:
    """Give a text of a report its first form back."""
    return text[1:] if _QUOTED.match(text) else text


def undefused(frame: pl.DataFrame) -> pl.DataFrame:
    """Give the texts of a report their first form back: without the ' before = + - @."""
    texts = pl.col(pl.String)
    return frame.with_columns(
        pl.when(texts.str.contains(_DEFUSED))
        .then(texts.str.slice(1))
        .otherwise(texts)
        .name.keep()
    )
