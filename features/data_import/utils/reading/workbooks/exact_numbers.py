"""Numbers as they stand in a file: the parser's texts have nine decimals at most, and
lose the last digits of whole numbers above 2 ** 53."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

type Bytes = npt.NDArray[np.uint8]
type Numbers = npt.NDArray[np.int64]

_LT, _GT, _V, _T, _N, _EQUALS = b"<>vtn="
# A shorter one has at most nine decimals.
_LONG: Final = 11
_WIDTH: Final = 40
_TAG_WIDTH: Final = 64
PADDING: Final = _WIDTH + _TAG_WIDTH
_POWER: Final = re.compile(rb"<v>-?[\d.]+[eE][-+]?\d")
_NUMBER: Final = r"^-?\d+(?:\.\d+)?$"
_NUMBER_OR_POWER: Final = r"^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$"
_WHOLE: Final = r"^-?\d+$"
_MOST_DIGITS: Final = 38
_NOT_WHOLE: Final = 1e16


class ExactNumber(NamedTuple):
    """Numbers of one column of a sheet: their rows, from 1, and their texts."""

    column: int
    rows: Numbers
    texts: pl.Series


class ExactNumbers:
    """Gathers from a sheet's XML the numbers that a parser would round."""

    def __init__(self) -> None:
        self._rows: list[Numbers] = []
        self._columns: list[Numbers] = []
        self._texts: list[npt.NDArray[np.bytes_]] = []

    def add(self, row: int, column: int, text: bytes) -> None:
        """Take the number in one cell."""
        if (len(text) >= _LONG or b"E" in text or b"e" in text) and len(text) < _WIDTH:
            self._rows.append(np.array([row]))
            self._columns.append(np.array([column]))
            self._texts.append(np.array([text], f"S{_WIDTH}"))

    def take(
        self, data: bytes, buffer: Bytes, tags: Numbers, rows: Numbers, columns: Numbers
    ) -> None:
        """Take those of a piece whose cells begin at `tags`; `buffer` is padded."""
        starts = _long_values(data, buffer)
        cells = np.searchsorted(tags, starts) - 1
        starts, cells = starts[cells >= 0], cells[cells >= 0]
        are_numbers = _are_numbers(buffer, tags[cells])
        starts, cells = starts[are_numbers], cells[are_numbers]
        if not starts.size:
            return
        texts = buffer[starts[:, None] + np.arange(_WIDTH)]
        texts[np.maximum.accumulate(texts == _LT, axis=1)] = 0
        self._rows.append(rows[cells])
        self._columns.append(columns[cells])
        self._texts.append(texts.view(f"S{_WIDTH}").ravel())

    def columns(self) -> Iterator[ExactNumber]:
        """Give the numbers of one column after the other."""
        if not self._rows:
            return
        rows, columns = np.concatenate(self._rows), np.concatenate(self._columns)
        texts = np.concatenate(self._texts)
        for column in np.unique(columns).tolist():
            here = columns == column
            found = pl.Series(texts[here].astype(object), dtype=pl.Binary)
            yield ExactNumber(column, rows[here], _written(found.cast(pl.String)))


def are_plain(texts: pl.Series) -> pl.Series:
    """Tell which texts are numbers, and not dates, as a parser writes them."""
    return texts.str.contains(_NUMBER)


def float_texts(numbers: pl.Series) -> pl.Series:
    """Write floats with all of their digits, and without an exponent up to 1e16.

    From there on not all whole numbers are floats: zeros in the place of digits that are
    lost would look as if they had been entered.
    """
    texts = numbers.cast(pl.String).str.replace(r"\.0$", "")
    powers = texts.str.contains("e", literal=True).fill_null(False).arg_true()
    values = [_without_power(number) for number in numbers.gather(powers).to_list()]
    return texts.scatter(powers, pl.Series(values, dtype=pl.String))


def _written(texts: pl.Series) -> pl.Series:
    """Write numbers as they stand in XML in plain digits; null what is none."""
    is_whole = texts.str.contains(_WHOLE)
    numbers = pl.select(
        pl.when(texts.str.contains(_NUMBER_OR_POWER)).then(texts)
    ).to_series()
    floats = float_texts(numbers.cast(pl.Float64, strict=False))
    return pl.select(pl.when(is_whole).then(texts).otherwise(floats)).to_series()


def _without_power(number: float) -> str:
    value = Decimal(repr(number))
    if abs(number) >= _NOT_WHOLE or value.adjusted() <= -_MOST_DIGITS:
        return repr(number)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _long_values(data: bytes, buffer: Bytes) -> Numbers:
    found = (buffer[:-2] == _LT) & (buffer[1:-1] == _V) & (buffer[2:] == _GT)
    starts = np.flatnonzero(found) + 3
    starts = starts[starts < buffer.size - PADDING]
    for i in range(1, _LONG):
        starts = starts[buffer[starts + i] != _LT]
    if b"E-" in data or b"E+" in data or b"e-" in data or b"e+" in data:
        powers = [match.start() + 3 for match in _POWER.finditer(data)]
        starts = np.union1d(starts, np.array(powers, np.int64))
    return starts


def _are_numbers(buffer: Bytes, tags: Numbers) -> npt.NDArray[np.bool_]:
    """Tell which of the cells that begin at `tags` have no type but that of numbers."""
    are = np.ones(tags.size, bool)
    ended = np.zeros(tags.size, bool)
    for i in range(2, _TAG_WIDTH - 4):
        at = tags + i
        ended |= buffer[at] == _GT
        if ended.all():
            break
        typed = (buffer[at] <= ord(" ")) & (buffer[at + 1] == _T)
        typed &= (buffer[at + 2] == _EQUALS) & (buffer[at + 4] != _N)
        are &= ended | ~typed
    return are & ended
