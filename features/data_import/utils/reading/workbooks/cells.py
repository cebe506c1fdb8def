"""The cells of a sheet's XML, found without parsing it: where they are, and which
values a parser would round or leave out."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from features.data_import.exceptions import over_limit
from features.data_import.utils.reading.heading_names import (
    column_letters,
    column_number,
)
from features.data_import.utils.reading.workbooks.cell_times import TimeCells
from features.data_import.utils.reading.workbooks.exact_numbers import (
    PADDING,
    ExactNumbers,
)

type Bytes = npt.NDArray[np.uint8]
type Numbers = npt.NDArray[np.int64]

_MAX_CELL: Final = 16 * 1024 * 1024
_LT, _GT, _C, _R, _V, _EQUALS, _QUOTE, _SLASH = b'<>crv="/'
# Letters and digits of a reference; Excel's longest is XFD1048576.
_REFERENCE: Final = 12
_TAG: Final = re.compile(
    rb"<(row|c)((?:[\s/][^>]*)?)>"
    rb"(?:<f(?:\s[^>]*)?(?:/>|(?<!/)>[^<]*</f>))?(<[vi]\w*/?>)?([^<]*)"
)
_R_OF: Final = re.compile(rb"\sr\s*=\s*[\"']\s*([A-Za-z]*)(\d*)")
_PREFIX: Final = re.compile(rb"<(\w+:)(?:row|c)[\s/>]")
_UNSOLVED: Final = (b"</f></", b"</f><v></", b"</f><v/>", b"</f><v />", b"/></c>")
_FORMULA: Final = re.compile(
    rb"<c\s([^>]*)><f(?:\s[^>]*)?(?:/>|(?<!/)>([^<]*)</f>)(?:<v></v>|<v\s?/>)?</c>"
)
_TEXT_TYPE: Final = re.compile(rb"\st\s*=\s*[\"'](?:s|str|inlineStr|b|e|d)[\"']")


class Place(NamedTuple):
    """A cell's row and column, from 1; `str` gives the reference, as in B7."""

    row: int
    column: int

    def __str__(self) -> str:
        return f"{column_letters(self.column)}{self.row}"


class Cells:
    """What a sheet's XML says of its cells, gathered piece by piece.

    `lowest` and `rightmost` are the outermost cells, None where there are none.
    `numbers` are those that a parser would round; `times` are those in `time_styles`;
    `unsolved` are formulas without a stored result; `texts` counts the references to
    shared texts. With `exact`, cells that have a format but no value are left out.
    """

    def __init__(self, time_styles: Mapping[int, bool], exact: bool = False) -> None:
        self.lowest: Place | None = None
        self.rightmost: Place | None = None
        self.first_row = self.first_column = 0
        self.texts = 0
        self.numbers = ExactNumbers()
        self.times = TimeCells(time_styles)
        self.unsolved: dict[Place, str] = {}
        self._exact = exact
        self._row = self._column = 0

    def gather(self, pieces: Iterator[bytes]) -> None:
        """Read the whole sheet, in pieces that end anywhere."""
        carried = b""
        for piece in pieces:
            data = carried + piece
            cut = complete(data)
            carried = data[cut:]
            if len(carried) > _MAX_CELL:
                raise over_limit(
                    f"A cell after {self.lowest or 'the first'} has more than "
                    f"{_MAX_CELL:,} bytes. Shorten it."
                )
            self._take(data[:cut])
        self._take(carried)

    @property
    def size(self) -> int:
        """Return how many cells the rectangle has that a parser lays out."""
        if self.lowest is None or self.rightmost is None:
            return 0
        columns = self.rightmost.column - self.first_column + 1
        return self.lowest.row * columns

    def _take(self, data: bytes) -> None:
        if b":c " in data or b":row" in data and _PREFIX.search(data):
            data = re.sub(rb"<(/?)\w+:", rb"<\1", data)
        self.texts += data.count(b't="s"')
        buffer = np.frombuffer(data + bytes(_REFERENCE + PADDING), np.uint8)
        if self._exact or not self._take_regular(data, buffer):
            self._take_any(data)
        if b"<f" in data and any(mark in data for mark in _UNSOLVED):
            self._take_unsolved(data)

    def _take_regular(self, data: bytes, buffer: Bytes) -> bool:
        """Read a piece all of whose cells are written <c r="B7" …; else return False."""
        tags = _tags(buffer, _C)
        if not tags.size:
            return True
        is_regular = (buffer[tags + 3] == _R) & (buffer[tags + 4] == _EQUALS)
        if not bool((is_regular & (buffer[tags + 5] == _QUOTE)).all()):
            return False
        places = _places(buffer, tags + 6)
        if places is None:
            return False
        rows, columns = places
        low, right = int(rows.argmax()), int(columns.argmax())
        self._reach(Place(int(rows[low]), int(columns[low])))
        self._reach(Place(int(rows[right]), int(columns[right])))
        self._begin(int(rows.min()), int(columns.min()))
        self._row, self._column = int(rows[-1]), int(columns[-1])
        self.numbers.take(data, buffer, tags, rows, columns)
        self.times.take(data)
        return True

    def _take_any(self, data: bytes) -> None:
        """Read cells as the parser does: without a reference, each is the next one."""
        for name, attributes, content, text in _TAG.findall(data):
            found = _R_OF.search(attributes)
            if name == b"row":
                given = found is not None and found[2]
                self._row = int(found[2]) if found and given else self._row + 1
                self._column = 0
                continue
            self.texts += b"'s'" in attributes
            if found and found[1] and found[2]:
                self._row = int(found[2][:10])
                self._column = column_number(found[1])
            else:
                self._column += 1
            if content or not self._exact:
                self._reach(Place(max(self._row, 1), self._column))
                self._begin(max(self._row, 1), self._column)
            if text and not _TEXT_TYPE.search(attributes):
                self.numbers.add(self._row, self._column, text)
                self.times.add(self._row, self._column, attributes, text)

    def _begin(self, row: int, column: int) -> None:
        self.first_row = min(self.first_row or row, row)
        self.first_column = min(self.first_column or column, column)

    def _reach(self, place: Place) -> None:
        if self.lowest is None or place.row > self.lowest.row:
            self.lowest = place
        if self.rightmost is None or place.column > self.rightmost.column:
            self.rightmost = place

    def _take_unsolved(self, data: bytes) -> None:
        for found in _FORMULA.finditer(data):
            attributes = b" " + found[1]
            reference = _R_OF.search(attributes)
            if reference and not _TEXT_TYPE.search(attributes):
                place = Place(int(reference[2] or b"0"), column_number(reference[1]))
                formula = (found[2] or b"").decode(errors="replace")
                self.unsolved[place] = f"={formula}"


def complete(data: bytes) -> int:
    """Return where the last cell begins, so that the cells before it are complete."""
    cut = max(
        data.rfind(b"<c "),
        data.rfind(b"<row"),
        data.rfind(b"</row"),
        data.rfind(b":c "),
    )
    if cut > 0:
        return data.rfind(b"<", 0, cut + 1)
    return max(data.rfind(b"<"), 0) if cut < 0 else 0


def _tags(buffer: Bytes, name: int) -> Numbers:
    """Return where the tags of a one-letter name begin."""
    third = buffer[2:]
    ends = (third <= ord(" ")) | (third == _GT) | (third == _SLASH)
    return np.flatnonzero((buffer[:-2] == _LT) & (buffer[1:-1] == name) & ends)


def _places(buffer: Bytes, starts: Numbers) -> tuple[Numbers, Numbers] | None:
    """Read the references at `starts`; None where one is no plain reference."""
    rows, columns = np.zeros(starts.size, np.int64), np.zeros(starts.size, np.int64)
    at = starts.copy()
    for _ in range(3):
        letter = buffer[at] - np.uint8(ord("A"))
        is_letter = letter < 26
        columns = np.where(is_letter, columns * 26 + letter + 1, columns)
        at += is_letter
    for _ in range(8):
        digit = buffer[at] - np.uint8(ord("0"))
        is_digit = digit < 10
        rows = np.where(is_digit, rows * 10 + digit, rows)
        at += is_digit
    is_whole = (buffer[at] == _QUOTE) & (rows > 0) & (columns > 0)
    return (rows, columns) if bool(is_whole.all()) else None
