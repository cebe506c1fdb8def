"""Making previews again from stored images."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import cv2
import msgspec
import numpy as np

from features.psd.utils.pictures.preview import Reducer, write_preview
from features.psd.utils.pixels.samples import Bytes8
from features.psd.utils.types import Picture

_TO_RGB: Final = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}


class Remade(msgspec.Struct, frozen=True, tag=True):
    """The preview of the image at `index` has been written; None: it is unreadable."""

    index: int
    preview: Picture | None


def remake_previews(images: Sequence[Path], out: Path) -> Iterator[Remade]:
    """Write the previews of PNG images into the folder `out`, in their order.

    Each is the one that was made beside the image.
    """
    for index, path in enumerate(images):
        pixels = _read(path)
        preview = None
        if pixels is not None:
            reducer = Reducer(pixels.shape[1], pixels.shape[0])
            reducer.add(pixels)
            preview = write_preview(out / f"preview-{index}", reducer.picture())
        yield Remade(index, preview)


def _read(path: Path) -> Bytes8 | None:
    read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if read is None:
        return None
    if read.dtype == np.uint16:
        read = cv2.convertScaleAbs(read, alpha=255 / 65535)
    if read.ndim == 3:
        read = cv2.cvtColor(read, _TO_RGB[read.shape[2]])
    return np.asarray(read, np.uint8)
