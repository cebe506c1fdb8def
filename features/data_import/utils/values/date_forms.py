"""Notations of dates and times, as regular expressions."""

import re
from typing import Final, NamedTuple

_HALF = r"(?:[AaPp]\.?[Mm]\.?|上午|下午)"
OFFSET: Final = r"(?:[Zz]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)"
_CLOCK = (
    rf"(?P<before>{_HALF})? ?(?P<hour>[0-9]{{1,2}}):(?P<minute>[0-9]{{2}})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    rf" ?(?P<after>{_HALF})? ?(?P<offset>{OFFSET})?"
)
_TIME = rf"(?:(?:T|,? +){_CLOCK})?$"
_MONTHS = (
    r"(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
MONTHS: Final = {
    name: number
    for number, name in enumerate(
        "jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1
    )
}
_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"
_NAME = rf"(?P<name>{_MONTHS})\.?"
_YEAR = r"(?P<year>[0-9]{4}|[0-9]{2})"
_FULL_YEAR = r"(?P<year>[0-9]{4})"
_TWO = "[0-9]{1,2}"


class Notation(NamedTuple):
    """A way to write dates: `shape` matches it, `parts` takes it apart.

    Numeric dates have the parts `first`, `second` and `third`, for day, month and year
    in an order that the column tells; all others name their parts.
    """

    shape: str
    parts: str
    is_numeric: bool = False


def _notation(date: str, time: str = _TIME) -> Notation:
    parts = f"^{date}{time}"
    # Without captures it is matched many times as fast.
    shape = re.sub(r"\?P<[a-z]+>", "?:", parts)
    return Notation(shape, parts, "<first>" in date)


def _separated(mark: str) -> tuple[Notation, Notation]:
    """Make the notations with `mark`: year first, and numeric."""
    year_first = rf"{_FULL_YEAR}{mark}(?P<month>{_TWO}){mark}(?P<day>{_TWO})"
    numeric = (
        rf"(?P<first>{_TWO}){mark}(?P<middle>{_TWO})"
        rf"{mark}(?P<third>[0-9]{{4}}|[0-9]{{2}})"
    )
    return _notation(year_first), _notation(numeric)


NOTATIONS: Final = (
    *_separated("-"),
    *_separated("/"),
    *_separated(r"\."),
    _notation(
        rf"{_FULL_YEAR}年 ?(?P<month>{_TWO}) ?月 ?(?P<day>{_TWO}) ?日",
        rf"(?: *{_CLOCK})?$",
    ),
    _notation(rf"{_DAY}[-/ ]?{_NAME}(?:[-/]|,? ?){_YEAR}"),
    _notation(rf"{_NAME}[- ]{_DAY}(?:-|, ?| ){_FULL_YEAR}"),
    _notation(rf"{_FULL_YEAR}[-/ ]{_NAME}[-/ ]{_DAY}"),
)
SHAPES: Final = "|".join(f"(?:{notation.shape})" for notation in NOTATIONS)
