"""Layer effects as they are drawn: nothing converted, curves and inks included."""

import re
from contextlib import suppress
from enum import Enum
from types import SimpleNamespace
from typing import Any, Final

from psd_tools.api.effects import Effects
from psd_tools.constants import Resource
from psd_tools.psd.descriptor import Bool, Descriptor, DescriptorBlock2, List
from psd_tools.psd.effects_layer import EffectsLayer

from features.psd.utils.file.effect_blocks import (
    EFFECT_BLOCKS,
    OLD_EFFECT_KINDS,
    OLD_EFFECTS_BLOCK,
)
from features.psd.utils.render.descriptors import to_json
from features.psd.utils.types import Effect

_PRESENT: Final = b"present"
# Of every effect: told elsewhere, of the dialog, or the descriptor itself.
_NO_SETTINGS: Final = frozenset(
    {"descriptor", "value", "name", "enabled", "present", "shown"}
)


class _Blocks(dict[bytes | int, Any]):
    """Blocks or resources, with the accessor that `Effects` asks for."""

    def get_data(self, key: bytes | int, default: Any = None) -> Any:
        return self.get(getattr(key, "value", key), default)


def stored_effects(
    blocks: dict[bytes, memoryview], global_angle: int | None
) -> list[Effect]:
    """Read the effects of a layer in file order; none where they are unreadable.

    An effect counts as enabled only while the layer's master switch is on.
    `global_angle` is the document's light, in degrees. Files of Photoshop 5 have a
    block of their own, whose effects are named but cannot be drawn.
    """
    parsed = _Blocks()
    # A broken block loses the effects, not the layer.
    for key in EFFECT_BLOCKS:
        if key in blocks:
            with suppress(Exception):
                parsed[key] = DescriptorBlock2.frombytes(bytes(blocks[key]))
    with suppress(Exception):
        if parsed:
            return _read(parsed, global_angle)
        if OLD_EFFECTS_BLOCK in blocks:
            return _named_in(bytes(blocks[OLD_EFFECTS_BLOCK]))
    return []


def _read(blocks: _Blocks, global_angle: int | None) -> list[Effect]:
    for descriptor in blocks.values():
        _mark_present(descriptor)
    resources = _Blocks()
    if global_angle is not None:
        resources[Resource.GLOBAL_ANGLE] = global_angle
    document = SimpleNamespace(image_resources=resources)
    effects = Effects(SimpleNamespace(tagged_blocks=blocks, _psd=document))
    master = effects.enabled
    return [
        Effect(
            kind=_words(type(effect).__name__),
            enabled=master and effect.enabled,
            settings=_settings(effect),
        )
        for effect in effects
    ]


def _mark_present(descriptor: Descriptor) -> None:
    """Mark effects that do not say whether they are present: older files never do."""
    for key in descriptor:
        value = descriptor[key]
        for item in value if isinstance(value, List) else [value]:
            if isinstance(item, Descriptor) and _PRESENT not in item:
                item[_PRESENT] = Bool(True)


def _named_in(block: bytes) -> list[Effect]:
    """Name the enabled effects of a Photoshop 5 file, of which no settings are read."""
    return [
        Effect(kind=f"{kind} of Photoshop 5", enabled=True, settings={})
        for key, effect in EffectsLayer.frombytes(block).items()
        if (kind := OLD_EFFECT_KINDS.get(getattr(key, "value", key))) and effect.enabled
    ]


def _settings(effect: object) -> dict[str, Any]:
    """Collect the effect's public properties, in camel case."""
    settings: dict[str, Any] = {}
    for name in sorted(dir(type(effect))):
        attribute = getattr(type(effect), name)
        if name not in _NO_SETTINGS and isinstance(attribute, property):
            value = getattr(effect, name)
            settings[_camel(name)] = to_json(value)
    return {name: value for name, value in settings.items() if value is not None}


def _words(name: str) -> str:
    if name == "BevelEmboss":
        return OLD_EFFECT_KINDS[b"bevl"]
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
