"""Layer effects, in words and JSON values."""

import re
from contextlib import suppress
from enum import Enum
from types import SimpleNamespace
from typing import Any, Final

from psd_tools.api.effects import Effects
from psd_tools.constants import Resource
from psd_tools.psd.descriptor import Bool, Descriptor, DescriptorBlock2, List
from psd_tools.psd.effects_layer import EffectsLayer

from features.psd.utils.details.jsonable import to_json
from features.psd.utils.types import Effect

_BLOCKS: Final = (b"lfx2", b"lmfx", b"lfxs")
_OLD_BLOCK: Final = b"lrFX"
_OLD_KINDS: Final = {
    b"dsdw": "drop shadow",
    b"isdw": "inner shadow",
    b"oglw": "outer glow",
    b"iglw": "inner glow",
    b"bevl": "bevel & emboss",
    b"sofi": "color overlay",
}
_PRESENT: Final = b"present"
# Of every effect: told elsewhere, of the dialog, or the descriptor itself.
_NO_SETTINGS: Final = frozenset(
    {"descriptor", "value", "name", "enabled", "present", "shown"}
)


class _Blocks(dict[bytes | int, Any]):
    """Blocks or resources, with the accessor that `Effects` asks for."""

    def get_data(self, key: bytes | int, default: Any = None) -> Any:
        return self.get(getattr(key, "value", key), default)


def read_effects(
    blocks: dict[bytes, memoryview], global_angle: int | None
) -> list[Effect]:
    """Read the effects of a layer in file order; none where they are unreadable.

    An effect counts as enabled only while the layer's master switch is on.
    `global_angle` is the document's light, in degrees. Files of Photoshop 5 have a
    block of their own, of which only the blend mode and the opacity are told.
    """
    parsed = _Blocks()
    # A broken block loses the effects, not the layer.
    for key in _BLOCKS:
        if key in blocks:
            with suppress(Exception):
                parsed[key] = DescriptorBlock2.frombytes(bytes(blocks[key]))
    with suppress(Exception):
        if parsed:
            return _read(parsed, global_angle)
        if _OLD_BLOCK in blocks:
            return _read_old(bytes(blocks[_OLD_BLOCK]))
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


def _read_old(block: bytes) -> list[Effect]:
    """Read what is enabled: these blocks list every effect that there is."""
    found = []
    for key, effect in EffectsLayer.frombytes(block).items():
        kind = _OLD_KINDS.get(getattr(key, "value", key))
        if kind is not None and effect.enabled:
            settings: dict[str, Any] = {}
            # A bevel has two of each.
            if hasattr(effect, "blend_mode"):
                settings["blendMode"] = to_json(effect.blend_mode)
                settings["opacity"] = round(effect.opacity / 2.55, 2)
            found.append(Effect(kind=kind, enabled=True, settings=settings))
    return found


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
        return _OLD_KINDS[b"bevl"]
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
