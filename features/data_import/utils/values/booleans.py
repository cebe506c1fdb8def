"""Booleans in English and Chinese."""

from collections.abc import Set as AbstractSet
from typing import Final

import polars as pl

_TRUE = ("true", "yes", "y", "t", "是", "真", "对")
_FALSE = ("false", "no", "n", "f", "否", "假", "错")
_WORDS: Final = {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}
_LETTERS: Final = frozenset("ytnf")
_GENEROUS: Final = {**_WORDS, "1": True, "0": False}


def are_booleans(words: AbstractSet[str]) -> bool:
    """Tell whether a column of nothing but these words, in lower case, is of booleans.

    One letter alone, F for each row, says so as little as a size or a grade does.
    """
    letters = words & _LETTERS
    return letters != words or len({_WORDS[letter] for letter in letters}) > 1


def booleans(texts: pl.Series, *, declared: bool) -> pl.Series:
    """Return bare `texts` as Boolean, null where they are none.

    1 and 0 are booleans only where the column is declared to hold them.
    """
    return _looked_up(texts.str.to_lowercase(), declared=declared)


def fast_booleans(texts: pl.Series, *, declared: bool) -> pl.Series:
    """Return those `texts` as Boolean that are in lower case."""
    return _looked_up(texts, declared=declared)


def _looked_up(texts: pl.Series, *, declared: bool) -> pl.Series:
    words = _GENEROUS if declared else _WORDS
    return texts.replace_strict(
        list(words), list(words.values()), default=None, return_dtype=pl.Boolean
    )
