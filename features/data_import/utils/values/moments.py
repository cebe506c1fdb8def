"""Texts of a column of dates or timestamps as values of its type."""

import polars as pl

from features.data_import.utils.types import ColumnType
from features.data_import.utils.values.date_fast import fast_stamps
from features.data_import.utils.values.dates import STAMP, parts, stamps
from features.data_import.utils.values.reading import Order, Reading
from features.data_import.utils.values.texts import where


def moment_type(reading: Reading) -> pl.DataType:
    """Return the Polars type of a column of dates or timestamps."""
    if reading.type is ColumnType.DATE:
        return pl.Date()
    return pl.Datetime("us", "UTC" if reading.aware else None)


def fast_moments(texts: pl.Series, reading: Reading, zone: str) -> pl.Series:
    """Return the moments that are of one fixed form, null for all other texts."""
    fast = fast_stamps(texts, reading.order)
    if fast is None:
        return pl.repeat(None, len(texts), dtype=moment_type(reading), eager=True)
    return _moments(fast.local, fast.offset, reading, zone)


def moments(texts: pl.Series, reading: Reading, zone: str) -> pl.Series:
    """Return bare `texts` as Date or Datetime, null where they do not fit."""
    taken = parts(texts)
    if reading.order is Order.MIXED:
        local = _clear(stamps(taken, Order.DMY), stamps(taken, Order.MDY))
    else:
        local = stamps(taken, reading.order)
    if not reading.declared:
        local = where(taken["is_exact"], local)
    return _moments(local, taken["offset"], reading, zone)


def _clear(one: pl.Series, other: pl.Series) -> pl.Series:
    """Return what both orders agree on, or only one of them can read."""
    agreed = one.is_null() | other.is_null() | (one == other)
    return where(agreed, one.zip_with(one.is_not_null(), other))


def _moments(
    local: pl.Series, offset: pl.Series | None, reading: Reading, zone: str
) -> pl.Series:
    """Make values of local times and their offsets in minutes."""
    if reading.type is ColumnType.DATE:
        return _dates(local, offset, reading)
    if offset is None or offset.null_count() == len(offset):
        if not reading.aware:
            return local
        if not reading.declared:
            return pl.repeat(None, len(local), dtype=moment_type(reading), eager=True)
        return _in_zone(local, zone)
    if not reading.aware:
        return where(offset.is_null(), local)
    moment = local - pl.select(pl.duration(minutes=pl.lit(offset))).to_series()
    moment = moment.cast(STAMP).dt.replace_time_zone("UTC")
    if not reading.declared or not offset.has_nulls():
        return moment
    return moment.zip_with(offset.is_not_null(), _in_zone(local, zone))


def _in_zone(local: pl.Series, zone: str) -> pl.Series:
    """Return the moments of local times; null where clocks skip or repeat them."""
    if zone == "UTC":
        return local.dt.replace_time_zone("UTC")
    zoned = local.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
    return zoned.dt.convert_time_zone("UTC")


def _dates(local: pl.Series, offset: pl.Series | None, reading: Reading) -> pl.Series:
    """Return the days of local times that are midnights."""
    days = where(local.dt.truncate("1d") == local, local).cast(pl.Date)
    if offset is None or reading.declared:
        return days
    return where(offset.is_null(), days)
