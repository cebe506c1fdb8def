"""A table in a text: csv, tsv and the like, in whatever encoding."""

from collections.abc import Generator, Sequence
from contextlib import closing

import polars as pl

from features.data_import.exceptions import cannot_read_so, without_columns
from features.data_import.utils.conventions import Conventions, found
from features.data_import.utils.reading.footers import without_total
from features.data_import.utils.reading.records import MAX_RECORD_BYTES
from features.data_import.utils.reading.report_columns import (
    errors_column,
    own_columns,
    undefused,
    undefused_text,
)
from features.data_import.utils.reading.texts.cell_faults import take_out_faults
from features.data_import.utils.reading.texts.encodings import find_encoding
from features.data_import.utils.reading.texts.formula_texts import without_formulas
from features.data_import.utils.reading.texts.irregular import sort_irregular, with_kept
from features.data_import.utils.reading.texts.numbered import Numbered, numbered_blocks
from features.data_import.utils.reading.texts.report_rows import unmended
from features.data_import.utils.reading.texts.shape import find_shape
from features.data_import.utils.reading.texts.sources import Source
from features.data_import.utils.reading.texts.utf8_stream import Utf8Stream
from features.data_import.utils.types import (
    ROW,
    Batch,
    Layout,
    ReadLimits,
    ReadOptions,
    column_name,
)


class TextTable:
    """The rows of a text, read in blocks of 2 MiB.

    A row is a record: a line, or several where line breaks stand within quotes. Rows
    with nothing in them are left out, and so are columns without heading and content.
    All other rows behind the header are either in a frame or told as a fault. The last
    row is told as NOT_ALLOWED where it surely gives totals (see footers); remarks below
    a table are rows if they have all fields, else TOO_FEW_FIELDS. Raises ImportFileError.
    """

    numbers = None

    def __init__(
        self, source: Source, options: ReadOptions, limits: ReadLimits
    ) -> None:
        if options.sheet is not None:
            raise cannot_read_so(
                "This file is a text, which has no sheets: leave the sheet out.",
                "sheet",
            )
        self._source = source
        self._limits = limits
        self._encoding = find_encoding(source, options.encoding)
        self._shape = find_shape(*self._head(), options, limits)
        self._own = own_columns(self._shape.headings)
        left_out = {*self._own, *self._empty_columns()}
        kept = [i for i in range(self._shape.width) if i not in left_out]
        if not kept:
            raise without_columns()
        self._columns = {
            column_name(i + 1): column_name(position)
            for position, i in enumerate(kept, 1)
        }
        self.conventions = found(self._reasons()) if self._own else Conventions()
        self.layout = Layout(
            sheets=(),
            sheet=None,
            encoding=self._encoding.name,
            delimiter=self._shape.delimiter,
            header_row=self._shape.header_row,
            headings=self._headings(kept),
        )

    def batches(self) -> Generator[Batch]:
        """Read all rows from the first one on. Raises ImportFileError."""
        blocks = numbered_blocks(self._source, self._encoding, self._shape)
        held: Batch | None = None
        with closing(blocks):
            for block in blocks:
                if held is not None:
                    yield held
                held = self._batch(block)
        if held is not None:
            yield without_total(held)

    def _headings(self, kept: Sequence[int]) -> tuple[str, ...]:
        headings = (self._shape.headings[i] for i in kept)
        if self._own:
            return tuple(map(undefused_text, headings))
        return tuple(headings)

    def _reasons(self) -> list[str]:
        """Return the first reasons of a report."""
        name = column_name(errors_column(self._shape.headings) + 1)
        blocks = numbered_blocks(self._source, self._encoding, self._shape)
        with closing(blocks):
            first = next(blocks, None)
        frame = None if first is None else self._frame(first)
        if frame is None or name not in frame.columns:
            return []
        return frame[name].drop_nulls().to_list()

    def _head(self) -> tuple[bytes, bool]:
        with closing(Utf8Stream(self._source, self._encoding)) as stream:
            head = stream.read(MAX_RECORD_BYTES)
            return head, not stream.read(1)

    def _empty_columns(self) -> set[int]:
        """Return the columns, from 0, with neither a heading nor content in all rows."""
        doubtful = set(self._shape.doubtful)
        if not doubtful:
            return doubtful
        with closing(
            numbered_blocks(self._source, self._encoding, self._shape)
        ) as blocks:
            for block in blocks:
                frame = self._frame(block)
                doubtful = {
                    i
                    for i in doubtful
                    if frame[column_name(i + 1)].null_count() == frame.height
                }
                if not doubtful:
                    break
        return doubtful

    def _frame(self, block: Numbered) -> pl.DataFrame:
        return with_kept(
            block.frame, sort_irregular(block.irregular, self._shape), self._shape
        )

    def _batch(self, block: Numbered) -> Batch:
        irregular = sort_irregular(block.irregular, self._shape, self._own)
        frame = with_kept(block.frame, irregular, self._shape)
        told = irregular.faults
        if self._own and frame.width > 1:
            frame, uneven = unmended(frame, self._shape, self._own)
            told = [*told, *uneven]
        if frame.width == 1:
            frame = self._empty()
        else:
            frame = frame.select(ROW, *self._columns).rename(self._columns)
        if block.has_formulas:
            frame = without_formulas(frame)
        frame = frame.filter(pl.any_horizontal(pl.exclude(ROW).is_not_null()))
        frame, faults = take_out_faults(
            frame,
            self.layout.headings,
            self._encoding.name,
            block.is_marked,
            self._limits.max_field_bytes,
        )
        if self._own:
            frame = undefused(frame)
        faults = sorted([*told, *faults], key=lambda f: (f.row, f.position))
        return Batch(frame, faults, block.fraction)

    def _empty(self) -> pl.DataFrame:
        names = self._columns.values()
        return pl.DataFrame(schema={ROW: pl.UInt32} | dict.fromkeys(names, pl.String))
