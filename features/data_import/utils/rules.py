"""What a target's column lets in, as expressions over whole batches."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final, NamedTuple

import polars as pl

from features.data_import.utils.declaring import TargetColumn
from features.data_import.utils.reading.footers import TOTALS
from features.data_import.utils.types import ColumnType, ErrorKind
from features.data_import.utils.values import DECLARED_SCALE

# As spreadsheet programs show whole numbers of more than 11 digits.
_SHORTENED: Final = r"^[+-]?\d(?:[.,]\d+)?[eE]\+(?:1[1-9]|[2-9]\d)$"
_SHOWN: Final = 60
# How far, in parts of itself, a float is beside the number that was meant.
_NOISE: Final = Decimal("1e-12")


class Rule(NamedTuple):
    """A rule: where it is `broken` (Boolean, null: not), and how to tell of a text.

    `doubtful` is true at least where `broken` is, and cheaper to tell.
    """

    kind: ErrorKind
    broken: pl.Expr
    tell: Callable[[str], str]
    doubtful: pl.Expr | None = None

    @property
    def suspected(self) -> pl.Expr:
        """Where the rule may be broken."""
        return self.broken if self.doubtful is None else self.doubtful


def rules_of(column: TargetColumn, name: str, heading: str) -> Iterator[Rule]:
    """Yield the column's rules; `name` is its values' in the frame, ready to be stored.

    The first that a value breaks is the one to tell. A required column's is the first.
    """
    value = pl.col(name)
    if column.required:
        yield Rule(
            ErrorKind.REQUIRED,
            value.is_null(),
            lambda text: f"{heading} is empty, but every row needs one: fill it in.",
        )
    if column.type is ColumnType.TEXT:
        yield from _text_rules(column, value, heading)
    if column.scale is not None:
        yield _scale_rule(column.scale, value, heading)
    yield from _range_rules(column, value, heading)


def rounded(values: pl.Expr, scale: int) -> pl.Expr:
    """Return decimals at the scale that they are stored with, a float's noise gone."""
    return values.round(scale).cast(pl.Decimal(38, scale))


def shown(text: str) -> str:
    """Return a text in quotes, as messages show it: cut where it is long."""
    return f"“{text}”" if len(text) <= _SHOWN else f"“{text[:_SHOWN]}…”"


def _text_rules(column: TargetColumn, value: pl.Expr, heading: str) -> Iterator[Rule]:
    if column.identifier:
        yield Rule(
            ErrorKind.NOT_ALLOWED,
            value.str.contains(_SHORTENED),
            lambda text: (
                f"{shown(text)} was shortened by a spreadsheet program, and its last "
                f"digits are lost. Format the column {heading} as text, enter the "
                "whole number again, and save the file."
            ),
        )
    if column.identifier and column.required:
        bare = value.str.strip_chars(" \t:：").str.to_lowercase()
        yield Rule(
            ErrorKind.NOT_ALLOWED,
            bare.is_in(sorted(TOTALS)),
            lambda text: (
                f"{shown(text)} stands where {heading} should, so the row looks like "
                "totals: take it out of the file."
            ),
            doubtful=~value.str.contains("[0-9]"),
        )
    if (limit := column.max_length) is not None:
        yield Rule(
            ErrorKind.TOO_LONG,
            value.str.len_chars() > limit,
            lambda text: (
                f"{heading} has {len(text.strip())} characters, and at most {limit} are "
                "allowed: shorten it."
            ),
        )
    if column.pattern is not None:
        yield Rule(
            ErrorKind.NOT_ALLOWED,
            ~value.str.contains(rf"^(?:{column.pattern})$"),
            lambda text: (
                f"{shown(text)} is not allowed in {heading}: write it like "
                f"{column.example}."
            ),
        )
    if column.choices:
        yield Rule(
            ErrorKind.NOT_ALLOWED,
            ~value.is_in(list(column.choices)),
            lambda text: (
                f"{shown(text)} is not allowed in {heading}: write one of "
                f"{', '.join(column.choices)}."
            ),
        )


def _scale_rule(scale: int, value: pl.Expr, heading: str) -> Rule:
    """Make the rule against decimals that were meant and would be lost.

    What a computation with floats leaves behind, 19.990000000000002, is none: it is
    tiny beside the number itself and beside the last decimal that is kept.
    """
    beside = (value - value.round(scale)).abs().cast(pl.Float64)
    noise = (value.abs().cast(pl.Float64) * float(_NOISE)).clip(
        10.0 ** -(DECLARED_SCALE - 3), 10.0 ** -(scale + 3)
    )
    return Rule(
        ErrorKind.OUT_OF_RANGE,
        beside > noise,
        lambda text: (
            f"{shown(text)} has more decimals than the {scale} that {heading} keeps: "
            "round it."
        ),
        doubtful=value != value.round(scale),
    )


def _range_rules(column: TargetColumn, value: pl.Expr, heading: str) -> Iterator[Rule]:
    if (least := column.minimum) is not None:
        yield Rule(
            ErrorKind.OUT_OF_RANGE,
            value < least,
            lambda text: (
                f"{shown(text)} is too small for {heading}: the least allowed is "
                f"{least}."
            ),
        )
    if (most := column.maximum) is not None:
        yield Rule(
            ErrorKind.OUT_OF_RANGE,
            value > most,
            lambda text: (
                f"{shown(text)} is too large for {heading}: the most allowed is "
                f"{most}."
            ),
        )
