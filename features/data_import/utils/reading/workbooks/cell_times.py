"""Durations and times of day: the cells that show them, and how they are written.

Excel's numbers are days. A parser tells no durations, and makes dates of them all.
"""

import re
from array import array
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from features.data_import.utils.reading.heading_names import column_number

type _Array = npt.NDArray[Any]

DAY: Final = 86_400_000
# More days than any calendar has are left to what the parser says of them.
_MOST_DAYS: Final = 1e8
# More of them are no longer looked for one by one.
_FEW_STYLES: Final = 50
_STYLE_OF: Final = re.compile(rb"\ss\s*=\s*[\"'](\d{1,9})[\"']")
_NUMBER: Final = rb"-?\d{1,20}(?:\.\d{1,30})?(?:[eE][-+]?\d{1,3})?"
_PERIOD: Final = re.compile(
    rb"(-?)P(?:(\d{1,9})D)?T?(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d*)?)S)?"
)


class Times(NamedTuple):
    """Times in one column of a sheet: their rows, from 1, and milliseconds."""

    column: int
    rows: pl.Series
    times: pl.Series


class TimeCells:
    """Gathers the cells that show a duration, or a time of day below 24 hours.

    `styles` are those that do so, as `time_styles` gives them.
    """

    def __init__(self, styles: Mapping[int, bool] | None = None) -> None:
        self._styles = styles = styles or {}
        self._rows, self._columns, self._times = array("q"), array("q"), array("q")
        self._kinds = {str(style).encode(): kind for style, kind in styles.items()}
        few = len(self._kinds) <= _FEW_STYLES
        numbers = b"|".join(self._kinds) if few else rb"\d{1,9}"
        self._cell = re.compile(
            rb"<c r=\"([A-Z]{1,3})(\d{1,8})\"(?![^<>]*\st\s*=\s*[\"'](?!n[\"']))"
            rb"(?=[^<>]*\ss\s*=\s*[\"'](" + numbers + rb")[\"'])[^<>]*(?<!/)>"
            rb"(?:<f(?:\s[^>]*)?(?:/>|(?<!/)>[^<]*</f>))?<v>(" + _NUMBER + rb")<"
        )

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, data: bytes) -> None:
        """Take those of a piece of XML all of whose cells are written <c r="B7" …."""
        if not self._styles:
            return
        found = [cell for cell in self._cell.findall(data) if cell[2] in self._kinds]
        if not found:
            return
        letters, digits, styles, texts = zip(*found, strict=True)
        places = {name: column_number(name) for name in set(letters)}
        self._extend(
            np.array(digits).astype(np.int64),
            np.array([places[name] for name in letters]),
            np.array(texts).astype(np.float64),
            np.array([self._kinds[style] for style in styles]),
        )

    def add(self, row: int, column: int, attributes: bytes, text: bytes) -> None:
        """Take one cell of XML, where it is one."""
        style = _STYLE_OF.search(attributes) if self._styles else None
        is_duration = self._styles.get(int(style[1])) if style else None
        if is_duration is None or not re.fullmatch(_NUMBER, text):
            return
        self._extend(*map(np.array, ([row], [column], [float(text)], [is_duration])))

    def add_period(self, rows: range, columns: range, text: bytes) -> None:
        """Take cells that all hold one period of ods: PT30H00M00S."""
        found = _PERIOD.fullmatch(text)
        if not found:
            return
        days, hours, minutes, seconds = (
            float(part or 0) for part in found.groups()[1:]
        )
        total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
        for row in rows:
            for column in columns:
                self._rows.append(row)
                self._columns.append(column)
                self._times.append(round(total * (-1000 if found[1] else 1000)))

    def columns(self) -> Iterator[Times]:
        """Give the times of one column after the other."""
        rows, columns, times = map(_numbers, (self._rows, self._columns, self._times))
        for column in np.unique(columns).tolist():
            here = columns == column
            yield Times(column, pl.Series(rows[here]), pl.Series(times[here]))

    def _extend(
        self, rows: _Array, columns: _Array, days: _Array, are_durations: _Array
    ) -> None:
        is_time = (days >= 0) & (days < 1)
        is_time |= are_durations & (np.abs(days) < _MOST_DAYS)
        times = np.round(days[is_time] * DAY).astype(np.int64)
        # What is as good as 24:00:00 is a time of day still.
        times -= (times == DAY) & ~are_durations[is_time]
        self._rows.frombytes(rows[is_time].astype(np.int64).tobytes())
        self._columns.frombytes(columns[is_time].astype(np.int64).tobytes())
        self._times.frombytes(times.tobytes())


def time_texts(milliseconds: pl.Series) -> pl.Series:
    """Write times as 30:00:00, with three decimals where there are any."""
    total = pl.col("time").abs()
    hours, minutes, seconds, rest = (
        part.cast(pl.String).str.zfill(width)
        for part, width in (
            (total // 3_600_000, 2),
            (total // 60_000 % 60, 2),
            (total // 1000 % 60, 2),
            (total % 1000, 3),
        )
    )
    sign = pl.when(pl.col("time") < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    decimals = pl.when(rest != "000").then("." + rest).otherwise(pl.lit(""))
    text = pl.format("{}{}:{}:{}{}", sign, hours, minutes, seconds, decimals)
    return pl.DataFrame({"time": milliseconds}).select(text).to_series()


def _numbers(values: "array[int]") -> npt.NDArray[np.int64]:
    return np.frombuffer(values, np.int64) if values else np.zeros(0, np.int64)
