"""Adjustments of gray documents, which count in the document's own levels."""

from typing import Final

import numpy as np

from features.psd.utils.file.container import ColorMode, Header
from features.psd.utils.pixels.color import ColorSpace
from features.psd.utils.render.adjustments import Adjustment
from features.psd.utils.render.blend import Floats
from features.psd.utils.render.colors import to_floats

_LEVELS: Final = np.arange(256, dtype=np.uint8)


def gray_adjustment(
    adjustment: Adjustment, header: Header, space: ColorSpace
) -> Adjustment:
    """Let an adjustment work on the levels that become the colours shown.

    Of other than gray documents of at most 16 bits it is returned as it is.
    """
    if header.mode is not ColorMode.GRAYSCALE or header.depth > 16:
        return adjustment
    shown = to_floats(space.convert([_LEVELS.reshape(1, 256)]))[0, :, 0]
    levels = np.linspace(0, 1, 256, dtype=np.float32)

    def adjust(color: Floats) -> Floats:
        stored = np.interp(color, shown, levels).astype(np.float32)
        return np.interp(adjustment.adjust(stored), levels, shown).astype(np.float32)

    return Adjustment(adjust, adjustment.approximate)
