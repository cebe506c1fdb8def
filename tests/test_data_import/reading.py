"""Tables in texts, opened as the import opens them."""

from pathlib import Path
from typing import NamedTuple

import pytest

from core.errors import ErrorCode
from features.data_import.exceptions import ImportFileError
from features.data_import.utils.reading import open_table, sampled
from features.data_import.utils.types import (
    ErrorKind,
    Layout,
    ReadLimits,
    ReadOptions,
    RowError,
)


class Contents(NamedTuple):
    """All that a table holds: rows (number, then cells) and faults."""

    layout: Layout
    rows: list[tuple[object, ...]]
    faults: list[RowError]

    @property
    def told(self) -> list[tuple[int, int, ErrorKind]]:
        return [(fault.row, fault.position, fault.code) for fault in self.faults]


def read(
    path: Path, options: ReadOptions = ReadOptions(), limits: ReadLimits = ReadLimits()
) -> Contents:
    """Read a table whole, and hold its batches to what a batch promises."""
    table = open_table(path, path.name, options, limits)
    rows: list[tuple[object, ...]] = []
    faults: list[RowError] = []
    fraction = 0.0
    for batch in table.batches():
        assert fraction <= batch.fraction <= 1
        fraction = batch.fraction
        rows += batch.frame.rows()
        faults += batch.faults
    sample = sampled(table)[0]
    assert sample.frame.rows() == rows[: sample.frame.height]
    numbers = [row[0] for row in rows]
    assert numbers == sorted(set(numbers))  # type: ignore[type-var]
    return Contents(table.layout, rows, faults)


def read_bytes(folder: Path, data: bytes, **options: object) -> Contents:
    """Read `data` as a file of that content."""
    path = folder / "table.csv"
    path.write_bytes(data)
    return read(path, ReadOptions(**options))  # type: ignore[arg-type]


def refused(
    path: Path, options: ReadOptions = ReadOptions(), limits: ReadLimits = ReadLimits()
) -> tuple[ErrorCode, str]:
    """Return the code and the message with which a file is refused."""
    with pytest.raises(ImportFileError) as raised:
        read(path, options, limits)
    return raised.value.code, raised.value.message


def refused_bytes(
    folder: Path, data: bytes, **options: object
) -> tuple[ErrorCode, str]:
    """Return the code and the message with which `data` are refused."""
    path = folder / "table.csv"
    path.write_bytes(data)
    return refused(path, ReadOptions(**options))  # type: ignore[arg-type]
