"""Types and conventions of a table's columns, told from their texts."""

from collections.abc import Mapping

import polars as pl

from features.data_import.utils.types import (
    NUMBERS,
    ColumnType,
    DateOrder,
    ReadOptions,
)
from features.data_import.utils.values.booleans import are_booleans, booleans
from features.data_import.utils.values.conversion import emptied
from features.data_import.utils.values.date_facts import DateFacts
from features.data_import.utils.values.number_facts import NumberFacts
from features.data_import.utils.values.reading import Mark, Reading
from features.data_import.utils.values.texts import bare

_DATES = (ColumnType.DATE, ColumnType.TIMESTAMP)
# Most texts that are no values show it in so many rows.
_HEAD = 256


class ColumnProfile:
    """What one column can still be; `type`, `order` and `mark` where they are given."""

    def __init__(
        self,
        type: ColumnType | None,
        order: DateOrder | None = None,
        mark: Mark | None = None,
    ) -> None:
        self.type = type
        declared = type is not None
        dates = DateFacts(declared=declared, order=order)
        self.is_seen = False
        self.is_boolean = type is None
        # What booleans have been seen, in lower case.
        self._words: set[str] = set()
        self.numbers = (
            NumberFacts(declared=declared, mark=mark)
            if type in (None, *NUMBERS)
            else None
        )
        self.dates = dates if type in (None, *_DATES) else None

    @property
    def is_open(self) -> bool:
        """Whether more rows can tell more."""
        return self.is_boolean or bool(self.numbers) or bool(self.dates)

    def update(self, texts: pl.Series) -> None:
        """Look at more texts, only for what the column can still be."""
        self.is_seen |= texts.null_count() < len(texts)
        for some in (texts[:_HEAD], texts[_HEAD:]):
            plain = bare(some).drop_nulls() if self.is_open and len(some) else some[:0]
            if len(plain):
                self._update(plain)

    def _update(self, plain: pl.Series) -> None:
        if self.is_boolean:
            self.is_boolean = not booleans(plain, declared=False).has_nulls()
            self._words |= set(plain.str.to_lowercase().unique())
        for facts in (self.numbers, self.dates):
            if facts:
                facts.update(plain)
        if self.type is None:
            self.numbers = _kept(self.numbers)
            self.dates = _kept(self.dates)

    @property
    def is_clear(self) -> bool:
        """Whether no text is read in two ways, or none at all, for want of proof."""
        if self.is_boolean and self._words and not are_booleans(self._words):
            return False
        return all(facts.is_clear for facts in (self.numbers, self.dates) if facts)

    def reading(self, hint: Mark) -> Reading:
        """Return how the column is read; `hint` is what other columns' marks say."""
        if self.type is not None:
            return self._declared(self.type, hint)
        if not self.is_seen:
            return Reading(ColumnType.TEXT, empty=True)
        if self.numbers and (told := self.numbers.reading(None, hint)):
            return told
        if self.dates and (told := self.dates.reading(None)):
            return told
        is_boolean = self.is_boolean and are_booleans(self._words)
        return Reading(ColumnType.BOOLEAN if is_boolean else ColumnType.TEXT)

    def _declared(self, type: ColumnType, hint: Mark) -> Reading:
        if self.numbers:
            return self.numbers.reading(type, hint) or Reading(type, declared=True)
        if self.dates:
            return self.dates.reading(type) or Reading(type, declared=True)
        return Reading(type, declared=True)


def _kept[Facts: (NumberFacts, DateFacts)](facts: Facts | None) -> Facts | None:
    return facts if facts and facts.is_possible else None


class TableProfile:
    """Tell how each column is read, from as many of its rows as are shown.

    `declared` has the frame's columns: the type where a target declares it, or None
    where it is to be told. `marks` and `orders` are by column, where they are known.
    """

    def __init__(
        self,
        declared: Mapping[str, ColumnType | None],
        options: ReadOptions,
        marks: Mapping[str, Mark] = {},
        orders: Mapping[str, DateOrder] = {},
    ) -> None:
        self._options = options
        self._columns = {
            name: ColumnProfile(
                type, options.date_order or orders.get(name), marks.get(name)
            )
            for name, type in declared.items()
        }

    def update(self, frame: pl.DataFrame) -> None:
        """Look at more rows; columns that are TEXT for sure are not looked at."""
        for name, column in self._columns.items():
            if column.is_open or not column.is_seen:
                texts = frame.select(emptied(name, self._options)).to_series()
                column.update(texts)

    @property
    def is_determinate(self) -> bool:
        """Whether every column's convention is certain enough to stream under it.

        False where dates or decimal marks can be read in two ways so far.
        """
        return all(column.is_clear for column in self._columns.values())

    def readings(self) -> dict[str, Reading]:
        """Return how each column is read, as far as the rows shown tell."""
        hint = self._hint()
        return {name: column.reading(hint) for name, column in self._columns.items()}

    def _hint(self) -> Mark:
        """Return the mark that the columns with proof agree on, else the point."""
        marks = {
            column.numbers.mark(Mark.POINT)
            for column in self._columns.values()
            if column.numbers and any(column.numbers.proofs.values())
        }
        return Mark.COMMA if marks == {Mark.COMMA} else Mark.POINT
