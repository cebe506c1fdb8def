"""How far a layer's exported pixels look as Photoshop shows the layer alone."""

from features.psd.utils.file.container import ColorMode, Header
from features.psd.utils.file.kinds import (
    adjustment_of,
    fill_of,
    has_pixels,
    is_drawn_by_path,
)
from features.psd.utils.file.records import Record
from features.psd.utils.types import Effect


def fidelity_of(
    record: Record,
    header: Header,
    effects: list[Effect],
    masks: list[str],
    color_problems: list[str],
) -> tuple[str, list[str]]:
    """Judge a layer's picture; the second value names what is missing in it.

    The picture is the layer's own pixels. Its opacity, blend mode and clipping are
    told beside it for whoever composes, and take nothing from EXACT. What Photoshop
    adds to the layer's look or takes from it (effects, masks, fill opacity, blend-if,
    knockout), or what cannot be drawn alike (colours without a profile), makes it
    APPROXIMATE. Without pixels it is NONE.
    """
    missing = [effect.kind for effect in effects if effect.enabled]
    missing += _advanced_blending(record)
    if not has_pixels(record):
        missing = _not_drawn(record) + missing
        return "NONE", list(dict.fromkeys(missing))
    missing += masks + color_problems
    if header.mode is ColorMode.DUOTONE:
        missing.append("duotone inks")
    return ("APPROXIMATE" if missing else "EXACT"), list(dict.fromkeys(missing))


def _not_drawn(record: Record) -> list[str]:
    """Name what a layer without pixels would show."""
    adjustment = adjustment_of(record)
    if adjustment:
        return [adjustment]
    names = [fill_of(record)]
    if is_drawn_by_path(record):
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
