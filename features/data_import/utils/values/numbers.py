"""Numbers in every notation, read exactly."""

from typing import Final

import polars as pl

from features.data_import.utils.types import ColumnType
from features.data_import.utils.values.reading import MAX_DIGITS, Mark, Reading
from features.data_import.utils.values.texts import where

_CURRENCY = (
    r"(?:(?:US|HK|NT|SG|[ACRS])?\$|[¥€£₹₩₽₺₫₱฿₪]|元|円|kr|zł|Kč|CNY|RMB|USD|EUR|GBP|JPY"
    r"|HKD|TWD|KRW|INR|AUD|CAD|CHF|SGD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RUB|BRL|MXN|TRY|THB"
    r"|MYR|IDR|VND|PHP|ZAR|AED|SAR|ILS)"
)
_EXPONENT = r"[eE][-+]?[0-9]{1,3}"


def _pattern(mark: str, other: str) -> str:
    """Make the expression of all notations with `mark` before the decimals."""
    grouped = (
        rf"(?:[1-9][0-9]{{0,2}}(?:(?:{other}[0-9]{{3}})+|(?: [0-9]{{3}})+"
        rf"|(?:'[0-9]{{3}})+)|[1-9][0-9]?(?:{other}[0-9]{{2}})+{other}[0-9]{{3}})"
    )
    body = (
        rf"(?:{grouped}(?:{mark}[0-9]+)?"
        rf"|(?:[0-9]+(?:{mark}[0-9]+)?|{mark}[0-9]+)(?:{_EXPONENT})?)"
    )
    before, after = f"(?:{_CURRENCY} ?)?", f"(?: ?%)?(?: ?{_CURRENCY})?"
    return (
        rf"^(?:[-+]? ?{before}{body}{after}|{before}[-+]{body}{after}"
        rf"|{before}{body}{after}-|\({before}{body}{after}\)|{before}\({body}{after}\))$"
    )


_PATTERNS: Final = {
    Mark.POINT: _pattern(r"\.", ","),
    Mark.COMMA: _pattern(",", r"\."),
}
# What no dataset takes for a number: leading zeros, and a plus before a whole number.
_CODE = r"^[^0-9.,]*0[0-9]|^\+[0-9]+$|^[0-9]+[eE][0-9]+$"
_ZEROS = "0" * 1000


def fits(texts: pl.Series, mark: Mark) -> pl.Series:
    """Return which bare `texts` are numbers whose decimal mark is POINT or COMMA."""
    return texts.str.contains(_PATTERNS[mark])


def is_marked(texts: pl.Series) -> pl.Series:
    """Return which `texts` have a point or a comma."""
    return texts.str.contains("[.,]")


def is_code(texts: pl.Series) -> pl.Series:
    """Return which `texts` would lose what may well mean something.

    Zeros, a plus, or the letter of 12E3: programs write exponents with a sign.
    """
    return texts.str.contains(_CODE)


def is_percent(texts: pl.Series) -> pl.Series:
    """Return which `texts` are percentages."""
    return texts.str.contains("%", literal=True)


def signs(texts: pl.Series) -> pl.Series:
    """Return the currency signs at `texts`, which are numbers; "" where there is none."""
    return texts.str.replace_all(rf"{_EXPONENT}$|[-+0-9.,' ()%]+", "")


def amounts(texts: pl.Series, mark: Mark) -> pl.DataFrame:
    """Take numbers apart: minus ("-" or ""), whole (digits without leading zeros),
    fraction (digits), and whether the text is whole: without decimals or exponent.
    """
    text = pl.col("text")
    exponent = text.str.extract(r"[0-9][eE]([-+]?[0-9]{1,3})$")
    mantissa = text.str.replace(rf"{_EXPONENT}$", "")
    kept = mantissa.str.replace_all(f"[^0-9{mark.value}]+", "")
    parts = kept.str.splitn(mark.value, 2)
    return _shifted(
        texts.to_frame("text")
        .with_columns(
            pl.when(mantissa.str.contains(r"^[^0-9.,]*[-(]|-[^0-9]*$"))
            .then(pl.lit("-"))
            .otherwise(pl.lit(""))
            .alias("minus"),
            parts.struct.field("field_0").alias("whole"),
            parts.struct.field("field_1").fill_null("").alias("fraction"),
            exponent.is_not_null().alias("scientific"),
            (
                exponent.cast(pl.Int32).fill_null(0)
                - text.str.contains("%", literal=True).cast(pl.Int32) * 2
            ).alias("shift"),
        )
        .with_columns(
            is_whole=(pl.col("fraction") == "")
            & (pl.col("shift") == 0)
            & ~pl.col("scientific")
        )
    ).select(
        "minus",
        pl.col("whole").str.strip_chars_start("0"),
        "fraction",
        "is_whole",
    )


def _shifted(parts: pl.DataFrame) -> pl.DataFrame:
    """Move the mark of each number by its `shift`, to the right where it is positive."""
    if (parts["shift"] == 0).all():
        return parts
    shift = pl.col("shift")
    zeros = pl.lit(_ZEROS).str.slice(0, shift.abs().cast(pl.UInt32))
    none = pl.lit("")
    digits = pl.concat_str(
        pl.when(shift < 0).then(zeros).otherwise(none),
        "whole",
        "fraction",
        pl.when(shift > 0).then(zeros).otherwise(none),
    )
    point = pl.col("whole").str.len_bytes().cast(pl.Int32) + shift.clip(0)
    point = point.cast(pl.UInt32)
    moved = digits.str.slice(point)
    return parts.with_columns(
        whole=digits.str.head(point),
        fraction=pl.when(pl.col("scientific"))
        .then(moved.str.strip_chars_end("0"))
        .otherwise(moved),
    )


def fast_numbers(texts: pl.Series, reading: Reading) -> pl.Series:
    """Return numbers in the plainest form of the column, null for all other texts."""
    type = number_type(reading)
    if reading.percent:
        return pl.repeat(None, len(texts), dtype=type, eager=True)
    plain = "[0-9]{1,18}" if reading.declared else "(?:0|[1-9][0-9]{0,17})"
    mark = reading.mark.value
    if mark in (".", ",") and reading.type is ColumnType.DECIMAL and reading.scale:
        plain += rf"(?:[{mark}][0-9]{{1,{reading.scale}}})?"
    fitting = texts.str.contains(f"^-?{plain}$")
    if reading.mark is Mark.COMMA:
        texts = texts.str.replace(",", ".", literal=True)
    return where(fitting, texts.cast(type, strict=False))


def numbers(texts: pl.Series, reading: Reading) -> pl.Series:
    """Return bare `texts` as Int64 or Decimal(38, scale), null where they do not fit."""
    if not reading.declared:
        texts = where(_is_as_seen(texts, reading), texts)
    point, comma = fits(texts, Mark.POINT), fits(texts, Mark.COMMA)
    match reading.mark:
        case Mark.POINT:
            return _read(where(point, texts), Mark.POINT, reading)
        case Mark.COMMA:
            return _read(where(comma, texts), Mark.COMMA, reading)
        case Mark.UNSEEN:
            return _read(where(point & ~is_marked(texts), texts), Mark.POINT, reading)
        case Mark.MIXED:
            clear = ~(point & comma & is_marked(texts))
            pointed = _read(where(point & clear, texts), Mark.POINT, reading)
            rest = where(comma & ~point, texts)
            return pointed.zip_with(
                pointed.is_not_null(), _read(rest, Mark.COMMA, reading)
            )


def number_type(reading: Reading) -> pl.DataType:
    """Return the Polars type of a column of numbers."""
    if reading.type is ColumnType.INTEGER:
        return pl.Int64()
    return pl.Decimal(MAX_DIGITS, reading.scale)


def _is_as_seen(texts: pl.Series, reading: Reading) -> pl.Series:
    """Return which `texts` have only what the profile of a dataset saw."""
    seen = ~is_code(texts) & (is_percent(texts) == reading.percent)
    return seen & signs(texts).is_in(["", reading.sign])


def _read(texts: pl.Series, mark: Mark, reading: Reading) -> pl.Series:
    """Return `texts`, numbers all, as values; null where the type has no room."""
    whole, fraction = pl.col("whole"), pl.col("fraction")
    if reading.type is ColumnType.INTEGER:
        is_whole = pl.col("is_whole")
        if reading.declared:
            is_whole = fraction.str.strip_chars_end("0") == ""
        value = pl.concat_str("minus", pl.lit("0"), whole).cast(pl.Int64, strict=False)
        return amounts(texts, mark).select(pl.when(is_whole).then(value)).to_series()
    room = whole.str.len_bytes() <= MAX_DIGITS - reading.scale
    if not reading.declared:
        room &= fraction.str.len_bytes() <= reading.scale
    value = pl.concat_str("minus", pl.lit("0"), whole, pl.lit("."), fraction)
    value = value.str.strip_chars_end(".").cast(number_type(reading), strict=False)
    return amounts(texts, mark).select(pl.when(room).then(value)).to_series()
