"""By which character the fields of a text are separated."""

import re
from collections import Counter
from typing import Final, NamedTuple

from features.data_import.exceptions import unsupported
from features.data_import.utils.read_options import SPLIT_BY_ONE
from features.data_import.utils.reading.records import first_records, is_blank

_CANDIDATES: Final = (",", ";", "\t", "|")
# What a text of one column is split by: characters that it hardly has.
_UNLIKELY: Final = ("\t", "|", ";", ",")
_LOOKED_AT: Final = 300
_CONSISTENT: Final = 0.8
_DECIMAL_COMMA: Final = re.compile(r"(?<=\d),(?=\d)")
_LONGER: Final = (
    *("||", "~|~", "|~|", "^|^", "#|#", "|#|", "<|>", "|;|", ";|;", "*|*", "|*|"),
    *(",,", ";;", "\t\t", "::", "~~", "^^", "##", "$$", "@@", "&&", "¦¦", "=>", "<>"),
)


class _Split(NamedTuple):
    """How a delimiter splits a text: the share of records with the usual width.

    `first`: the first record has it, too, as headings have.
    """

    share: float
    width: int
    delimiter: str
    first: bool = False


def find_delimiter(text: str) -> str:
    """Tell by what the fields of a text's beginning are separated.

    It is the character that gives the most records the same number of fields. Raises
    UNSUPPORTED_FORMAT where more than one character stands between fields.
    """
    splits = [_split(text, delimiter) for delimiter in _CANDIDATES]
    best = _best(splits, text)
    _refuse_longer(text, best)
    if best is not None:
        return best.delimiter
    absent = [delimiter for delimiter in _UNLIKELY if delimiter not in text]
    return absent[0] if absent else "\x1f"


def _split(text: str, delimiter: str) -> _Split:
    records = first_records(text, delimiter, _LOOKED_AT)
    filled = [len(record.cells) for record in records if not is_blank(record.cells)]
    widths = Counter(filled)
    several = {width: count for width, count in widths.items() if width > 1}
    if not several:
        return _Split(0.0, 1, delimiter)
    width = max(several, key=lambda width: (several[width], width))
    share = several[width] / widths.total()
    return _Split(share, width, delimiter, filled[0] == width)


def _best(splits: list[_Split], text: str) -> _Split | None:
    found = [split for split in splits if split.share >= 0.5]
    if not found:
        # Titles and remarks may outnumber the rows of a small table.
        found = [split for split in splits if split.share > 0 and split.width > 2]
    if not found:
        return None
    # The commas of 1,5;2,5 are in all rows as the semicolons are.
    others = [split for split in found if split.delimiter != ","]
    if others and _has_only_decimal_commas(text):
        found = others
    # A few records may differ; where headings do, commas are the texts' own.
    return max(
        found, key=lambda split: (round(split.share, 2), split.first, split.width)
    )


def _has_only_decimal_commas(text: str) -> bool:
    commas = text.count(",")
    return commas > 0 and len(_DECIMAL_COMMA.findall(text)) == commas


def _refuse_longer(text: str, best: _Split | None) -> None:
    lines = [line for line in text.splitlines()[:_LOOKED_AT] if line.strip()]
    for longer in _LONGER:
        if _is_between_fields(longer, lines, best):
            raise unsupported(
                f"The columns of this file are separated by {longer!r}, which is more "
                f"than one character. {SPLIT_BY_ONE}"
            )


def _is_between_fields(longer: str, lines: list[str], best: _Split | None) -> bool:
    """Tell whether `longer` stands in nearly all lines, and as often in each."""
    own = next((char for char in longer if char in _CANDIDATES), None)
    if own is None and best is not None and best.share >= _CONSISTENT:
        return False
    if own is not None and best is not None and best.delimiter != own:
        return False
    counts = Counter(line.count(longer) for line in lines if not _is_else(line, own))
    # One empty column between two others is no doubled comma.
    least = 2 if longer in (",,", ";;", "\t\t") else 1
    usual, alike = max(counts.items(), key=lambda item: item[1], default=(0, 0))
    if usual < least or len(lines) < 2 or alike < 0.9 * len(lines):
        return False
    return own is None or all(own not in line.replace(longer, "") for line in lines)


def _is_else(line: str, own: str | None) -> bool:
    return own is not None and own not in line
