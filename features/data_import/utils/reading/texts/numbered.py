"""Blocks of records, each with its number in the file."""

from collections.abc import Generator
from contextlib import closing
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from features.data_import.utils.reading.texts.blocks import (
    Blocks,
    Irregular,
    never_closed,
    parser_error,
)
from features.data_import.utils.reading.texts.encodings import Encoding
from features.data_import.utils.reading.texts.shape import Shape
from features.data_import.utils.reading.texts.sources import Source
from features.data_import.utils.types import ROW


class Numbered(NamedTuple):
    """Regular records with their numbers in `_row`, and the irregular ones among them.

    `is_marked`: there may be marks of bytes that are no text in them; `has_formulas`:
    texts written as formulas.
    """

    frame: pl.DataFrame
    irregular: list[Irregular]
    is_marked: bool
    has_formulas: bool
    fraction: float


def numbered_blocks(
    source: Source, encoding: Encoding, shape: Shape
) -> Generator[Numbered]:
    """Read all records behind the header, in order. Raises ImportFileError.

    The parser has many threads up to the first irregular record, for numbers are a matter
    of counting as long as all are regular. From there on it has one, which numbers them.
    """
    row = shape.first_row
    with closing(Blocks(source, encoding, shape, threads=True)) as blocks:
        try:
            for frame in blocks:
                # Told before a block is given: what was given before it is regular.
                if blocks.irregular:
                    break
                numbers = np.arange(row, row + frame.height)
                yield _numbered(frame, numbers, [], blocks)
                row += frame.height
        except pa.ArrowInvalid as error:
            if not blocks.irregular:
                raise parser_error(error, row) from error
        if not blocks.irregular:
            if not blocks.has_ended:
                raise never_closed(row)
            return
    yield from _one_by_one(source, encoding, shape, row - shape.first_row)


def _one_by_one(
    source: Source, encoding: Encoding, shape: Shape, given: int
) -> Generator[Numbered]:
    """Read with one thread, and leave out the first `given` records."""
    row = shape.first_row
    with closing(Blocks(source, encoding, shape, threads=False)) as blocks:
        try:
            for frame in blocks:
                numbers = _numbers(row, frame.height, blocks.irregular, shape)
                row = int(numbers[-1]) + 1
                irregular = _up_to(row, blocks, shape)
                new = numbers >= shape.first_row + given
                if new.any():
                    yield _numbered(frame.filter(new), numbers[new], irregular, blocks)
        except pa.ArrowInvalid as error:
            raise parser_error(error, row) from error
        rest = _up_to(None, blocks, shape)
        row = max([row, *(record.number + 1 for record in rest)])
        if rest:
            yield _numbered(pl.DataFrame(), np.arange(0), rest, blocks)
        if not blocks.has_ended:
            raise never_closed(row)


def _numbers(
    first: int, count: int, irregular: list[Irregular], shape: Shape
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Number `count` regular records from `first` on: those that are not irregular."""
    taken = [record.number + shape.first_row - 1 for record in irregular]
    numbers = np.arange(first, first + count + len(taken))
    if taken:
        numbers = numbers[~np.isin(numbers, taken)]
    return numbers[:count]


def _up_to(row: int | None, blocks: Blocks, shape: Shape) -> list[Irregular]:
    """Take the irregular records before `row`, numbered as in the file."""
    skipped = shape.first_row - 1
    taken = [
        record._replace(number=record.number + skipped)
        for record in blocks.irregular
        if row is None or record.number + skipped < row
    ]
    del blocks.irregular[: len(taken)]
    return taken


def _numbered(
    frame: pl.DataFrame,
    numbers: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    irregular: list[Irregular],
    blocks: Blocks,
) -> Numbered:
    column = pl.Series(ROW, numbers, dtype=pl.UInt32)
    return Numbered(
        frame.insert_column(0, column),
        irregular,
        blocks.is_marked,
        blocks.has_formulas,
        blocks.fraction,
    )
