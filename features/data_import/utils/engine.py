"""The importing process: one file in, a stream of messages out."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from features.data_import.targets import TARGETS
from features.data_import.utils.checking import CheckedColumn, Checker, Outcome
from features.data_import.utils.conventions import (
    Conventions,
    conventions_of,
    noted,
)
from features.data_import.utils.copying import encode
from features.data_import.utils.error_log import ErrorLog
from features.data_import.utils.mapping import map_headings
from features.data_import.utils.messages import (
    Checked,
    Finished,
    ImportedColumn,
    Message,
    Opened,
    Order,
    Profiled,
    ReportMade,
    Restart,
)
from features.data_import.utils.previewing import preview
from features.data_import.utils.reading import Table, open_table, sampled
from features.data_import.utils.types import (
    NUMBERS,
    ROW,
    Batch,
    ColumnType,
    column_name,
)
from features.data_import.utils.values import Reading, TableProfile

__all__ = ["make_report", "preview", "run_import"]

# How much of the work it is to look at all rows before they are stored.
_PROFILE_SHARE: Final = 0.3


def run_import(source: Path, order: Order) -> Iterator[Message]:
    """Read and check a file; yield what is to be stored, and what is not.

    Yields Opened, Checked for each part of the file, and Finished. Where what the first
    rows told does not hold for all, Restart comes instead of the rest, then all of it
    again. Profiled may come before an Opened.

    Raises ImportFileError: CORRUPT_FILE, UNSUPPORTED_FORMAT, LIMIT_EXCEEDED, or INVALID
    where the file, the mapping and the target do not go together. OSError where
    `source` cannot be read.
    """
    table = open_table(source, order.filename, order.read, order.limits)
    importing = _Import(table, order, _columns(table, order))
    profile = importing.profile()
    sample, batches = sampled(table)
    profile.update(importing.profiled(sample))
    if profile.is_determinate:
        if (yield from importing.stream(profile, batches, speculative=True)):
            return
        yield Restart()
    profile = importing.profile()
    yield from importing.look(profile)
    yield from importing.stream(profile, table.batches(), begin=_PROFILE_SHARE)


def make_report(
    source: Path, order: Order, errors: Path, scratch: Path
) -> Iterator[ReportMade]:
    """Write the rejected rows as they were, each with its reasons; yield one item.

    `errors` is an ErrorLog's file, `scratch` the file to be written.
    Raises as `run_import` does.
    """
    # What it needs to write workbooks is not loaded where files are only read.
    from features.data_import.utils.report import write_report

    table = open_table(source, order.filename, order.read, order.limits)
    importing = _Import(table, order, _columns(table, order))
    note = noted(importing.conventions())
    numeric = {
        column.position
        for column in importing.columns
        if column.rules and column.rules.type in NUMBERS
    }
    report = write_report(table, ErrorLog(errors).by_row, scratch, note, numeric)
    yield ReportMade(str(report.path), report.suffix, report.content_type)


def _columns(table: Table, order: Order) -> list[CheckedColumn]:
    headings = table.layout.headings
    if order.target is None:
        return [
            CheckedColumn(position, heading, column_name(position))
            for position, heading in enumerate(headings, 1)
        ]
    mapped = map_headings(TARGETS[order.target], headings, order.mapping)
    return [
        CheckedColumn(at, heading, column.name, column)
        for at, heading, column in mapped
    ]


class _Import:
    """One file on its way into a table."""

    def __init__(
        self, table: Table, order: Order, columns: Sequence[CheckedColumn]
    ) -> None:
        self._table = table
        self._given = table.conventions if order.target else Conventions()
        self._options = self._given.options(order.read)
        self.columns = columns
        self._to_target = order.target is not None
        self._stamp = order.stamp

    def profile(self) -> TableProfile:
        """Make a profile that has seen nothing."""
        declared = {
            column.source: column.rules.type if column.rules else None
            for column in self.columns
        }
        return TableProfile(
            declared,
            self._options,
            self._by_source(self._given.decimals),
            self._by_source(self._given.dates),
        )

    def conventions(self) -> Conventions:
        """Look at all rows, and return how a target's columns are read by them."""
        if not self._to_target:
            return Conventions()
        profile = self.profile()
        for _ in self.look(profile):
            pass
        readings = profile.readings()
        told = {column.heading: readings[column.source] for column in self.columns}
        return conventions_of(told, self._options)

    def _by_source[Value](self, by_heading: Mapping[str, Value]) -> dict[str, Value]:
        return {
            column.source: by_heading[column.heading]
            for column in self.columns
            if column.heading in by_heading
        }

    def profiled(self, batch: Batch) -> pl.DataFrame:
        """Return a batch as profiles see it: without what a column's null texts say."""
        return batch.as_read().with_columns(
            pl.when(~pl.col(column.source).is_in(list(column.rules.null_values)))
            .then(pl.col(column.source))
            .alias(column.source)
            for column in self.columns
            if column.rules is not None and column.rules.null_values
        )

    def look(self, profile: TableProfile) -> Iterator[Message]:
        """Show the profile all rows."""
        for batch in self._table.batches():
            profile.update(self.profiled(batch))
            rows = batch.frame.height
            yield Profiled(rows, batch.fraction * _PROFILE_SHARE)

    def stream(
        self,
        profile: TableProfile,
        batches: Iterable[Batch],
        *,
        speculative: bool = False,
        begin: float = 0.0,
    ) -> Generator[Message, None, bool]:
        """Yield all rows, checked under what the profile tells; return whether it held.

        Where it is not `speculative` it has seen all rows.
        """
        readings = profile.readings()
        checker = Checker(self.columns, readings, self._options)
        yield Opened(self._table.layout, self._opened(readings))
        read = rejected = 0
        fraction = begin
        for batch in batches:
            outcome = checker.check(batch)
            if speculative and self._contradicts(profile, readings, outcome.misfits):
                return False
            share = begin + (1 - begin) * batch.fraction
            for part in self._told(outcome, fraction, share, read - rejected):
                yield part
                read += part.rows_read
                rejected += part.rows_read - part.rows_good
            fraction = share
        yield Finished(read, rejected)
        return True

    def _contradicts(
        self, profile: TableProfile, readings: dict[str, Reading], unfit: pl.DataFrame
    ) -> bool:
        """Tell whether rows do not fit because others than the first were not looked at.

        A target's values may just be wrong: only what changes how columns are read
        counts there.
        """
        if not unfit.height or not self._to_target:
            return bool(unfit.height)
        profile.update(self.profiled(Batch(unfit, (), 0.0)))
        return profile.readings() != readings

    def _told(
        self,
        outcome: Outcome,
        before: float,
        after: float,
        stored: int,
    ) -> Iterator[Checked]:
        """Yield a batch: its rejected rows in slices, then its good ones."""
        for rejected in outcome.rejected:
            yield Checked(rejected.rows, 0, memoryview(b""), rejected.errors, before)
        good = outcome.good
        if not self._to_target:
            dense = pl.int_range(stored + 1, stored + 1 + good.height, dtype=pl.Int64)
            good = good.with_columns(dense.alias(ROW))
        copy = memoryview(encode(self._stamped(good)))
        yield Checked(good.height, good.height, copy, (), after)

    def _stamped(self, good: pl.DataFrame) -> pl.DataFrame:
        """Return rows with the stamp's two columns for their number."""
        if self._stamp is None:
            return good
        return good.select(
            (pl.col(ROW) + self._stamp.first_id).alias("id"),
            pl.lit(self._stamp.import_id).alias("import_id"),
            pl.exclude(ROW),
        )

    def _opened(self, readings: dict[str, Reading]) -> tuple[ImportedColumn, ...]:
        return tuple(
            ImportedColumn(
                column.position,
                column.heading,
                column.name,
                readings[column.source].type,
                _is_aware(readings[column.source]),
            )
            for column in self.columns
        )


def _is_aware(reading: Reading) -> bool:
    """Tell whether values are instants; a target's timestamps always are."""
    return reading.type is ColumnType.TIMESTAMP and reading.aware
