"""The line with totals below a table, which is none of its rows."""

import re
from collections.abc import Sequence
from typing import Final

from features.data_import.utils.reading.marks import shown
from features.data_import.utils.reading.records import record_of
from features.data_import.utils.types import ROW, Batch, ErrorKind, RowError

TOTALS: Final = frozenset(
    (
        *("total", "totals", "grand total", "total general", "totale", "sum"),
        *("subtotal", "sub total", "小计", "小計", "zwischensumme"),
        *("summe", "gesamt", "gesamtsumme", "suma", "итого"),
        *("合计", "总计", "共计", "总和", "汇总", "合計", "總計"),
    )
)
# With signs of currencies, marks and percents.
_NUMBER: Final = re.compile(r"[^\w]*\d[\d\W]*")
_MESSAGE: Final = (
    "The row looks like the totals below the table, so it was not taken for one of its "
    "rows. Remove it; if it is a row, write its first text in another way."
)


def is_total(cells: Sequence[str | None], is_apart: bool) -> bool:
    """Tell whether the last row of a table surely gives its totals.

    Its first text says so, something else is in it, and it `is_apart`, below an empty
    row, or has empty cells, or else nothing but numbers.
    """
    filled = [cell for cell in cells if cell and cell.strip()]
    if len(filled) < 2 or filled[0].strip(" \t:：").casefold() not in TOTALS:
        return False
    if is_apart or len(filled) < len(cells):
        return True
    return all(_NUMBER.fullmatch(cell) for cell in filled[1:])


def without_total(last: Batch) -> Batch:
    """Tell the totals at the end of a file's last batch as a fault, not as a row."""
    frame = last.frame
    if not frame.height:
        return last
    row, *cells = frame.row(-1)
    before = frame[ROW][-2] if frame.height > 1 else row - 1
    if not is_total(cells, is_apart=row - before > 1):
        return last
    value = shown(record_of(cells, ","))
    fault = RowError(row, 0, None, value, ErrorKind.NOT_ALLOWED, _MESSAGE)
    kept = [other for other in last.faults if other.row != row]
    faults = sorted([*kept, fault], key=lambda f: (f.row, f.position))
    return last._replace(
        frame=frame.head(-1), faults=faults, numbers=last.numbers.head(-1)
    )
