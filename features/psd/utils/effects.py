"""Layer effects, in words and JSON values."""

import re
from contextlib import suppress
from enum import Enum
from types import SimpleNamespace
from typing import Any, Final

from psd_tools.api.effects import Effects
from psd_tools.psd.descriptor import Descriptor, DescriptorBlock2
from psd_tools.psd.image_resources import ImageResources

from features.psd.utils.types import Effect

_BLOCKS: Final = (b"lfx2", b"lmfx", b"lfxs")
# Of every effect: told elsewhere, or the descriptor itself.
_OWN_FIELDS: Final = frozenset({"descriptor", "value", "name", "enabled", "present"})
_DISPLAY_FIELDS: Final = frozenset({"shown"})
_MAX_DEPTH: Final = 8


class _Blocks(dict[bytes, Any]):
    """The blocks of one layer, with the accessor that `Effects` asks for."""

    def get_data(self, key: bytes, default: Any = None) -> Any:
        return self.get(getattr(key, "value", key), default)


def read_effects(blocks: dict[bytes, memoryview]) -> list[Effect]:
    """Read the effects of a layer in file order; none where they are unreadable.

    An effect counts as enabled only while the layer's master switch is on.
    """
    parsed = _Blocks()
    for key in _BLOCKS:
        if key in blocks:
            # A broken block loses the effects, not the layer.
            with suppress(Exception):
                parsed[key] = DescriptorBlock2.frombytes(bytes(blocks[key]))
    if not parsed:
        return []
    found: list[Effect] = []
    with suppress(Exception):
        layer = SimpleNamespace(
            tagged_blocks=parsed, _psd=SimpleNamespace(image_resources=ImageResources())
        )
        effects = Effects(layer)  # type: ignore[arg-type]
        master = effects.enabled
        for effect in effects:
            found.append(
                Effect(
                    kind=_words(type(effect).__name__),
                    enabled=master and effect.enabled,
                    settings=_settings(effect),
                )
            )
    return found


def _settings(effect: object) -> dict[str, Any]:
    """Collect the effect's public properties, in camel case."""
    settings: dict[str, Any] = {}
    for name in sorted(dir(type(effect))):
        is_property = isinstance(getattr(type(effect), name), property)
        if name in _OWN_FIELDS | _DISPLAY_FIELDS or not is_property:
            continue
        with suppress(Exception):
            settings[_camel(name)] = to_json(getattr(effect, name))
    return settings


def to_json(value: Any, depth: int = 0) -> Any:
    """Turn a descriptor's value into JSON: colours ``#rrggbb``, enumerations words."""
    value = value if isinstance(value, Enum) else getattr(value, "value", value)
    if isinstance(value, Enum):
        return value.name.lower().replace("_", " ")
    if isinstance(value, Descriptor):
        return _color(value) or _fields(value, depth)
    if isinstance(value, bool | int | str) or value is None:
        return value.rstrip("\0") if isinstance(value, str) else value
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, list | tuple) or hasattr(value, "__iter__"):
        if isinstance(value, bytes) or depth >= _MAX_DEPTH:
            return None
        return [to_json(item, depth + 1) for item in value]
    return str(value)


def _fields(descriptor: Descriptor, depth: int) -> dict[str, Any] | None:
    if depth >= _MAX_DEPTH:
        return None
    fields: dict[str, Any] = {}
    for key in descriptor:
        raw = getattr(key, "value", key)
        name = raw.decode("ascii", "replace") if isinstance(raw, bytes) else str(raw)
        item = descriptor[key]
        enum = getattr(item, "enum", None)
        if isinstance(enum, bytes):
            fields[name.strip()] = enum.decode("ascii", "replace").strip()
        else:
            fields[name.strip()] = to_json(item, depth + 1)
    return fields


def _color(descriptor: Descriptor) -> str | None:
    """Return an RGB colour descriptor as ``#rrggbb``, None for any other."""
    try:
        parts = [float(descriptor[key].value) for key in (b"Rd  ", b"Grn ", b"Bl  ")]
        return "#" + "".join(f"{round(min(max(p, 0), 255)):02x}" for p in parts)
    except (KeyError, TypeError, AttributeError, ValueError):
        return None


def _words(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
