"""What fills layers and lines shapes: colours, gradients, patterns."""

from contextlib import suppress
from typing import Any, Final

from features.psd.utils.details.descriptor import Descriptor, DescriptorReader
from features.psd.utils.details.settings import (
    PAINTS,
    Table,
    blend_mode,
    number,
    read_settings,
    word,
)

_BLOCKS: Final = {b"SoCo": "color", b"GdFl": "gradient", b"PtFl": "pattern"}
_LINE: Final[Table] = {
    "width": ("strokeStyleLineWidth", number),
    "alignment": (
        "strokeStyleLineAlignment",
        word(
            {
                "strokeStyleAlignInside": "inside",
                "strokeStyleAlignCenter": "center",
                "strokeStyleAlignOutside": "outside",
            }
        ),
    ),
    "cap": (
        "strokeStyleLineCapType",
        word(
            {
                "strokeStyleButtCap": "butt",
                "strokeStyleRoundCap": "round",
                "strokeStyleSquareCap": "square",
            }
        ),
    ),
    "join": (
        "strokeStyleLineJoinType",
        word(
            {
                "strokeStyleMiterJoin": "miter",
                "strokeStyleRoundJoin": "round",
                "strokeStyleBevelJoin": "bevel",
            }
        ),
    ),
    "dashes": ("strokeStyleLineDashSet", Descriptor.numbers),
    "blendMode": ("strokeStyleBlendMode", blend_mode),
    "opacity": ("strokeStyleOpacity", number),
}


def read_fill(blocks: dict[bytes, memoryview]) -> dict[str, Any] | None:
    """Return the kind and settings of what fills a fill layer or a shape, if anything.

    None as well where it cannot be read, or where a shape has its fill switched off.
    """
    with suppress(Exception):
        line = blocks.get(b"vstk")
        if line is not None and _read(line).flag("fillEnabled") is False:
            return None
    for key, kind in _BLOCKS.items():
        if key in blocks:
            with suppress(Exception):
                return _paint(kind, _read(blocks[key]))
    with suppress(Exception):
        if b"vscg" in blocks:
            block = blocks[b"vscg"]
            return _paint(_BLOCKS[bytes(block[:4])], _read(block[4:]))
    return None


def read_line(blocks: dict[bytes, memoryview]) -> dict[str, Any] | None:
    """Return the settings of the line around a shape, None where there is none."""
    with suppress(Exception):
        if b"vstk" in blocks:
            stroke = _read(blocks[b"vstk"])
            if stroke.flag("strokeEnabled"):
                content = stroke.inner("strokeStyleContent")
                return read_settings(stroke, _LINE) | {"fill": _content(content)}
    return None


def _read(block: memoryview) -> Descriptor:
    return DescriptorReader(block).versioned()


def _content(content: Descriptor) -> dict[str, Any]:
    if "Grad" in content:
        return _paint("gradient", content)
    return _paint("pattern" if "Ptrn" in content else "color", content)


def _paint(kind: str, content: Descriptor) -> dict[str, Any]:
    return {"kind": kind, **read_settings(content, PAINTS[kind])}
