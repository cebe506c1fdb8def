"""Dates and times in every notation."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from features.data_import.utils.values.date_forms import MONTHS, NOTATIONS, SHAPES
from features.data_import.utils.values.reading import Order

# Two digits of a year are of 1969 to 2068, as POSIX has it.
_PIVOT = 69
_MINUTE = 60_000_000
STAMP: Final = pl.Datetime("us")


def is_date(texts: pl.Series) -> pl.Series:
    """Return which bare `texts` look like a date, be there such a day or not."""
    return texts.str.contains(SHAPES)


def parts(texts: pl.Series) -> pl.DataFrame:
    """Take bare `texts` apart, one row for each: null where it is no date.

    Columns: the numbers year, month, day, or first, middle and third of a numeric date;
    `micros` of the day (null: no such time), `is_timed`, `offset` in minutes, `is_exact`
    (microseconds are enough for it).
    """
    rows = texts.to_frame("text").with_row_index("row")
    found = [_captured(rows, *notation) for notation in NOTATIONS]
    taken = pl.concat([part for part in found if part is not None] or [_nothing()])
    return rows.select("row").join(taken, on="row", how="left", maintain_order="left")


def stamps(taken: pl.DataFrame, order: Order) -> pl.Series:
    """Return the local time of each row of `parts`, null where there is no such day.

    Numeric dates are read in `order`: YMD, DMY or MDY; null with any other.
    """
    numbers = {
        Order.YMD: ("first", "middle", "third"),
        Order.DMY: ("third", "middle", "first"),
        Order.MDY: ("third", "first", "middle"),
    }.get(order)
    year, month, day = (pl.col(name) for name in ("year", "month", "day"))
    if numbers:
        year, month, day = (
            pl.coalesce(plain, number)
            for plain, number in zip((year, month, day), numbers, strict=True)
        )
    # Some programs write the year with two digits, and some write four of a short one.
    short = pl.col("is_short")
    century = pl.when(year < _PIVOT).then(2000).otherwise(1900)
    full = pl.when(short & (year < 100)).then(year + century).otherwise(year)
    return taken.select(_stamp(full, month, day)).to_series()


def _stamp(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Make the time of a date's numbers and the parts' micros; null if there is none."""
    first = pl.date(year, pl.when(month.is_between(1, 12)).then(month), 1)
    date = first + pl.duration(days=day - 1)
    exists = (year >= 1) & day.is_between(1, 31) & (date.dt.month() == month)
    time = pl.duration(microseconds=pl.col("micros"))
    return pl.when(exists).then(date.cast(STAMP) + time)


def _captured(
    rows: pl.DataFrame, shape: str, pattern: str, is_numeric: bool
) -> pl.DataFrame | None:
    """Return the parts of those `rows` that are in one notation, if any is."""
    fitting = rows.filter(pl.col("text").str.contains(shape))
    if fitting.is_empty():
        return None
    groups = fitting.select(
        "row", pl.col("text").str.extract_groups(pattern).alias("groups")
    ).unnest("groups")
    return groups.select("row", *_numbers(set(groups.columns)), *_time())


def _numbers(names: set[str]) -> Iterator[pl.Expr]:
    """Make the numbers of the date from captures; null for those not in `names`."""
    for part, source in (
        ("year", "year"),
        ("month", "month"),
        ("day", "day"),
        ("first", "first"),
        ("middle", "middle"),
        ("third", "third"),
    ):
        if part == "month" and "name" in names:
            name = pl.col("name").str.head(3).str.to_lowercase()
            yield name.replace_strict(MONTHS, return_dtype=pl.Int32).alias(part)
        elif source in names:
            yield pl.col(source).cast(pl.Int32).alias(part)
        else:
            yield pl.lit(None, pl.Int32).alias(part)
    year = next((name for name in ("third", "year") if name in names))
    yield (pl.col(year).str.len_bytes() == 2).alias("is_short")


def _time() -> Iterator[pl.Expr]:
    """Make micros, is_timed, offset and is_exact from captures."""
    half = pl.coalesce("before", "after").str.to_lowercase()
    afternoon = half.str.starts_with("p") | (half == "下午")
    hour = pl.col("hour").cast(pl.Int64)
    twelve = pl.when(hour <= 12).then(hour % 12 + afternoon.cast(pl.Int64) * 12)
    hour = pl.when(half.is_null()).then(hour).otherwise(twelve)
    minute, second = (
        pl.col(name).cast(pl.Int64).fill_null(0) for name in ("minute", "second")
    )
    fraction = pl.col("fraction").fill_null("")
    micros = fraction.str.pad_end(6, "0").str.head(6).cast(pl.Int64)
    exists = (hour < 24) & (minute < 60) & (second < 60)
    untimed = pl.col("hour").is_null()
    total = (hour * 60 + minute) * _MINUTE + second * 1_000_000 + micros
    yield (
        pl.when(untimed)
        .then(pl.lit(0, pl.Int64))
        .otherwise(pl.when(exists & offset_exists()).then(total))
        .alias("micros")
    )
    yield (~untimed).alias("is_timed")
    yield offset(pl.col("offset"))
    yield (fraction.str.slice(6).str.strip_chars("0") == "").alias("is_exact")


def offset_exists() -> pl.Expr:
    """Tell whether the capture `offset`, if any, is one that clocks can have."""
    return offset(pl.col("offset")).abs().fill_null(0) < 24 * 60


def offset(text: pl.Expr) -> pl.Expr:
    """Make minutes of an offset's text; null where there is none."""
    digits = text.str.replace_all("[^0-9]", "").str.pad_end(4, "0")
    minutes = digits.str.head(2).cast(pl.Int32) * 60 + digits.str.slice(2).cast(
        pl.Int32
    )
    minus = text.str.contains("-", literal=True)
    return pl.when(minus).then(-minutes).otherwise(minutes).alias("offset")


def _nothing() -> pl.DataFrame:
    """Make the parts of no text."""
    return pl.DataFrame(
        schema={
            "row": pl.UInt32,
            **dict.fromkeys(
                ("year", "month", "day", "first", "middle", "third"), pl.Int32
            ),
            "is_short": pl.Boolean,
            "micros": pl.Int64,
            "is_timed": pl.Boolean,
            "offset": pl.Int32,
            "is_exact": pl.Boolean,
        }
    )
