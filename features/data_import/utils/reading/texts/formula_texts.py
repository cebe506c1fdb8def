"""Texts that a program wrote as formulas, ="0012", so that Excel would not change them."""

from typing import Final

import polars as pl

_FORMULA: Final = r'^="[^"]*"$'


def without_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows with the texts that such formulas stand for."""
    return frame.with_columns(
        pl.when(pl.col(pl.String).str.contains(_FORMULA))
        .then(pl.col(pl.String).str.slice(2).str.head(-1))
        .otherwise(pl.col(pl.String))
    )
