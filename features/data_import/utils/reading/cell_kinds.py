"""What a cell's text looks like: enough to tell headings from the rows below them."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

TEXT: Final = "text"
NUMBER: Final = "number"
DATE: Final = "date"
FLAG: Final = "flag"

# A majority is what most of a column's cells look like.
_MAJORITY: Final = 0.8
_FLAGS: Final = frozenset(
    ("true", "false", "yes", "no", "y", "n", "t", "f", "是", "否", "真", "假")
)
_NUMBER: Final = re.compile(
    r"[-+(]?\s*(?:[¥￥$€£₹]|[A-Z]{3}\s)?\s*[-+]?"
    r"(?:\d[\d.,'\u00a0\u202f ]*|\.\d+)(?:[eE][-+]?\d+)?\s*[%)\-]?\s*"
    r"(?:[¥￥$€£₹元]|\s[A-Z]{3})?"
)
_DATE: Final = re.compile(
    r"(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d\d))"
    r"(?:[T\s].*)?|-?\d+:\d\d(?::\d\d(?:\.\d+)?)?(?:\s?[AaPp][Mm])?"
)
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_DIGITS: Final = re.compile(r"\d+")
_LETTERS: Final = re.compile(r"[^\W\d_]+")


def kind_of(cell: str) -> str:
    """Return number, date, flag or text; of a text with digits in it, its pattern.

    `SO-0017` and `SO-42` have the same pattern, by which a column of codes is known.
    """
    text = cell.strip()
    if _DATE.fullmatch(text):
        return DATE
    if _NUMBER.fullmatch(text):
        return NUMBER
    if text.lower() in _FLAGS:
        return FLAG
    if _DIGITS.search(text):
        return _LETTERS.sub("a", _DIGITS.sub("9", text))[:60]
    return TEXT


def majority_kind(cells: Sequence[str]) -> str | None:
    """Return the kind that most of a column's filled cells share, or None."""
    if not cells:
        return None
    kind, count = Counter(map(kind_of, cells)).most_common(1)[0]
    return kind if count >= _MAJORITY * len(cells) else None


def are_years(cells: Sequence[str]) -> bool:
    """Tell whether all `cells` are years as people write them today."""
    return all(_YEAR.fullmatch(cell.strip()) for cell in cells)


def is_run(numbers: Sequence[str]) -> bool:
    """Tell whether numbers count up by one: years, or at least three from 1 on."""
    texts = [number.strip() for number in numbers]
    if not _count_up(texts):
        return False
    return are_years(texts) or (int(texts[0]) == 1 and len(texts) > 2)


def is_series(cells: Sequence[str]) -> bool:
    """Tell whether the numbers among `cells` are years, or count up by one.

    Such numbers are headings: 2023, 2024, 2025, or the days 1 to 31; the same years or
    days may stand below several groups.
    """
    numbers = [cell.strip() for cell in cells if kind_of(cell) == NUMBER]
    if not numbers or len(numbers) == len(cells) and len(numbers) < 3:
        return False
    once = numbers[: len(set(numbers))]
    if len(once) < len(numbers):
        is_same = numbers == once * (len(numbers) // len(once))
        return is_same and len(once) > 1 and (are_years(once) or is_run(once))
    return are_years(numbers) or (len(numbers) > 2 and _count_up(numbers))


def _count_up(numbers: Sequence[str]) -> bool:
    if not all(number.isdecimal() for number in numbers):
        return False
    first = int(numbers[0])
    counted = range(first, first + len(numbers))
    return [int(number) for number in numbers] == list(counted)
