"""What kind of layer a record is, and what in it the exported pixels do not show."""

from typing import Final

from psd_tools.constants import BlendMode

from features.psd.utils.file.container import ColorMode, Header
from features.psd.utils.file.records import Record
from features.psd.utils.types import Effect

GROUP_SECTIONS: Final = (1, 2)
GROUP_END: Final = 3

_FILLS: Final = {
    b"SoCo": "solid color fill",
    b"GdFl": "gradient fill",
    b"PtFl": "pattern fill",
}
_ADJUSTMENTS: Final = {
    b"blnc": "color balance",
    b"blwh": "black & white",
    b"brit": "brightness/contrast",
    b"CgEd": "brightness/contrast",
    b"clrL": "color lookup",
    b"curv": "curves",
    b"expA": "exposure",
    b"grdm": "gradient map",
    b"hue ": "hue/saturation",
    b"hue2": "hue/saturation",
    b"levl": "levels",
    b"mixr": "channel mixer",
    b"nvrt": "invert",
    b"phfl": "photo filter",
    b"post": "posterize",
    b"selc": "selective color",
    b"thrs": "threshold",
    b"vibA": "vibrance",
}
_VECTOR_MASKS: Final = (b"vmsk", b"vsms")
_SHAPES: Final = (*_VECTOR_MASKS, b"vogk", b"vstk", b"vscg")
_BLEND_MODES: Final = {
    mode.value: mode.name.lower().replace("_", " ") for mode in BlendMode
}


def kind_of(record: Record) -> str:
    """Return the schema's `PsdLayerKind` of a record that ends no group."""
    blocks = record.blocks
    if record.section in GROUP_SECTIONS:
        artboard = any(key in blocks for key in (b"artb", b"artd", b"abdd"))
        return "ARTBOARD" if artboard else "GROUP"
    if b"TySh" in blocks or b"tySh" in blocks:
        return "TEXT"
    if any(key in blocks for key in (b"SoLd", b"SoLE", b"plLd", b"PlLd")):
        return "SMART_OBJECT"
    if _named(blocks, _ADJUSTMENTS):
        return "ADJUSTMENT"
    if record.pixels_irrelevant and any(key in blocks for key in _SHAPES):
        return "SHAPE"
    return "FILL" if _named(blocks, _FILLS) else "PIXEL"


def blend_mode_of(record: Record) -> str:
    """Return the blend mode in Photoshop's words; a group's own is in its divider."""
    key = record.blend_key
    setting = record.section_setting
    if record.section in GROUP_SECTIONS and setting is not None and len(setting) >= 12:
        key = bytes(setting[8:12])
    return _BLEND_MODES.get(key, "normal")


def has_vector_mask(record: Record) -> bool:
    """Tell whether a path cuts the layer out."""
    return any(key in record.blocks for key in _VECTOR_MASKS)


def has_pixels(record: Record) -> bool:
    """Tell whether the layer itself stores colours (a group's records store none)."""
    divides = record.section in (*GROUP_SECTIONS, GROUP_END)
    if divides or not record.width or not record.height:
        return False
    return any(id >= 0 and len(data) > 2 for id, data in record.channels.items())


def fidelity_of(
    record: Record, header: Header, effects: list[Effect], color_problems: list[str]
) -> tuple[str, list[str]]:
    """Judge how far a layer's exported pixels look as Photoshop shows the layer alone.

    The pixels are the layer's own: its opacity, blend mode, clipping and masks are
    told beside them for whoever composes the picture, and take nothing from EXACT.
    What Photoshop adds to the layer's look and nothing else tells (effects, fill
    opacity, blend-if, knockout) or cannot be drawn alike (colours without a
    profile) makes it APPROXIMATE. Without pixels it is NONE. The second value
    names what is missing.
    """
    missing = [effect.kind for effect in effects if effect.enabled]
    missing += _advanced_blending(record)
    if not has_pixels(record):
        return "NONE", _not_drawn(record) + missing
    missing += color_problems
    if header.mode is ColorMode.DUOTONE:
        missing.append("duotone inks")
    return ("APPROXIMATE" if missing else "EXACT"), list(dict.fromkeys(missing))


def _not_drawn(record: Record) -> list[str]:
    """Name what a layer without pixels would show."""
    adjustment = _named(record.blocks, _ADJUSTMENTS)
    if adjustment:
        return [adjustment]
    names = [_named(record.blocks, _FILLS)]
    if any(key in record.blocks for key in _SHAPES) and record.pixels_irrelevant:
        names.append("vector shape")
    return [name for name in names if name]


def _advanced_blending(record: Record) -> list[str]:
    names = []
    fill = record.blocks.get(b"iOpa")
    if fill is not None and len(fill) and fill[0] != 255:
        names.append("fill opacity")
    if record.blends_by_range:
        names.append("blend if")
    knockout = record.blocks.get(b"knko")
    if knockout is not None and len(knockout) and knockout[0]:
        names.append("knockout")
    return names


def _named(blocks: dict[bytes, memoryview], names: dict[bytes, str]) -> str | None:
    return next((name for key, name in names.items() if key in blocks), None)
