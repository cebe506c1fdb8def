"""Which heading of a file goes to which column of a target."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from core.errors import ErrorCode
from features.data_import.exceptions import ImportFileError
from features.data_import.utils.declaring import Target, TargetColumn

type Pairs = Sequence[tuple[str, str]]

# A unit behind a name, "总金额(元)"; digits are a second column's of the same name.
_UNIT: Final = re.compile(r"\([^()\d]*\)\s*$")
_SHOWN_HEADINGS: Final = 50


class Mapped(NamedTuple):
    """The file's column at `position`, from 1, and the target's column it goes to."""

    position: int
    heading: str
    column: TargetColumn


def check_mapping(target: Target, mapping: Pairs) -> None:
    """Raise ImportFileError INVALID where pairs of heading and column cannot be meant.

    An empty column leaves its heading out.
    """
    headings: dict[str, str] = {}
    columns: dict[str, str] = {}
    for heading, column in mapping:
        if column and target.column(column) is None:
            known = ", ".join(known.name for known in target.columns)
            raise _invalid(f"{target.title} has no column {column}. It has {known}.")
        if column and column in columns:
            raise _invalid(
                f"“{columns[column]}” and “{heading}” are both mapped to {column}. "
                "Map one of them."
            )
        if heading in headings:
            raise _invalid(
                f"“{heading}” is mapped to both {headings[heading]} and {column}. "
                "Map it to one of them."
            )
        headings[heading], columns[column] = column, heading


def map_headings(
    target: Target, headings: Sequence[str], mapping: Pairs, *, whole: bool = True
) -> list[Mapped]:
    """Find the target's column of each heading that has one, in the file's order.

    Where two headings suit a column, the one with the column's name or title wins over
    one with an alias, and then the first. Raises ImportFileError INVALID for a mapping
    that cannot be meant or names no heading, and with `whole` where no heading suits a
    required column.
    """
    check_mapping(target, mapping)
    named: dict[int, str] = {}
    for heading, name in mapping:
        position = _position(heading, headings)
        if position in named:
            raise _invalid(
                f"“{heading}” is mapped to both {named[position]} and {name}. "
                "Map it to one of them."
            )
        named[position] = name
    found = {at: target.pick([name])[0] for at, name in named.items() if name}
    found |= _by_name(target, headings, named)
    if whole:
        _check_required(target, headings, found)
    return [Mapped(at, headings[at - 1], found[at]) for at in sorted(found)]


def bare(heading: str) -> str:
    """Return what names are compared by: their letters and digits, small, as NFKC."""
    text = unicodedata.normalize("NFKC", heading).casefold()
    text = unicodedata.normalize("NFKC", text)
    letters = "".join(letter for letter in text if letter.isalnum())
    return letters or text.strip()


def _position(heading: str, headings: Sequence[str]) -> int:
    """Return the position of the heading that a mapping names, as exactly as it can."""
    if heading in headings:
        return headings.index(heading) + 1
    alike = [at for at, name in enumerate(headings, 1) if bare(name) == bare(heading)]
    if len(alike) == 1:
        return alike[0]
    if alike:
        names = " and ".join(f"“{headings[at - 1]}”" for at in alike)
        raise _invalid(f"“{heading}” may mean {names}. Map one of these.")
    raise _invalid(
        f"The file has no heading “{heading}” to be mapped. {_there_are(headings)}"
    )


def _by_name(
    target: Target,
    headings: Sequence[str],
    named: Mapping[int, str],
) -> dict[int, TargetColumn]:
    """Map the headings that no mapping has, by name, then title, then alias."""
    by_name: dict[int, TargetColumn] = {}
    taken = set(named.values())
    aliases = _names(target)[-1]
    for names, form in [
        *((names, bare) for names in _names(target)),
        (aliases, _unitless),
    ]:
        for at, heading in enumerate(headings, 1):
            column = names.get(form(heading))
            if column is None or column.name in taken or at in named or at in by_name:
                continue
            by_name[at] = column
            taken.add(column.name)
    return by_name


def _unitless(heading: str) -> str:
    """Return what a heading is compared by without the unit behind its name."""
    return bare(_UNIT.sub("", unicodedata.normalize("NFKC", heading)))


def _names(target: Target) -> list[dict[str, TargetColumn]]:
    """Return what headings are compared with, the best first: names, titles, aliases."""
    aliases = {
        bare(alias): column for column in target.columns for alias in column.aliases
    }
    return [
        {bare(column.name): column for column in target.columns},
        {bare(column.title): column for column in target.columns},
        aliases,
    ]


def _check_required(
    target: Target, headings: Sequence[str], found: Mapping[int, TargetColumn]
) -> None:
    there = {column.name for column in found.values()}
    for column in target.columns:
        if column.required and column.name not in there:
            raise _invalid(
                f"No heading of the file is mapped to {column.name}, which "
                f"{target.title} cannot do without. Map the heading that has it. "
                f"{_there_are(headings)}"
            )


def _there_are(headings: Sequence[str]) -> str:
    shown = ", ".join(f"“{heading}”" for heading in headings[:_SHOWN_HEADINGS])
    more = len(headings) - _SHOWN_HEADINGS
    return f"The headings are {shown}" + (f" and {more} more." if more > 0 else ".")


def _invalid(message: str) -> ImportFileError:
    return ImportFileError(ErrorCode.INVALID, message, field=("input", "mapping"))
