"""What a column's texts tell about its dates."""

import polars as pl

from features.data_import.utils.types import ColumnType, DateOrder
from features.data_import.utils.values.date_fast import fast_stamps
from features.data_import.utils.values.dates import is_date, parts, stamps
from features.data_import.utils.values.number_facts import MAJORITY
from features.data_import.utils.values.reading import Order, Reading


class DateFacts:
    """Count what speaks for an order of numeric dates, and how precise moments are."""

    def __init__(self, *, declared: bool, order: DateOrder | None) -> None:
        self.declared = declared
        self._order = Order(order) if order else None
        self.count = self.fitting = self.offsets = 0
        self.dmy = self.mdy = self.either = self.numeric = 0
        self.is_midnight = True

    def update(self, texts: pl.Series) -> None:
        """Look at bare `texts` without nulls."""
        self.count += len(texts)
        fast = fast_stamps(texts, Order.UNSEEN)
        if fast and not fast.local.has_nulls():
            self.fitting += len(texts)
            self.offsets += len(texts) if fast.offset is not None else 0
            self._look_at_times(fast.local)
            return
        if not is_date(texts).any():
            return  # what most columns have is no date at all
        taken = parts(texts)
        if not self.declared:
            taken = taken.filter("is_exact")
        self.offsets += taken["offset"].count()
        if self._order:
            self._count_under(stamps(taken, self._order))
        else:
            self._compare(stamps(taken, Order.DMY), stamps(taken, Order.MDY), taken)

    def _count_under(self, local: pl.Series) -> None:
        self.fitting += local.count()
        self._look_at_times(local)

    def _compare(self, dmy: pl.Series, mdy: pl.Series, taken: pl.DataFrame) -> None:
        """Count the days that only one order can read, and those of either."""
        self.numeric += taken["third"].count()
        self.dmy += int((dmy.is_not_null() & mdy.is_null()).sum())
        self.mdy += int((mdy.is_not_null() & dmy.is_null()).sum())
        self.either += int((dmy != mdy).sum())
        self.fitting += int((dmy.is_not_null() | mdy.is_not_null()).sum())
        self._look_at_times(dmy.zip_with(dmy.is_not_null(), mdy))

    def _look_at_times(self, local: pl.Series) -> None:
        if self.is_midnight:
            self.is_midnight = bool((local.dt.truncate("1d") == local).all())

    @property
    def is_possible(self) -> bool:
        """Whether a dataset's column can still be one of dates."""
        return (
            self.fitting == self.count
            and self.offsets in (0, self.count)
            and not (self.dmy and self.mdy)
        )

    @property
    def is_clear(self) -> bool:
        """Whether no date is read in two ways for want of proof, or for too much."""
        if self.dmy and self.mdy:
            return False
        return not self.either or bool(self.dmy or self.mdy)

    @property
    def order(self) -> Order:
        """Return how the column's numeric dates are read."""
        if self._order:
            return self._order
        if not self.dmy and not self.mdy:
            return Order.MIXED if self.numeric else Order.UNSEEN
        if self.dmy >= MAJORITY * self.mdy:
            return Order.DMY
        return Order.MDY if self.mdy >= MAJORITY * self.dmy else Order.MIXED

    def reading(self, type: ColumnType | None) -> Reading | None:
        """Return how the column is read as `type`, or its own; None: not as dates."""
        if type is not None:
            aware = type is ColumnType.TIMESTAMP
            return Reading(type, declared=True, order=self.order, aware=aware)
        if not self.count or not self.is_possible or not self.is_clear:
            return None
        aware = bool(self.offsets)
        is_date = self.is_midnight and not aware
        return Reading(
            ColumnType.DATE if is_date else ColumnType.TIMESTAMP,
            order=self.order,
            aware=aware,
        )
