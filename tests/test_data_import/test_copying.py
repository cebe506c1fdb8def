"""Rows encoded for COPY hold what was put in, whatever the batches."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from features.data_import.utils.copying import encode
from features.data_import.utils.types import ColumnType
from tests.test_data_import.decoding import decode_copy

_SCHEMA = pl.Schema(
    {
        "_row": pl.Int64(),
        "text": pl.String(),
        "decimal": pl.Decimal(38, 4),
        "boolean": pl.Boolean(),
        "date": pl.Date(),
        "naive": pl.Datetime("us"),
        "aware": pl.Datetime("us", "UTC"),
    }
)
_TYPES = [
    ColumnType.INTEGER,
    ColumnType.TEXT,
    ColumnType.DECIMAL,
    ColumnType.BOOLEAN,
    ColumnType.DATE,
    ColumnType.TIMESTAMP,
    ColumnType.TIMESTAMP,
]
_MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999))
_ROWS = st.tuples(
    st.integers(-(2**63), 2**63 - 1),
    st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    st.none() | st.integers(-(10**38) + 1, 10**38 - 1).map(lambda n: _scaled(n)),
    st.none() | st.booleans(),
    st.none() | st.dates(),
    st.none() | _MOMENTS,
    st.none() | _MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC)),
)


def _scaled(digits: int) -> Decimal:
    text = str(abs(digits)).rjust(5, "0")
    return Decimal(f"{'-' if digits < 0 else ''}{text[:-4]}.{text[-4:]}")


def _encoded(batches: list[list[tuple[Any, ...]]]) -> bytes:
    frames = [pl.DataFrame(rows, _SCHEMA, orient="row") for rows in batches]
    return b"".join(map(encode, frames))


@settings(deadline=None)
@given(st.lists(st.lists(_ROWS, max_size=5), max_size=3))
def test_what_goes_in_comes_out(batches: list[list[tuple[Any, ...]]]) -> None:
    """Every value of every type, to the last digit; batches leave no trace."""
    naive = [
        (*row[:6], row[6] and row[6].replace(tzinfo=None))
        for batch in batches
        for row in batch
    ]
    assert decode_copy(_encoded(batches), _TYPES) == naive


def test_no_rows_are_no_bytes() -> None:
    """A batch without one good row adds nothing."""
    assert _encoded([[]]) == b""


def test_chunks_are_one_batch() -> None:
    """A frame that was put together from others keeps its rows' order."""
    row = (
        1,
        "a",
        Decimal("1.5000"),
        True,
        date(2000, 1, 2),
        datetime(2000, 1, 1),
        None,
    )
    frame = pl.DataFrame([row], _SCHEMA, orient="row")
    other = frame.with_columns(pl.lit(2, pl.Int64).alias("_row"))
    whole = encode(pl.concat([frame, other], rechunk=False))
    assert decode_copy(whole, _TYPES) == [row, (2, *row[1:])]
