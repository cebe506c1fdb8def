"""Artboards: a box that cuts off what is in it, and what lies behind that."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import numpy as np
from psd_tools.psd.descriptor import DescriptorBlock

from features.psd.utils.file.tree import Box
from features.psd.utils.render.blend import Floats
from features.psd.utils.render.descriptors import to_json
from features.psd.utils.render.settings import nested, number

_KEYS: Final = (b"artb", b"artd", b"abdd")
_WHITE, _BLACK, _OTHER = 1, 2, 4


@dataclass(frozen=True)
class Artboard:
    """Its box, and its background (3,) where it is not transparent."""

    box: Box
    background: Floats | None


def read_artboard(blocks: dict[bytes, memoryview]) -> Artboard | None:
    """Read a group's artboard; None where it has none."""
    for key in _KEYS:
        if key in blocks:
            with suppress(Exception):
                return _read(bytes(blocks[key]))
    return None


def _read(block: bytes) -> Artboard:
    settings = to_json(DescriptorBlock.frombytes(block))
    sides = nested(settings, "artboardRect")
    left, top, right, bottom = (
        round(number(sides, side)) for side in ("Left", "Top", "Rght", "Btom")
    )
    kind = int(number(settings, "artboardBackgroundType"))
    color = settings.get("Clr")
    background = None
    if kind in (_WHITE, _BLACK):
        background = np.full(3, kind == _WHITE, np.float32)
    elif kind == _OTHER and isinstance(color, str) and len(color) == 7:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        background = np.array(parts, np.float32)
    return Artboard((left, top, right, bottom), background)
