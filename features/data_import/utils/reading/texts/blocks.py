"""A text's records in blocks of columns, as a parser of many threads gives them."""

import io
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, cast

import polars as pl
import pyarrow as pa
import pyarrow.csv as pc

from features.data_import.exceptions import corrupt, over_limit
from features.data_import.utils.reading.records import MAX_RECORD_BYTES
from features.data_import.utils.reading.texts.encodings import Encoding
from features.data_import.utils.reading.texts.shape import Shape, too_long
from features.data_import.utils.reading.texts.sources import Source
from features.data_import.utils.reading.texts.utf8_stream import Utf8Stream
from features.data_import.utils.types import column_name

# A record behind the last one: where it does not arrive as such, a quote was left open.
_END: Final = "\U0010fefe end of the text \U0010fefe"


class Irregular(NamedTuple):
    """A record with another number of fields. `number` is 0 where it is not known."""

    number: int
    width: int
    text: str


class Blocks:
    """The records from a shape's offset on, parsed; irregular ones are put aside.

    With `threads` it is nearly twice as fast, and the numbers of irregular records are
    not known. Iterating raises ImportFileError.
    """

    def __init__(
        self, source: Source, encoding: Encoding, shape: Shape, threads: bool
    ) -> None:
        self.irregular: list[Irregular] = []
        self.has_ended = False
        self._parsed = 0
        self._shape = shape
        last = _END + shape.delimiter * (shape.width - 1)
        self._stream = Utf8Stream(source, encoding, shape.offset, last.encode())
        self._reader = self._open(threads)

    @property
    def is_marked(self) -> bool:
        """Tell whether there are bytes that are no text (see marks)."""
        return self._stream.is_marked

    @property
    def has_formulas(self) -> bool:
        """Tell whether there may be texts written as formulas (see formula_texts)."""
        return self._stream.has_formulas

    @property
    def fraction(self) -> float:
        """Return how much of the file has been given, 0 to 1; the parser reads ahead."""
        ahead = max(1, self._stream.given)
        return self._stream.fraction * min(1.0, self._parsed / ahead)

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """Give the regular records, block by block."""
        for batch in self._reader:
            self._parsed += MAX_RECORD_BYTES
            frame = cast(pl.DataFrame, pl.from_arrow(batch))
            if not frame.height:
                continue
            last = frame.row(-1)
            if last[0] == _END:
                self.has_ended = True
                frame = frame.head(-1)
            elif any(cell and _END in cell for cell in last):
                # It has swallowed the rest of the file: it is no record.
                frame = frame.head(-1)
            if frame.height:
                yield frame

    def close(self) -> None:
        """Close the parser and the file."""
        self._reader.close()
        self._stream.close()

    def _open(self, threads: bool) -> Any:
        names = [column_name(i) for i in range(1, self._shape.width + 1)]
        return pc.open_csv(
            pa.PythonFile(cast(io.IOBase, self._stream), mode="r"),
            read_options=pc.ReadOptions(
                use_threads=threads, block_size=MAX_RECORD_BYTES, column_names=names
            ),
            parse_options=pc.ParseOptions(
                delimiter=self._shape.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=self._put_aside,
            ),
            convert_options=pc.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                # The stream gives sound UTF-8 only.
                check_utf8=False,
            ),
        )

    def _put_aside(self, row: Any) -> str:
        if _END not in row.text:
            self.irregular.append(
                Irregular(row.number or 0, row.actual_columns, row.text)
            )
        return "skip"


def never_closed(row: int) -> Exception:
    """Make the error of a quote that swallows the rest of the file."""
    return corrupt(
        f'the quote (") that opens in row {row} is never closed, so that it takes in all '
        "rows below. Close it, or write it twice where it belongs to the text"
    )


def parser_error(error: pa.ArrowInvalid, row: int) -> Exception:
    """Turn an error of the parser's, met behind row `row` - 1, into one of ours."""
    if "straddl" in str(error) or "block" in str(error):
        return over_limit(too_long(row))
    return corrupt(f"it cannot be split into rows from row {row} on")
