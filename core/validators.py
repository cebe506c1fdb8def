"""Checks of what callers send; pure, and the same wherever such a value comes in."""

import re
import unicodedata
from typing import Final

from core.base import prefix_of
from core.errors import AppError, ErrorCode

MAX_KEY_LENGTH: Final = 255
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_TOKEN: Final = r"[A-Za-z0-9!#$&^_.+-]{1,64}"
_CONTENT_TYPE: Final = re.compile(
    rf"{_TOKEN}/{_TOKEN}(?:; ?{_TOKEN}=(?:{_TOKEN}|\"[ -!#-~]{{0,64}}\")){{0,4}}"
)
# They turn the order of letters about, so that a name looks like another.
_BIDI_CONTROLS: Final = frozenset(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_CONTROLS: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


def is_id(prefix: str, value: str) -> bool:
    """Tell whether `value` is a public id of the type that `prefix` names."""
    return prefix_of(value) == prefix


def is_sha256(value: str) -> bool:
    """Tell whether `value` is a SHA-256 in lower-case hex."""
    return _SHA256.fullmatch(value) is not None


def is_content_type(value: str) -> bool:
    """Tell whether `value` is a media type, with or without parameters."""
    return _CONTENT_TYPE.fullmatch(value) is not None


def has_controls(text: str) -> bool:
    """Tell whether a text holds characters that are not shown or that mislead."""
    return any(
        unicodedata.category(character) in _CONTROLS or character in _BIDI_CONTROLS
        for character in text
    )


def check_between(
    value: int, low: int, high: int, name: str, field: tuple[str, ...]
) -> None:
    """Raise INVALID where a number called `name` is not `low` to `high`."""
    if not low <= value <= high:
        raise AppError(
            ErrorCode.INVALID,
            f"{name} must be {low} to {high}; it is {value}.",
            field=field,
        )


def check_key(key: str | None, field: tuple[str, ...]) -> None:
    """Raise INVALID where an idempotency key is empty, too long or not plain text."""
    if key is None:
        return
    if not 1 <= len(key) <= MAX_KEY_LENGTH or has_controls(key):
        raise AppError(
            ErrorCode.INVALID,
            f"An idempotency key has 1 to {MAX_KEY_LENGTH} characters, none of them a "
            "control character.",
            field=field,
        )
