"""Numbers of a workbook beside texts that look like numbers."""

from decimal import Decimal
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.data_import.utils.reading import open_table
from features.data_import.utils.reading.workbooks.cell_numbers import as_number
from features.data_import.utils.types import (
    Batch,
    ColumnType,
    ReadLimits,
    ReadOptions,
)
from features.data_import.utils.values import TableProfile, converted
from tests.test_data_import.reading import read

type Cell = float | str


def column(folder: Path, cells: list[Cell]) -> list[str]:
    path = folder / "cells.xlsx"
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row, cell in enumerate(["amount", *cells], 1):
        sheet.cell(row, 1, cell)
    book.save(path)
    return [str(row[1]) for row in read(path, ReadOptions(header_row=1)).rows]


def batch(folder: Path, cells: list[Cell]) -> Batch:
    """Return a workbook's one batch, with such a column."""
    column(folder, cells)
    path = folder / "cells.xlsx"
    table = open_table(path, path.name, ReadOptions(header_row=1), ReadLimits())
    (only,) = table.batches()
    return only


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        ([1.005, "12,50"], ["1005e-3", "12,50"]),
        ([-0.125, 1234.567, 3, "1.005,5"], ["-125e-3", "1234567e-3", "3", "1.005,5"]),
        ([1.005, "1.005", "12,50"], ["1005e-3", "1.005", "12,50"]),
        ([1.005, "12,50", "-"], ["1005e-3", "12,50", "-"]),
        ([1.5, "12,50", "-"], ["15e-1", "12,50", "-"]),
        ([1.005, "1.005"], ["1.005", "1.005"]),
        ([1.005, "red, 5"], ["1.005", "red, 5"]),
    ],
    ids=["comma", "more", "both", "others", "short", "no comma", "no number"],
)
def test_commas_beside_it_say_nothing_of_a_number(
    tmp_path: Path, cells: list[Cell], texts: list[str]
) -> None:
    only = batch(tmp_path, cells)
    shown = [str(cell) for cell in cells]
    assert only.frame["c1"].to_list() == shown
    read_as = only.numbers["c1"].to_list() if only.numbers.width else shown
    assert read_as == texts


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (2025111112345678901, "2.025111112345679e+18"),
        (4 * 10**18, "4e+18"),
        (9007199254740991, "9007199254740991"),
    ],
)
def test_digits_that_are_lost_do_not_look_entered(
    tmp_path: Path, number: int, text: str
) -> None:
    assert column(tmp_path, [number, "x"]) == [text, "x"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cells")


_CENTS = st.integers(-(10**7), 10**7)


@settings(max_examples=60, deadline=None)
@given(
    numbers=st.lists(st.tuples(_CENTS, st.integers(0, 4)), min_size=1, max_size=6),
    texts=st.lists(_CENTS, min_size=1, max_size=6),
)
def test_a_number_is_never_a_thousand_times_itself(
    folder: Path, numbers: list[tuple[int, int]], texts: list[int]
) -> None:
    """Whatever texts with a decimal comma stand beside it."""
    values = [Decimal(n).scaleb(-places) for n, places in numbers]
    written = [f"{Decimal(cents) / 100:.2f}" for cents in texts]
    cells: list[Cell] = [*map(float, values)]
    cells += [one.replace(".", ",") for one in written]
    frame = batch(folder, cells).numbers
    if not frame.width:
        frame = batch(folder, cells).frame
    for declared in (ColumnType.DECIMAL, None):
        profile = TableProfile({"c1": declared}, ReadOptions())
        profile.update(frame)
        reading = profile.readings()["c1"]
        assert reading.type is ColumnType.DECIMAL
        found = frame.select(converted("c1", reading, ReadOptions()))
        told = [*values, *map(Decimal, written)]
        assert found.to_series().to_list() == told


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1.005", 1.005),
        ("-7", -7.0),
        ("0.1", 0.1),
        ("1e5", None),
        ("007", None),
        ("+1", None),
        ("", None),
        ("0.30000000000000004", None),
        ("12345678901234567", None),
    ],
)
def test_a_cell_holds_a_number_that_is_exactly_its_text(
    text: str, number: float | None
) -> None:
    assert as_number(text) == number
