"""Reading settings that come from a file: whatever is in them, the type is right."""

from math import isfinite
from typing import Any, Final

_LARGEST: Final = 1e6


def number(settings: dict[str, Any], *names: str, default: float = 0) -> float:
    """Return the first of these that is a finite number, held to a sane range."""
    for name in names:
        value = settings.get(name)
        if isinstance(value, int | float) and isfinite(value):
            return min(max(float(value), -_LARGEST), _LARGEST)
    return default


def flag(settings: dict[str, Any], *names: str) -> bool:
    """Tell whether any of these is set."""
    return any(settings.get(name) is True for name in names)


def word(settings: dict[str, Any], *names: str, default: str = "") -> str:
    """Return the first of these that is a string."""
    found = (settings.get(name) for name in names)
    return next((value for value in found if isinstance(value, str)), default)


def nested(settings: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return the first of these that has settings of its own."""
    found = (settings.get(name) for name in names)
    return next((value for value in found if isinstance(value, dict)), {})
