"""A look at a table's first rows before all of them are read."""

from collections.abc import Iterator
from itertools import chain
from typing import Final, Protocol

import polars as pl

from features.data_import.utils.types import (
    ROW,
    Batch,
    Layout,
    column_name,
)

SAMPLE_ROWS: Final = 1000


class Batches(Protocol):
    """What is sampled; see Table."""

    layout: Layout

    def batches(self) -> Iterator[Batch]:
        """Read all rows, in order."""
        ...


def sampled(table: Batches) -> tuple[Batch, Iterator[Batch]]:
    """Return the first rows, at most a thousand, and the batches of the whole table.

    What was read for the sample is not read again. Raises ImportFileError.
    """
    batches = table.batches()
    first = next(batches, None)
    if first is None:
        return Batch(_empty(len(table.layout.headings)), (), 1.0), iter(())
    return _head(first), chain([first], batches)


def _head(batch: Batch) -> Batch:
    frame = batch.frame.head(SAMPLE_ROWS)
    if frame.height == batch.frame.height:
        return batch
    last = frame[ROW][-1]
    faults = [fault for fault in batch.faults if fault.row <= last]
    return Batch(
        frame,
        faults,
        batch.fraction * frame.height / batch.frame.height,
        batch.numbers.head(SAMPLE_ROWS),
    )


def _empty(width: int) -> pl.DataFrame:
    names = [column_name(position) for position in range(1, width + 1)]
    return pl.DataFrame(schema={ROW: pl.UInt32} | dict.fromkeys(names, pl.String))
