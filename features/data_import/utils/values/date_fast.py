"""Dates and times of fixed width, read many times as fast as all others."""

import re
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

import polars as pl

from features.data_import.utils.values.date_forms import OFFSET
from features.data_import.utils.values.dates import offset
from features.data_import.utils.values.reading import Order
from features.data_import.utils.values.texts import where

_FIXED = re.compile(
    r"(?:(?P<year>\d{4})([-/.])\d\d\2\d\d|\d\d(?P<mark>[-/.])\d\d(?P=mark)\d{4})"
    r"(?:(?P<T>[ T])\d\d:\d\d(?P<second>:\d\d(?P<fraction>\.(?:\d{6}|\d{3}))?)?)?"
    rf"(?P<offset> ?{OFFSET})?",
    re.ASCII,
)
# So many different offsets at most; more are no offsets.
_OFFSETS: Final = 64


class Stamps(NamedTuple):
    """Local times, null where a text is not of the fixed form; offsets in minutes."""

    local: pl.Series
    offset: pl.Series | None
    is_timed: bool


def fast_stamps(texts: pl.Series, order: Order) -> Stamps | None:
    """Read `texts` in the form of their first; None where that is no fixed form."""
    index = texts.is_not_null().arg_max()
    example = texts[index] if index is not None and len(texts) else None
    form = _FIXED.fullmatch(example) if example else None
    template = _template(form, order) if form else None
    if form is None or template is None:
        return None
    start = form.start("offset") if form["offset"] else form.end()
    head = re.sub(r"[0-9]", "[0-9]", re.escape(form.string[:start]))
    same = form["offset"] or ""
    fits = texts.str.contains(f"^{head}{re.escape(same)}$")
    if not same or fits.all():
        local = _local(where(fits, texts), template + same)
        if not same:
            return Stamps(local, None, bool(form["T"]))
        minutes = pl.repeat(_minutes(same), len(texts), dtype=pl.Int32(), eager=True)
        return Stamps(where(minutes.is_not_null(), local), minutes, True)
    fitting = where(texts.str.contains(f"^{head} ?{OFFSET}$"), texts)
    offsets = _offsets(fitting.str.slice(start))
    if offsets is None:
        return None
    local = _local(fitting.str.head(start), template)
    return Stamps(where(offsets.is_not_null(), local), offsets, True)


def _local(texts: pl.Series, template: str) -> pl.Series:
    """Return the times of `texts`; null for the year 0, which PostgreSQL has not."""
    local = texts.str.to_datetime(template, time_unit="us", strict=False, cache=False)
    return where(local >= datetime(1, 1, 1), local)


def _template(form: re.Match[str], order: Order) -> str | None:
    """Return the strptime format of a text in `form`."""
    if form["offset"] and not form["T"]:
        return None
    if form["year"]:
        date = "%Y{0}%m{0}%d".format(form[2])
    elif order in (Order.DMY, Order.MDY):
        date = "{1}{0}{2}{0}%Y".format(
            form["mark"], *(("%d", "%m") if order is Order.DMY else ("%m", "%d"))
        )
    else:
        return None
    if not form["T"]:
        return f"{date}"
    fraction = f".%{len(form['fraction']) - 1}f" if form["fraction"] else ""
    return f"{date}{form['T']}%H:%M" + (":%S" if form["second"] else "") + fraction


@lru_cache(_OFFSETS)
def _minutes(text: str) -> int | None:
    """Return the minutes of one offset, which most columns have alone."""
    minutes = _offsets(pl.Series([text]))
    return None if minutes is None else minutes[0]


def _offsets(tails: pl.Series) -> pl.Series | None:
    """Return the minutes of offsets, of which there are few; None where there are many."""
    different = tails.unique().drop_nulls()
    if len(different) > _OFFSETS:
        return None
    minutes = pl.select(offset(pl.lit(different))).to_series()
    minutes = where(minutes.abs() < 24 * 60, minutes)
    return tails.replace_strict(different, minutes, default=None, return_dtype=pl.Int32)
