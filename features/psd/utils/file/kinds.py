"""What kind of layer a record is."""

from typing import Final

from psd_tools.constants import BlendMode

from features.psd.utils.file.records import Record

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
    if is_drawn_by_path(record):
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


def adjustment_of(record: Record) -> str | None:
    """Return the name of an adjustment layer's kind; None for all others."""
    if kind_of(record) != "ADJUSTMENT":
        return None
    return _named(record.blocks, _ADJUSTMENTS)


def fill_of(record: Record) -> str | None:
    """Return the name of what fills a fill or shape layer."""
    return _named(record.blocks, _FILLS)


def is_drawn_by_path(record: Record) -> bool:
    """Tell whether the pixels are what a path makes."""
    return record.pixels_irrelevant and any(key in record.blocks for key in _SHAPES)


def _named(blocks: dict[bytes, memoryview], names: dict[bytes, str]) -> str | None:
    return next((name for key, name in names.items() if key in blocks), None)
