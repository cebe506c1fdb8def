"""Names of exported files that every system can unpack, no two of them the same."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import chain, count
from typing import Final

from core.validators import has_controls

MAX_PART: Final = 80
MAX_PATH: Final = 180
_MAX_PART_BYTES: Final = 160
_FORBIDDEN: Final = re.compile(r'[/\\:*?"<>|]')
_RESERVED: Final = re.compile(
    r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE
)


def safe_part(name: str) -> str:
    """Return a layer's or group's name as one part of a path; letters stay as they are."""
    plain = "".join(
        "_" if has_controls(character) else character
        for character in unicodedata.normalize("NFC", name)
    )
    part = _cut(_FORBIDDEN.sub("_", plain).strip()).rstrip(". ")
    if not part or _RESERVED.fullmatch(part):
        part = f"_{part}"
    return part


def file_names(
    paths: Sequence[Sequence[str]], scales: Sequence[float], suffix: str
) -> list[tuple[str, ...]]:
    """Name the files of layers, each by its path, for each scale.

    Groups become folders. Of the same names, the later ones are numbered.
    """
    bases = [_fitted([safe_part(part) for part in path]) for path in paths]
    taken = set(chain.from_iterable(map(_folders, bases)))
    named = []
    for base in bases:
        names = next(
            names
            for names in _candidates(base, scales, suffix)
            if taken.isdisjoint(map(str.casefold, names))
        )
        taken.update(map(str.casefold, names))
        named.append(names)
    return named


def scale_suffix(scale: float) -> str:
    """Return what a scale adds to a name: ``@2x``, and nothing for 1."""
    return "" if scale == 1 else f"@{scale:g}x"


def _candidates(
    base: Sequence[str], scales: Sequence[float], suffix: str
) -> Iterator[tuple[str, ...]]:
    path = "/".join(base)
    for number in count(1):
        own = path if number == 1 else f"{path} ({number})"
        yield tuple(f"{own}{scale_suffix(scale)}{suffix}" for scale in scales)


def _folders(base: Sequence[str]) -> list[str]:
    return ["/".join(base[:end]).casefold() for end in range(1, len(base))]


def _fitted(parts: list[str]) -> list[str]:
    """Leave outer groups out until a path is short enough to be unpacked anywhere."""
    while len(parts) > 1 and len("/".join(parts)) > MAX_PATH:
        parts = parts[1:]
    return parts


def _cut(text: str) -> str:
    return text[:MAX_PART].encode()[:_MAX_PART_BYTES].decode(errors="ignore")
