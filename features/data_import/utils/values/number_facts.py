"""What a column's texts tell about its numbers."""

from collections import Counter

import polars as pl

from features.data_import.utils.types import ColumnType
from features.data_import.utils.values import numbers
from features.data_import.utils.values.reading import (
    DECLARED_SCALE,
    MAX_DIGITS,
    Mark,
    Reading,
)

# A column's mark is told where so many times as many texts speak for it as against.
MAJORITY = 9
# Whole numbers that say nothing about marks, and have room in any column.
_PLAIN = r"^-?(?:0|[1-9][0-9]{0,17})$"


class Size:
    """How much room the numbers of a column need, under one decimal mark."""

    def __init__(self) -> None:
        self.whole = self.scale = 0
        self.is_whole = self.is_int64 = True

    def update(self, texts: pl.Series, mark: Mark) -> None:
        """Measure `texts`, numbers all."""
        if texts.str.contains(f"^-?[0-9]{{1,18}}[{mark.value}][0-9]+$").all():
            self._update_plain(texts, mark)
            return
        found = numbers.amounts(texts, mark)
        lengths = found.select(
            pl.col("whole", "fraction").str.len_bytes().max(), pl.col("is_whole").all()
        )
        whole, scale, is_whole = lengths.row(0)
        self.whole = max(self.whole, whole)
        self.scale = max(self.scale, scale)
        self.is_whole &= is_whole
        if self.is_whole and whole > 18:
            value = pl.concat_str("minus", "whole").cast(pl.Int64, strict=False)
            self.is_int64 &= not found.select(value.has_nulls()).item()

    def _update_plain(self, texts: pl.Series, mark: Mark) -> None:
        """Measure digits with a mark among them; zeros that lead are none of a number."""
        self.is_whole = False
        text = pl.col(texts.name)
        end = text.str.find(mark.value, literal=True).cast(pl.Int64)
        whole = end - text.str.starts_with("-").cast(int)
        whole -= text.str.contains("^-?0").cast(int)
        scale = text.str.len_bytes().cast(pl.Int64) - end - 1
        sizes = texts.to_frame().select(whole.max().alias("whole"), scale.max())
        self.whole = max(self.whole, sizes.item(0, 0))
        self.scale = max(self.scale, sizes.item(0, 1))


def _most_digits(texts: pl.Series) -> int:
    """Return the most digits of whole numbers, of which 0 has none."""
    text = pl.col(texts.name)
    minus, zero = text.str.starts_with("-"), text.str.contains("^-?0$")
    digits = text.str.len_bytes().cast(pl.Int64) - minus.cast(int) - zero.cast(int)
    return int(texts.to_frame().select(digits.max()).item())


class NumberFacts:
    """Count what speaks for point and comma, and what forbids to take texts as numbers."""

    def __init__(self, *, declared: bool, mark: Mark | None = None) -> None:
        self.declared = declared
        self._mark = mark
        self.count = self.percents = self.codes = self.marked = 0
        self.fitting: Counter[Mark] = Counter()
        self.proofs: Counter[Mark] = Counter()
        self.signs: set[str] = set()
        self.sizes = {Mark.POINT: Size(), Mark.COMMA: Size()}

    def update(self, texts: pl.Series) -> None:
        """Look at bare `texts` without nulls."""
        was_possible = self.is_possible
        self.count += len(texts)
        if texts.str.contains(_PLAIN).all():
            digits = _most_digits(texts)
            for mark, size in self.sizes.items():
                self.fitting[mark] += len(texts)
                size.whole = max(size.whole, digits)
            return
        point, comma = (numbers.fits(texts, mark) for mark in self.sizes)
        self.marked += int((point & comma & numbers.is_marked(texts)).sum())
        for mark, fit, other in (
            (Mark.POINT, point, comma),
            (Mark.COMMA, comma, point),
        ):
            self.fitting[mark] += int(fit.sum())
            self.proofs[mark] += int((fit & ~other).sum())
        if not self.declared and was_possible and self._marks():
            self._look_closer(texts)

    def _look_closer(self, texts: pl.Series) -> None:
        self.codes += int(numbers.is_code(texts).sum())
        self.percents += int(numbers.is_percent(texts).sum())
        if not texts.str.contains("^[-+0-9.,]*$").all():
            self.signs |= set(numbers.signs(texts).unique()) - {""}
        for mark in self._marks():
            self.sizes[mark].update(texts, mark)

    @property
    def is_possible(self) -> bool:
        """Whether a dataset's column can still be one of numbers."""
        is_plain = not self.codes and len(self.signs) <= 1
        return is_plain and self.percents in (0, self.count) and bool(self._marks())

    @property
    def is_clear(self) -> bool:
        """Whether no text is read in two ways for want of proof, or for too much."""
        points, commas = self.proofs[Mark.POINT], self.proofs[Mark.COMMA]
        if self._mark or not (points and commas):
            return bool(self._mark or points or commas) or not self.marked
        return False

    def mark(self, hint: Mark) -> Mark:
        """Return the column's decimal mark; `hint` is what other columns say."""
        if self._mark:
            return self._mark
        points, commas = self.proofs[Mark.POINT], self.proofs[Mark.COMMA]
        if not points and not commas:
            return hint if self.marked else Mark.UNSEEN
        if points >= MAJORITY * commas:
            return Mark.POINT
        return Mark.COMMA if commas >= MAJORITY * points else Mark.MIXED

    def reading(self, type: ColumnType | None, hint: Mark) -> Reading | None:
        """Return how the column is read as `type`, or its own; None: not as numbers."""
        mark = self.mark(hint)
        if type is not None:
            return Reading(type, declared=True, mark=mark, scale=DECLARED_SCALE)
        if not self.count or not self.is_possible:
            return None
        size = self.sizes[Mark.COMMA if mark is Mark.COMMA else Mark.POINT]
        is_integer = size.is_whole and size.is_int64
        if size.whole + size.scale > MAX_DIGITS:
            return None
        return Reading(
            ColumnType.INTEGER if is_integer else ColumnType.DECIMAL,
            mark=mark,
            scale=0 if is_integer else size.scale,
            sign="".join(self.signs),
            percent=bool(self.percents),
        )

    def _marks(self) -> list[Mark]:
        """Return the marks under which all texts are numbers that have room."""
        return [
            mark
            for mark, size in self.sizes.items()
            if self.fitting[mark] == self.count
            and size.whole + size.scale <= MAX_DIGITS
        ]
