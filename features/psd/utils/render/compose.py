"""Composing the flattened image where a file embeds none."""

from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np
from psd_tools import PSDImage

from features.psd.utils.pixels.samples import Bytes8

_MAX_BYTES: Final = 1024**3


def compose(source: Path) -> Bytes8 | None:
    """Compose a document's visible layers into (height, width, 4) sRGB bytes.

    Returns None where psd-tools cannot: an image is better missing than wrong.
    """
    with suppress(Exception):
        document = PSDImage.open(source, max_alloc_bytes=_MAX_BYTES)
        image = document.composite(force=True)
        if image is not None:
            return np.asarray(image.convert("RGBA"), np.uint8)
    return None
