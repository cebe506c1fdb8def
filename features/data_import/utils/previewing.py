"""What an importer sees in a file, before anything is stored."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from features.data_import.targets import TARGETS
from features.data_import.utils.mapping import map_headings
from features.data_import.utils.messages import Order, Preview, PreviewColumn
from features.data_import.utils.reading import open_table, sampled
from features.data_import.utils.types import ROW, column_name
from features.data_import.utils.values import TableProfile

PREVIEW_ROWS: Final = 20
_SAMPLES: Final = 5
_SAMPLE_CHARACTERS: Final = 200


def preview(source: Path, order: Order) -> Iterator[Preview]:
    """Open a file and look at its first rows; yield one item.

    The types are what these rows tell. A required column that no heading is mapped to
    is no error here. Raises ImportFileError as `run_import` does.
    """
    table = open_table(source, order.filename, order.read, order.limits)
    layout, (sample, _) = table.layout, sampled(table)
    frame = sample.frame
    positions = range(1, len(layout.headings) + 1)
    mapped: dict[int, str] = {}
    if order.target is not None:
        target = TARGETS[order.target]
        found = map_headings(target, layout.headings, order.mapping, whole=False)
        mapped = {at: column.name for at, _, column in found}
    profile = TableProfile({column_name(at): None for at in positions}, order.read)
    profile.update(sample.as_read())
    readings = profile.readings()
    columns = tuple(
        PreviewColumn(
            layout.headings[at - 1],
            readings[column_name(at)].type,
            mapped.get(at),
            _samples(frame[column_name(at)]),
        )
        for at in positions
    )
    rows = frame.drop(ROW).head(PREVIEW_ROWS).iter_rows()
    yield Preview(layout, columns, tuple(rows))


def _samples(texts: pl.Series) -> tuple[str, ...]:
    """Return a column's first texts that differ, cut where they are long."""
    found = texts.drop_nulls().unique(maintain_order=True).head(_SAMPLES)
    return tuple(text[:_SAMPLE_CHARACTERS] for text in found)
