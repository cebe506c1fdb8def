"""What the columns of a table are called."""

from collections.abc import Iterable, Sequence

type Row = Sequence[str | None]


def column_number(letters: bytes) -> int:
    """Return the number, from 1, of a column that Excel calls by these letters."""
    column = 0
    for letter in letters[:7].upper():
        column = column * 26 + letter - ord("A") + 1
    return column


def column_letters(position: int) -> str:
    """Return a spreadsheet's letters for the column at `position`, from 1."""
    letters = ""
    while position > 0:
        position, digit = divmod(position - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


def named(rows: Sequence[Row], width: int, first_column: int) -> tuple[str, ...]:
    """Put the rows of headings into one, name the empty ones, and make them unique."""
    *groups, last = rows
    spans = [spread(group, width) for group in groups]
    headings = []
    for column in range(width):
        parts = [group[column] for group in spans] + [text_at(last, column)]
        headings.append(
            _joined(parts) or f"Column {column_letters(first_column + column)}"
        )
    return _unique(headings)


def spread(group: Row, width: int) -> list[str]:
    """Let each cell stand for the empty ones to its right, as merged cells do."""
    texts: list[str] = []
    for column in range(width):
        text = text_at(group, column)
        texts.append(text or (texts[-1] if texts else ""))
    return texts


def _joined(parts: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(part for part in parts if part))
    if len(distinct) == 1:
        return distinct[0]
    return " ".join(part.strip() for part in distinct)


def _unique(headings: Iterable[str]) -> tuple[str, ...]:
    """Number the second and later ones of those that differ by spaces at most."""
    headings = list(headings)
    taken = {heading.strip() for heading in headings}
    seen: set[str] = set()
    unique = []
    for heading in headings:
        name, number = heading, 2
        if heading.strip() in seen:
            while (name := f"{heading.strip()} ({number})") in taken:
                number += 1
            taken.add(name)
        seen.add(name.strip())
        unique.append(name)
    return tuple(unique)


def text_at(row: Row, column: int) -> str:
    """Return what is in a cell; blanks alone are nothing."""
    cell = row[column] if column < len(row) else None
    return cell if cell is not None and cell.strip() else ""
