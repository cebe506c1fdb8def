"""Photoshop's descriptors as JSON values."""

from collections.abc import Iterable, Mapping
from enum import Enum
from math import isfinite
from typing import Any, Final

from psd_tools.psd.descriptor import Descriptor, Enumerated

from features.psd.utils.words import clean

_MAX_DEPTH: Final = 8
_RGB: Final = (b"Rd  ", b"Grn ", b"Bl  ")
_GRAY: Final = b"Gry "


def to_json(value: Any, depth: int = 0) -> Any:
    """Turn a descriptor's value into JSON; None for what has no such form.

    RGB and gray colours become ``#rrggbb``, enumerations words, units plain numbers.
    """
    if depth > _MAX_DEPTH:
        return None
    if isinstance(value, Enum):
        return value.name.lower().replace("_", " ")
    if isinstance(value, Enumerated):
        return _name(value.enum)
    if isinstance(value, Descriptor):
        return _color(value) or _fields(value, depth)
    value = getattr(value, "value", value)
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Iterable) and not isinstance(value, bytes | Mapping):
        return [to_json(item, depth + 1) for item in value]
    return None


def _fields(descriptor: Descriptor, depth: int) -> dict[str, Any]:
    return {_name(key): to_json(descriptor[key], depth + 1) for key in descriptor}


def _color(descriptor: Descriptor) -> str | None:
    if _GRAY in descriptor:
        # Told as percent of black ink.
        parts = [255 - float(descriptor[_GRAY].value) * 2.55] * 3
    elif all(key in descriptor for key in _RGB):
        parts = [float(descriptor[key].value) for key in _RGB]
    else:
        return None
    if not all(isfinite(part) for part in parts):
        return None
    return "#" + "".join(f"{round(min(max(part, 0), 255)):02x}" for part in parts)


def _name(key: Any) -> str:
    raw = getattr(key, "value", key)
    text = raw.decode("ascii", "replace") if isinstance(raw, bytes) else str(raw)
    return clean(text.strip())
