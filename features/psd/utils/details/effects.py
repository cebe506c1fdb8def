"""Layer effects, in words and JSON values."""

from contextlib import suppress
from typing import Any, Final, NamedTuple

from psd_tools.psd.effects_layer import EffectsLayer

from features.psd.utils.details.descriptor import Descriptor, DescriptorReader
from features.psd.utils.details.settings import (
    GRADIENT,
    PAINTS,
    PATTERN,
    Table,
    blend_mode,
    color,
    flag,
    name,
    number,
    read_settings,
    word,
)
from features.psd.utils.file.effect_blocks import (
    EFFECT_BLOCKS,
    OLD_EFFECT_KINDS,
    OLD_EFFECTS_BLOCK,
)
from features.psd.utils.types import Effect

_BLENDED: Final[Table] = {
    "blendMode": ("Md", blend_mode),
    "opacity": ("Opct", number),
}
_COLORED: Final[Table] = _BLENDED | {"color": ("Clr", color)}
_SHADOW: Final[Table] = _COLORED | {
    "useGlobalLight": ("uglg", flag),
    "angle": ("lagl", number),
    "distance": ("Dstn", number),
    "size": ("blur", number),
    "choke": ("Ckmt", number),
    "noise": ("Nose", number),
    "antiAliased": ("AntA", flag),
    "contour": ("TrnS", name),
}
_TECHNIQUES: Final = {"SfBL": "softer", "PrBL": "precise", "Slmt": "slope limit"}
_GLOW: Final[Table] = _COLORED | {
    "gradient": GRADIENT["gradient"],
    "technique": ("GlwT", word(_TECHNIQUES)),
    "size": ("blur", number),
    "choke": ("Ckmt", number),
    "noise": ("Nose", number),
    "jitter": ("ShdN", number),
    "range": ("Inpr", number),
    "antiAliased": ("AntA", flag),
    "contour": ("TrnS", name),
}
_BEVEL: Final[Table] = {
    "style": (
        "bvlS",
        word(
            {
                "OtrB": "outer bevel",
                "InrB": "inner bevel",
                "Embs": "emboss",
                "PlEb": "pillow emboss",
                "strokeEmboss": "stroke emboss",
            }
        ),
    ),
    "technique": (
        "bvlT",
        word({"SfBL": "smooth", "PrBL": "chisel hard", "Slmt": "chisel soft"}),
    ),
    "direction": ("bvlD", word({"In": "up", "Out": "down"})),
    "depth": ("srgR", number),
    "size": ("blur", number),
    "soften": ("Sftn", number),
    "useGlobalLight": ("uglg", flag),
    "angle": ("lagl", number),
    "altitude": ("Lald", number),
    "highlightMode": ("hglM", blend_mode),
    "highlightColor": ("hglC", color),
    "highlightOpacity": ("hglO", number),
    "shadowMode": ("sdwM", blend_mode),
    "shadowColor": ("sdwC", color),
    "shadowOpacity": ("sdwO", number),
    "contour": ("TrnS", name),
    "antiAliased": ("antialiasGloss", flag),
    "useShape": ("useShape", flag),
    "shape": ("MpgS", name),
    "useTexture": ("useTexture", flag),
    "texture": PATTERN["pattern"],
    "textureScale": ("Scl", number),
    "textureDepth": ("textureDepth", number),
}
_SATIN: Final[Table] = _COLORED | {
    "angle": ("lagl", number),
    "distance": ("Dstn", number),
    "size": ("blur", number),
    "inverted": ("Invr", flag),
    "antiAliased": ("AntA", flag),
    "contour": ("MpgS", name),
}
_FILL_TYPES: Final = {"SClr": "color", "GrFl": "gradient", "Ptrn": "pattern"}
_POSITIONS: Final = {"OutF": "outside", "InsF": "inside", "CtrF": "center"}
_STROKE: Final[Table] = _BLENDED | {
    "size": ("Sz", number),
    "position": ("Styl", word(_POSITIONS)),
    "fillType": ("PntT", word(_FILL_TYPES)),
    "overprint": ("overprint", flag),
}


class _Kind(NamedTuple):
    """What an effect is called, and its settings."""

    words: str
    table: Table


_KINDS: Final = {
    "DrSh": _Kind("drop shadow", _SHADOW | {"layerKnocksOut": ("layerConceals", flag)}),
    "IrSh": _Kind("inner shadow", _SHADOW),
    "OrGl": _Kind("outer glow", _GLOW),
    "IrGl": _Kind(
        "inner glow",
        _GLOW | {"source": ("glwS", word({"SrcE": "edge", "SrcC": "center"}))},
    ),
    "ebbl": _Kind("bevel & emboss", _BEVEL),
    "ChFX": _Kind("satin", _SATIN),
    "SoFi": _Kind("color overlay", _COLORED),
    "GrFl": _Kind("gradient overlay", _BLENDED | GRADIENT),
    "patternFill": _Kind("pattern overlay", _BLENDED | PATTERN),
    "FrFX": _Kind("stroke", _STROKE),
}


class Light(NamedTuple):
    """The light that effects of a document may share, in degrees."""

    angle: float = 30
    altitude: float = 30


def read_effects(blocks: dict[bytes, memoryview], light: Light) -> list[Effect]:
    """Read the effects of a layer in file order; none where they are unreadable.

    An effect counts as enabled only while the layer's master switch is on. `light` is
    what effects with `useGlobalLight` are lit by. Files of Photoshop 5 have a block of
    their own, of which only the blend mode and the opacity are told.
    """
    # A broken block loses the effects, not the layer.
    for key in EFFECT_BLOCKS:
        if key in blocks:
            with suppress(Exception):
                return _read(blocks[key], light)
    with suppress(Exception):
        if OLD_EFFECTS_BLOCK in blocks:
            return _read_old(bytes(blocks[OLD_EFFECTS_BLOCK]))
    return []


def _read(block: memoryview, light: Light) -> list[Effect]:
    reader = DescriptorReader(block)
    reader.u32()
    whole = reader.versioned()
    master = whole.flag("masterFXSwitch") or False
    return [
        Effect(
            kind=_KINDS[item.kind].words,
            enabled=master and (item.flag("enab") or False),
            settings=_settings(item, light),
        )
        for value in whole.values()
        for item in (value if isinstance(value, list) else [value])
        if isinstance(item, Descriptor) and item.kind in _KINDS
        # Older files never say whether an effect is present.
        if item.flag("present") is not False
    ]


def _settings(effect: Descriptor, light: Light) -> dict[str, Any]:
    settings = read_settings(effect, _KINDS[effect.kind].table)
    if settings.get("useGlobalLight"):
        settings["angle"] = light.angle
        if "altitude" in settings:
            settings["altitude"] = light.altitude
    if "fillType" in settings:
        settings |= read_settings(effect, PAINTS.get(settings["fillType"], {}))
    return settings


def _read_old(block: bytes) -> list[Effect]:
    """Read what is enabled: these blocks list every effect that there is."""
    found = []
    for key, effect in EffectsLayer.frombytes(block).items():
        kind = OLD_EFFECT_KINDS.get(getattr(key, "value", key))
        if kind is not None and effect.enabled:
            settings: dict[str, Any] = {}
            # A bevel has two of each.
            if hasattr(effect, "blend_mode"):
                settings["blendMode"] = effect.blend_mode.name.lower().replace("_", " ")
                settings["opacity"] = round(effect.opacity / 2.55, 2)
            found.append(Effect(kind=kind, enabled=True, settings=settings))
    return found
