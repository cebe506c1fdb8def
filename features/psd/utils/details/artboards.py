"""What artboards add to a group: their own frame, background and preset."""

from contextlib import suppress
from typing import Final

from features.psd.utils.details.colors import descriptor_color
from features.psd.utils.details.descriptor import DescriptorReader
from features.psd.utils.types import Artboard

_BLOCKS: Final = (b"artb", b"artd", b"abdd")
_BACKGROUNDS: Final = {1: "#ffffff", 2: "#000000"}
_OWN_COLOR: Final = 4


def read_artboard(blocks: dict[bytes, memoryview]) -> Artboard | None:
    """Read a group's artboard; None where it is none or cannot be read."""
    for key in _BLOCKS:
        if key in blocks:
            with suppress(Exception):
                return _read(blocks[key])
    return None


def _read(block: memoryview) -> Artboard:
    whole = DescriptorReader(block).versioned()
    sides = (
        whole.inner("artboardRect").number(key)
        for key in ("Left", "Top", "Rght", "Btom")
    )
    left, top, right, bottom = (round(side or 0) for side in sides)
    background = whole.integer("artboardBackgroundType")
    own = descriptor_color(whole.inner("Clr")) if background == _OWN_COLOR else None
    return Artboard(
        left=left,
        top=top,
        width=max(right - left, 0),
        height=max(bottom - top, 0),
        preset=whole.words("artboardPresetName") or None,
        background=own or _BACKGROUNDS.get(background or 0),
    )
