"""The texts that an xlsx workbook's cells share: how long they are, and used how often."""

import re
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from features.data_import.exceptions import over_limit
from features.data_import.utils.reading.workbooks.cells import complete
from features.data_import.utils.reading.workbooks.package import Package
from features.data_import.utils.reading.workbooks.sheets import Sheet

type Numbers = npt.NDArray[np.int64]

_PART: Final = "xl/sharedStrings.xml"
# As they stand in the file, and as often as a sheet's cells repeat them.
_MAX_BYTES: Final = 512 * 1024 * 1024
_MAX_REPEATED: Final = 1024 * 1024 * 1024
_USE: Final = re.compile(rb"\st\s*=\s*[\"']s[\"'][^>]*><(?:\w+:)?v>(\d{1,9})<")


class SharedTexts:
    """The lengths of all texts, with their markup. Raises LIMIT_EXCEEDED."""

    def __init__(self, package: Package, max_texts: int) -> None:
        self._package = package
        self._is_prefixed = False
        starts = [np.zeros(0, np.int64), *self._starts(max_texts)]
        lengths = np.diff(np.concatenate(starts)).astype(np.int32)
        self._lengths = lengths[::2] if self._is_prefixed else lengths

    def check_uses(self, sheet: Sheet, uses: int) -> None:
        """Raise where the sheet's cells, each with its own copy, take too much."""
        longest = int(self._lengths.max(initial=0))
        if uses * longest <= _MAX_REPEATED:
            return
        total, carried = 0, b""
        for piece in self._package.stream(sheet.part):
            data = carried + piece
            cut = complete(data)
            carried = data[cut:]
            total += self._sum(data[:cut])
            if total > _MAX_REPEATED:
                raise over_limit(
                    f"The texts of the sheet “{sheet.name}” take more than "
                    f"{_MAX_REPEATED:,} bytes, for they repeat. Save it as csv."
                )

    def _sum(self, data: bytes) -> int:
        used = np.array(_USE.findall(data), np.int64)
        return int(self._lengths[used[used < self._lengths.size]].sum())

    def _starts(self, max_texts: int) -> Iterator[Numbers]:
        """Give where each text begins, and at last where they end."""
        if _PART not in self._package:
            return
        size = count = 0
        carried = b""
        for piece in self._package.stream(_PART):
            data = carried + piece
            self._is_prefixed |= b":si>" in data
            found = _begins(data) + (size - len(carried))
            size, count, carried = size + len(piece), count + found.size, data[-3:]
            if size > _MAX_BYTES:
                raise over_limit(
                    f"The texts of this workbook take more than {_MAX_BYTES:,} bytes. "
                    "Save the sheet as csv."
                )
            if count > max_texts:
                raise over_limit(
                    f"This workbook has more than {max_texts:,} texts. Save it as csv."
                )
            yield found
        yield np.array([size], np.int64)


def _begins(data: bytes) -> Numbers:
    buffer = np.frombuffer(data, np.uint8)
    if buffer.size < 4:
        return np.zeros(0, np.int64)
    found = (buffer[1:-2] == ord("s")) & (buffer[2:-1] == ord("i"))
    # With a prefix before the name, the closing tag looks like an opening one.
    found &= (buffer[:-3] == ord("<")) | (buffer[:-3] == ord(":"))
    found &= (
        (buffer[3:] <= ord(" ")) | (buffer[3:] == ord(">")) | (buffer[3:] == ord("/"))
    )
    return np.flatnonzero(found)
