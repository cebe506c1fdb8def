"""Where the headings stand in a sheet, and what they are called."""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from features.data_import.exceptions import cannot_read_so
from features.data_import.utils.reading.cell_kinds import (
    DATE,
    NUMBER,
    TEXT,
    are_years,
    is_run,
    is_series,
    kind_of,
    majority_kind,
)
from features.data_import.utils.reading.heading_names import (
    Row,
    named,
    spread,
    text_at,
)
from features.data_import.utils.reading.report_columns import own_columns

# Rows that are looked at: below them nothing new is said about the header.
_LOOKED_AT: Final = 200
_MAX_DEPTH: Final = 3


class Header(NamedTuple):
    """The headings of a table.

    `row` is the header's first row, 1-based, 0 where there is none; `depth` how many
    rows it spans. The data begin behind them. `headings` has one for each column.
    """

    row: int
    depth: int
    headings: tuple[str, ...]

    @property
    def end(self) -> int:
        """The header's last row, 0 where there is none."""
        return self.row + self.depth - 1 if self.row else 0


def find_header(
    rows: Sequence[Row], at: int | None = None, first_column: int = 1
) -> Header:
    """Find the header among a table's first rows, or take the one in row `at`.

    `rows` begin with the file's first row, the empty ones among them. `first_column` is
    the sheet's column, from 1, that the first cell of each row stands in. Raises
    ImportFileError INVALID where there is no row `at`.
    """
    if at is not None:
        return _given(rows, at, first_column)
    rows = rows[:_LOOKED_AT]
    for i, row in enumerate(rows):
        if own_columns([cell or "" for cell in row]):
            return _header(rows, i, 1, first_column)
    top = _top(rows)
    if top is None:
        return Header(0, 0, named([()], _usual_width(rows), first_column))
    body = [row for row in rows[top + 1 :] if _filled(row)]
    if not _is_header(rows[top], body):
        return Header(0, 0, named([()], _usual_width(rows[top:]), first_column))
    while top > 0 and _tells_apart(rows[top - 1], rows[top]):
        top -= 1
    depth = _depth(rows, top)
    return _header(rows, top, depth, first_column)


def _given(rows: Sequence[Row], at: int, first_column: int) -> Header:
    if at == 0:
        return Header(0, 0, named([()], _usual_width(rows), first_column))
    if not 0 < at <= len(rows) or not _filled(rows[at - 1]):
        raise cannot_read_so(
            f"Row {at} of the file is empty, so that it cannot be the header. Give the "
            "number of the row that has the headings, as a spreadsheet shows it.",
            "headerRow",
        )
    return _header(rows, at - 1, 1, first_column)


def _header(rows: Sequence[Row], top: int, depth: int, first_column: int) -> Header:
    spans = [list(row) for row in rows[top : top + depth]]
    width = max(*map(len, spans), _usual_width(rows[top + depth :]))
    return Header(top + 1, depth, named(spans, width, first_column))


def _filled(row: Row) -> list[int]:
    """Return the columns of `row` that have something in them."""
    return [column for column in range(len(row)) if text_at(row, column)]


def _usual_width(rows: Sequence[Row]) -> int:
    """Return how many fields a row usually has; a single longer one does not count."""
    widths = Counter(len(row) for row in rows if _filled(row))
    return max(widths, key=lambda width: (widths[width], -width), default=0)


def _full(rows: Sequence[Row]) -> int:
    """Return how many cells are filled in a full row, as at least a few rows are."""
    counts = sorted((len(_filled(row)) for row in rows), reverse=True)
    counts = [count for count in counts if count]
    return counts[min(len(counts) - 1, max(1, len(counts) // 10))] if counts else 0


def _top(rows: Sequence[Row]) -> int | None:
    """Return the index of the first row that belongs to the table, not to its title."""
    full = _full(rows)
    if not full:
        return None
    wide = [i for i, row in enumerate(rows) if 2 * len(_filled(row)) >= full]
    for i, following in zip(wide, wide[1:], strict=False):
        if not _is_remark(rows, i, following, full):
            return i
    return wide[-1]


def _is_remark(rows: Sequence[Row], i: int, following: int, full: int) -> bool:
    """Tell whether row `i` only says something above the table, as Shop: Berlin does."""
    columns, below = _filled(rows[i]), _filled(rows[following])
    if len(columns) >= len(below) or 4 * len(columns) >= 3 * full and full > 2:
        return False
    if not _looks_like_headings(rows[following]):
        return False
    if following > i + 1:
        return True
    at_the_left = columns == below[: len(columns)]
    return at_the_left and not _is_group(rows[i], rows[following])


def _looks_like_headings(row: Row) -> bool:
    cells = [text_at(row, column) for column in _filled(row)]
    data = [kind_of(cell) in (NUMBER, DATE) for cell in cells]
    return is_series(cells) or 2 * sum(data) < len(data)


def _is_header(row: Row, body: Sequence[Row]) -> bool:
    """Weigh for each column whether the row's cell is another kind of thing than those
    below it, or one of them; in doubt it is a header."""
    cells = [text_at(row, column) for column in _filled(row)]
    if not body:
        return _looks_like_headings(row)
    series = is_series(cells)
    unlike = alike = recurring = 0
    others = [below for below in body if list(below) != list(row)]
    for column in _filled(row):
        cell = text_at(row, column)
        kind = kind_of(cell)
        below = [text for other in others if (text := text_at(other, column))]
        usual = majority_kind(below)
        recurring += cell in below
        is_named = kind == NUMBER and series and not are_years(below)
        if kind == usual != TEXT and not is_named:
            alike += 1
        elif usual not in (None, TEXT, kind) and kind not in (NUMBER, DATE):
            unlike += 1
    if not unlike and not alike:
        return not (len(others) > 1 and 4 * recurring >= len(cells))
    return unlike >= alike


def _depth(rows: Sequence[Row], top: int) -> int:
    """Return how many rows the header that begins at `top` spans."""
    depth = 1
    while depth < _MAX_DEPTH and top + depth < len(rows):
        above, row = rows[top + depth - 1], rows[top + depth]
        body = [other for other in rows[top + depth + 1 :] if _filled(other)]
        if not _continues(above, row, body):
            break
        depth += 1
    return depth


def _continues(above: Row, row: Row, body: Sequence[Row]) -> bool:
    """Tell whether `row` is a further row of headings, above the rows in `body`."""
    cells = {column: text_at(row, column) for column in _filled(row)}
    grouped = _is_group(above, row)
    series = grouped and _runs_below(above, row)
    if not cells or not body or not (series or _looks_like_headings(row)):
        return False
    contrasts = 0
    for column, cell in cells.items():
        below = [text for other in body if (text := text_at(other, column))]
        usual, kind = majority_kind(below), kind_of(cell)
        if usual in (None, TEXT):
            continue
        if kind != usual:
            contrasts += 1
        elif not (series and kind == NUMBER) or are_years(below):
            return False
    if grouped:
        return series or contrasts > 0 or set(map(kind_of, cells.values())) <= {TEXT}
    repeated = len(_filled(above)) > len({text_at(above, c) for c in _filled(above)})
    return contrasts > 1 and (repeated or contrasts == len(_filled(row)))


def _runs_below(above: Row, row: Row) -> bool:
    """Tell whether the numbers in `row` are years or days, anew below each group."""
    starts = _filled(above)
    ends = [*starts[1:], len(row)]
    groups = [
        [text for column in range(start, end) if (text := text_at(row, column))]
        for start, end in zip(starts, ends, strict=True)
    ]
    numbers = [[text for text in one if kind_of(text) == NUMBER] for one in groups]
    return any(numbers) and all(map(is_run, filter(None, numbers)))


def _is_group(above: Row, row: Row) -> bool:
    """Tell whether the cells of `above` each stand over several cells of `row`."""
    starts, below = _filled(above), set(_filled(row))
    if len(starts) < 2 or not below or not _looks_like_headings(above):
        return False
    ends = [*starts[1:], max(len(above), len(row))]
    spans = 0
    for start, end in zip(starts, ends, strict=True):
        covered = below & set(range(start, end))
        if len(covered) > 1:
            spans += 1
        elif start in below:
            return False
    return spans > 1 or (spans == 1 and starts[0] not in below)


def _tells_apart(above: Row, row: Row) -> bool:
    """Tell whether equal headings in `row` differ by the group that they are in."""
    columns = _filled(row)
    groups = spread(above, len(row))
    names = {text_at(row, column) for column in columns}
    full_names = {(groups[column], text_at(row, column)) for column in columns}
    return _is_group(above, row) and len(names) < len(full_names) == len(columns)
