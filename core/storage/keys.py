"""Keys: what an object may be called in every store."""

import re
from typing import Final

MAX_KEY_LENGTH: Final = 200
_SEGMENT: Final = r"[a-z0-9_-][a-z0-9._-]*"
_KEY: Final = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")


def check_key(key: str) -> str:
    """Return `key`, or raise ValueError where it is none.

    Segments of a-z, 0-9, ``.``, ``_`` and ``-`` that do not begin with a dot, joined
    by ``/``. Lower case alone, so that a disk that ignores case keeps them apart.
    """
    if len(key) > MAX_KEY_LENGTH or not _KEY.fullmatch(key):
        raise ValueError(f"not a storage key: {key!r}")
    return key


def group_of(key: str) -> str | None:
    """Return a key's or prefix' first two segments, or None where one is incomplete.

    Objects of one owner (``psd/psd_0198f0…``) share a group and lie together.
    """
    segments = key.split("/", 2)
    return "/".join(segments[:2]) if len(segments) == 3 else None
