"""Texts of a column as values of its type."""

from functools import partial

import polars as pl

from features.data_import.utils.types import ColumnType, ReadOptions
from features.data_import.utils.values.booleans import booleans, fast_booleans
from features.data_import.utils.values.moments import (
    fast_moments,
    moment_type,
    moments,
)
from features.data_import.utils.values.numbers import (
    fast_numbers,
    number_type,
    numbers,
)
from features.data_import.utils.values.reading import Reading
from features.data_import.utils.values.texts import bare


def dtype(reading: Reading) -> pl.DataType:
    """Return the Polars type of the values under `reading`."""
    match reading.type:
        case ColumnType.TEXT:
            return pl.String()
        case ColumnType.BOOLEAN:
            return pl.Boolean()
        case ColumnType.INTEGER | ColumnType.DECIMAL:
            return number_type(reading)
        case ColumnType.DATE | ColumnType.TIMESTAMP:
            return moment_type(reading)


def emptied(column: str, options: ReadOptions) -> pl.Expr:
    """Make the texts of `column` with null where one of the options' null texts stands."""
    texts = pl.col(column)
    if not options.null_values:
        return texts
    is_null = texts.str.strip_chars().is_in(list(options.null_values))
    return pl.when(~is_null).then(texts).alias(column)


def converted(column: str, reading: Reading, options: ReadOptions) -> pl.Expr:
    """Make the values of `column`; null where its text is empty or does not fit."""
    texts = emptied(column, options)
    if reading.type is ColumnType.TEXT and not reading.empty:
        return texts
    return texts.map_batches(
        partial(_values, reading=reading, zone=options.time_zone),
        return_dtype=dtype(reading),
        is_elementwise=True,
    )


def misfits(
    texts: pl.Series, values: pl.Series, reading: Reading, options: ReadOptions
) -> pl.Series:
    """Return which texts say something that `values`, as converted, do not have.

    Boolean, one for each text. Empty and null texts are no misfits, and blank ones are
    none but where the column is TEXT.
    """
    missing = texts.is_not_null() & values.is_null()
    if not missing.any():
        return missing
    stripped = texts.str.strip_chars()
    if options.null_values:
        missing &= ~stripped.is_in(list(options.null_values))
    if reading.type is not ColumnType.TEXT:
        missing &= stripped.str.len_bytes() > 0
    return missing


def _values(texts: pl.Series, *, reading: Reading, zone: str) -> pl.Series:
    """Convert fast what is in the common form, and slowly only what is not."""
    values = _fast(texts, reading, zone)
    refused = texts.is_not_null() & values.is_null()
    if not refused.any() or reading.empty:
        return values
    slow = _slow(bare(texts.filter(refused)), reading, zone)
    if slow.null_count() == len(slow):
        return values
    position = refused.cum_sum().cast(pl.Int64) - 1
    return values.zip_with(~refused, slow.gather(position.clip(0)))


def _fast(texts: pl.Series, reading: Reading, zone: str) -> pl.Series:
    if reading.empty:
        return pl.repeat(None, len(texts), dtype=dtype(reading), eager=True)
    match reading.type:
        case ColumnType.INTEGER | ColumnType.DECIMAL:
            return fast_numbers(texts, reading)
        case ColumnType.BOOLEAN:
            return fast_booleans(texts, declared=reading.declared)
        case _:
            return fast_moments(texts, reading, zone)


def _slow(texts: pl.Series, reading: Reading, zone: str) -> pl.Series:
    match reading.type:
        case ColumnType.INTEGER | ColumnType.DECIMAL:
            return numbers(texts, reading)
        case ColumnType.BOOLEAN:
            return booleans(texts, declared=reading.declared)
        case _:
            return moments(texts, reading, zone)
