"""What is wrong with a text that does not fit, and what to do about it."""

import polars as pl

from features.data_import.utils.types import NUMBERS, ColumnType, ErrorKind
from features.data_import.utils.values import numbers
from features.data_import.utils.values.dates import parts, stamps
from features.data_import.utils.values.reading import Mark, Order, Reading
from features.data_import.utils.values.texts import bare, where

type Told = tuple[ErrorKind, str]

_NO_NUMBER = (
    ErrorKind.NOT_A_NUMBER,
    "This is no number. Write digits only, with a decimal mark where needed.",
)
_UNCLEAR_MARK = (
    ErrorKind.AMBIGUOUS,
    "The point or comma here may mark decimals or thousands. Write the number without "
    "marks for thousands.",
)
_NOT_WHOLE = (
    ErrorKind.NOT_A_NUMBER,
    "This is no whole number. Write it without decimals.",
)
_TOO_LARGE = (
    ErrorKind.OUT_OF_RANGE,
    "This number is too large. Write a smaller one.",
)
_NO_DATE = (
    ErrorKind.NOT_A_DATE,
    "This is no date, or a day or time that does not exist. Write it as 2024-07-05, "
    "with the time as 06:59:12 where there is one.",
)
_UNCLEAR_ORDER = (
    ErrorKind.AMBIGUOUS,
    "Nothing in this column tells whether the day or the month comes first. Write dates "
    "as 2024-07-05, or say in which order they are.",
)


def misfit_kind(reading: Reading) -> ErrorKind:
    """Return what a text is that cannot be read as the column's type at all."""
    match reading.type:
        case ColumnType.DATE | ColumnType.TIMESTAMP:
            return ErrorKind.NOT_A_DATE
        case ColumnType.BOOLEAN:
            return ErrorKind.NOT_A_BOOLEAN
        case _:
            return ErrorKind.NOT_A_NUMBER


def message(text: str, reading: Reading) -> Told:
    """Return the kind of `text`'s misfit, and what its owner is to do about it.

    AMBIGUOUS under a reading that was told from a part of the rows may be readable when
    all rows are known.
    """
    return messages(pl.Series([text], dtype=pl.String), reading)[0]


def messages(texts: pl.Series, reading: Reading) -> list[Told]:
    """Return what `message` does for each of many texts, none of which is null."""
    plain = bare(texts)
    if reading.type in NUMBERS:
        return _numbers(plain, reading)
    if reading.type is ColumnType.BOOLEAN:
        told = (ErrorKind.NOT_A_BOOLEAN, "This is no boolean. Write true or false.")
        return [told] * len(plain)
    return _dates(plain, reading)


def _numbers(plain: pl.Series, reading: Reading) -> list[Told]:
    point, comma = numbers.fits(plain, Mark.POINT), numbers.fits(plain, Mark.COMMA)
    # The column's mark counts where the number has it, else the point.
    is_comma = comma if reading.mark is Mark.COMMA else comma & ~point
    facts = zip(
        point,
        comma,
        numbers.is_marked(plain),
        _has_decimals(plain, point & ~is_comma, is_comma),
        strict=True,
    )
    return [_number(reading, *fact) for fact in facts]


def _has_decimals(
    plain: pl.Series, is_point: pl.Series, is_comma: pl.Series
) -> pl.Series:
    """Return which numbers, read with the one mark or the other, are no whole ones."""
    found = pl.repeat(False, len(plain), dtype=pl.Boolean, eager=True)
    for mark, mask in ((Mark.POINT, is_point), (Mark.COMMA, is_comma)):
        fraction = numbers.amounts(where(mask, plain), mark)["fraction"]
        found |= (fraction.str.strip_chars_end("0") != "").fill_null(False)
    return found


def _number(
    reading: Reading, point: bool, comma: bool, is_marked: bool, has_decimals: bool
) -> Told:
    """Tell of a number that is one with the decimal marks `point`, `comma`, or none."""
    if not (point or comma):
        return _NO_NUMBER
    unclear = reading.mark is Mark.MIXED and point and comma
    if is_marked and (unclear or reading.mark is Mark.UNSEEN):
        return _UNCLEAR_MARK
    if reading.mark in (Mark.POINT, Mark.COMMA):
        if not (point if reading.mark is Mark.POINT else comma):
            return ErrorKind.AMBIGUOUS, (
                f"The column's decimal mark is {reading.mark.value!r}, which does not "
                "fit this number. Write it as the others are written."
            )
    if reading.type is ColumnType.INTEGER and has_decimals:
        return _NOT_WHOLE
    return _TOO_LARGE


def _dates(plain: pl.Series, reading: Reading) -> list[Told]:
    taken = parts(plain)
    facts = zip(
        stamps(taken, Order.DMY).is_not_null(),
        stamps(taken, Order.MDY).is_not_null(),
        taken["third"].is_null(),
        strict=True,
    )
    return [_date(reading, *fact) for fact in facts]


def _date(reading: Reading, dmy: bool, mdy: bool, is_ordered: bool) -> Told:
    """Tell of a date that is one in the orders `dmy`, `mdy`, or in none."""
    if not (dmy or mdy):
        return _NO_DATE
    fits = {Order.DMY: dmy, Order.MDY: mdy}.get(reading.order, False)
    if is_ordered or fits:
        return _no_moment(reading)
    if reading.order in (Order.MIXED, Order.UNSEEN):
        return _UNCLEAR_ORDER
    return ErrorKind.AMBIGUOUS, (
        f"The column's dates are written {reading.order.value}, and this one cannot be. "
        "Write it as 2024-07-05."
    )


def _no_moment(reading: Reading) -> Told:
    if reading.type is ColumnType.DATE:
        return ErrorKind.NOT_A_DATE, (
            "This is a time of a day, and the column holds days. Leave the time out."
        )
    return ErrorKind.AMBIGUOUS, (
        "Clocks skip or repeat this time in the file's time zone. Write the offset "
        "behind it, as in 2024-07-05 06:59:12+08:00."
    )
