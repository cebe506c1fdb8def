"""Batches of texts, checked: the good rows as typed values, the others' errors."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

import polars as pl

from features.data_import.utils.declaring import TargetColumn
from features.data_import.utils.rules import Rule, rounded, rules_of
from features.data_import.utils.types import (
    NUMBERS,
    ROW,
    Batch,
    ColumnType,
    ErrorKind,
    ReadOptions,
    RowError,
    column_name,
)
from features.data_import.utils.values import Reading, converted, messages, misfits
from features.data_import.utils.values.texts import where

# Of a text, what an error tells.
VALUE_CHARACTERS: Final = 500
# Cells of rejected rows whose errors are told at once: they bound a bad file's memory.
_SLICE_CELLS: Final = 50_000
_MISFIT: Final = "misfit "
_BROKEN: Final = "broken "
_VALUE: Final = "value "
_NUMBER: Final = "number "


class CheckedColumn(NamedTuple):
    """A column that is imported: where it is in the file, and where it goes.

    `name` is what it is stored as; `rules` is None for a dataset, which lets all in.
    """

    position: int
    heading: str
    name: str
    rules: TargetColumn | None = None

    @property
    def source(self) -> str:
        """Its texts' name in batches."""
        return column_name(self.position)


class Rejected(NamedTuple):
    """Rows that are not stored, and why: at least one error for each, in order."""

    rows: int
    errors: tuple[RowError, ...]


class Outcome(NamedTuple):
    """What became of a batch: `good` has `_row` and the values, ready to be stored.

    `rejected` gives the others, a slice at a time; `misfits` are the texts of rows with
    a value that is not of its column's type.
    """

    good: pl.DataFrame
    rejected: Iterator[Rejected]
    misfits: pl.DataFrame


class Checker:
    """Checks batches of one file under the readings of its columns."""

    def __init__(
        self,
        columns: Sequence[CheckedColumn],
        readings: Mapping[str, Reading],
        options: ReadOptions,
    ) -> None:
        self._columns = columns
        self._readings = [readings[column.source] for column in columns]
        self._options = options
        self._rules = [_rules(column, _VALUE + column.name) for column in columns]

    def check(self, batch: Batch) -> Outcome:
        """Sort a batch's rows into good and rejected ones."""
        positions = {column.position for column in self._columns}
        faults = [fault for fault in batch.faults if fault.position in positions | {0}]
        numbers = [column.alias(_NUMBER + column.name) for column in batch.numbers]
        frame = batch.frame.with_columns(numbers)
        frame = self._with_flags(self._with_values(frame))
        flags = [name for name in frame.columns if name.startswith((_MISFIT, _BROKEN))]
        bad = pl.repeat(False, frame.height, dtype=pl.Boolean(), eager=True)
        for flag in flags:
            bad |= frame[flag].fill_null(False)
        if faults:
            at_fault = pl.Series([fault.row for fault in faults], dtype=pl.UInt32)
            bad |= frame[ROW].is_in(at_fault.unique().implode())
        if not faults and not bad.any():
            return Outcome(self._stored(frame), iter(()), frame.clear())
        rejected = frame.filter(bad)
        unfit = [flag for flag in flags if flag.startswith(_MISFIT)]
        return Outcome(
            self._stored(frame.filter(~bad)),
            self._rejected(rejected, faults),
            (
                _as_read(rejected.filter(pl.any_horizontal(unfit)), batch.numbers)
                if unfit
                else frame.clear()
            ),
        )

    def _with_values(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Add the values of each column, null where there is none."""
        return frame.with_columns(
            self._value(frame, column, reading).alias(_VALUE + column.name)
            for column, reading in zip(self._columns, self._readings, strict=True)
        )

    def _value(
        self, frame: pl.DataFrame, column: CheckedColumn, reading: Reading
    ) -> pl.Expr:
        if column.rules is None or column.rules.type is not ColumnType.TEXT:
            source = _read_from(frame, column, reading)
            return converted(source, reading, self._options)
        nothing = ["", *column.rules.null_values, *self._options.null_values]
        texts = pl.col(column.source).map_batches(
            partial(_told_texts, nothing=nothing),
            return_dtype=pl.String(),
            is_elementwise=True,
        )
        return texts.str.to_uppercase() if column.rules.upper else texts

    def _with_flags(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Add where a column's value does not fit or breaks a rule, if it does anywhere."""
        flags: list[pl.Series | pl.Expr] = []
        for column, reading in zip(self._columns, self._readings, strict=True):
            unfit = self._misfits(frame, column, reading)
            if unfit is not None:
                flags.append(unfit.alias(_MISFIT + column.name))
        for column, rules in zip(self._columns, self._rules, strict=True):
            if rules:
                broken = [rule.suspected for rule in rules]
                flags.append(pl.any_horizontal(broken).alias(_BROKEN + column.name))
        return self._sure(frame.with_columns(flags))

    def _misfits(
        self, frame: pl.DataFrame, column: CheckedColumn, reading: Reading
    ) -> pl.Series | None:
        """Return where a text is no value of the column's type; None if nowhere."""
        is_text = reading.type is ColumnType.TEXT
        if is_text and not (column.rules is None and reading.empty):
            return None
        texts, values = frame[column.source], frame[_VALUE + column.name]
        unfit = misfits(texts, values, reading, self._options)
        if unfit.any() and column.rules is not None:
            nothing = list(column.rules.null_values)
            unfit &= ~texts.str.strip_chars().is_in(nothing).fill_null(False)
        return unfit if unfit.any() else None

    def _sure(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Tell doubtful flags apart, where any is set."""
        for column, rules in zip(self._columns, self._rules, strict=True):
            doubtful = any(rule.doubtful is not None for rule in rules)
            if doubtful and frame[_BROKEN + column.name].any():
                broken = pl.any_horizontal([rule.broken for rule in rules])
                frame = frame.with_columns(broken.alias(_BROKEN + column.name))
        return frame

    def _stored(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return rows as their table takes them."""
        return frame.select(
            pl.col(ROW).cast(pl.Int64),
            *(_as_stored(column, _VALUE + column.name) for column in self._columns),
        )

    def _rejected(
        self, frame: pl.DataFrame, faults: Sequence[RowError]
    ) -> Iterator[Rejected]:
        """Yield the errors of rows that are all bad, and the faults, by row."""
        waiting = sorted(faults, key=lambda fault: (fault.row, fault.position))
        at = 0
        rows = max(1, _SLICE_CELLS // max(1, len(self._columns)))
        for part in frame.iter_slices(rows):
            last, begin = part[ROW][-1], at
            while at < len(waiting) and waiting[at].row <= last:
                at += 1
            yield _told([*waiting[begin:at], *self._errors(part)])
        for begin in range(at, len(waiting), rows):
            yield _told(waiting[begin : begin + rows])

    def _errors(self, frame: pl.DataFrame) -> Iterator[RowError]:
        for column, reading, rules in zip(
            self._columns, self._readings, self._rules, strict=True
        ):
            if _MISFIT + column.name in frame.columns:
                found = frame.filter(_MISFIT + column.name)
                told = messages(found[_read_from(found, column, reading)], reading)
                texts = found.select(ROW, column.source).iter_rows()
                for (row, text), reason in zip(texts, told, strict=True):
                    yield _error(column, row, text, *reason)
            if rules and frame[_BROKEN + column.name].any():
                yield from _broken(frame, column, rules)


def _read_from(frame: pl.DataFrame, column: CheckedColumn, reading: Reading) -> str:
    """Return in which of the frame's columns a column's values are."""
    number = _NUMBER + column.source
    is_other = reading.type in NUMBERS and number in frame.columns
    return number if is_other else column.source


def _as_read(frame: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    """Return texts as a profile is to see them."""
    return frame.with_columns(
        pl.col(_NUMBER + name).alias(name) for name in numbers.columns
    )


def _told_texts(texts: pl.Series, *, nothing: Sequence[str]) -> pl.Series:
    """Return texts without blanks at their ends, null where they tell nothing."""
    stripped = texts.str.strip_chars()
    is_nothing = stripped.is_in(nothing)
    # In most batches none does, and copying them costs as much as all of this.
    return where(~is_nothing, stripped) if is_nothing.any() else stripped


def _rules(column: CheckedColumn, value: str) -> list[Rule]:
    if column.rules is None:
        return []
    return list(rules_of(column.rules, value, column.heading))


def _as_stored(column: CheckedColumn, value: str) -> pl.Expr:
    values = pl.col(value)
    if column.rules is not None and column.rules.scale is not None:
        values = rounded(values, column.rules.scale)
    if column.rules is not None and column.rules.key:
        values = values.fill_null("")
    return values.alias(column.name)


def _broken(
    frame: pl.DataFrame, column: CheckedColumn, rules: Sequence[Rule]
) -> Iterator[RowError]:
    """Yield an error for each value that breaks a rule: the first that it breaks."""
    told = pl.lit(False)
    for rule in rules:
        broken = rule.broken.fill_null(False)
        for row, text in _where(frame, column, broken & ~told):
            yield _error(column, row, text, rule.kind, rule.tell(text))
        told |= broken


def _where(
    frame: pl.DataFrame, column: CheckedColumn, mask: pl.Expr
) -> Iterator[tuple[int, str]]:
    """Yield the rows where `mask` holds, and their texts in `column`."""
    texts = pl.col(column.source).fill_null("")
    yield from frame.filter(mask).select(ROW, texts).iter_rows()


def _error(
    column: CheckedColumn, row: int, text: str, kind: ErrorKind, told: str
) -> RowError:
    value = text[:VALUE_CHARACTERS] or None
    return RowError(row, column.position, column.heading, value, kind, told)


def _told(errors: Sequence[RowError]) -> Rejected:
    """Put errors in order, and keep the first of each cell."""
    cells: dict[tuple[int, int], RowError] = {}
    for error in errors:
        cells.setdefault((error.row, error.position), error)
    rows = len({row for row, _ in cells})
    return Rejected(rows, tuple(cells[cell] for cell in sorted(cells)))
