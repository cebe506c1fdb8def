"""Making previews again from stored images."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import msgspec

from features.psd.utils.pictures.preview import Reducer, write_preview
from features.psd.utils.pixels.samples import Bytes8, narrow
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
        yield Remade(index, _remade(path, out / f"preview-{index}"))


def _remade(path: Path, to: Path) -> Picture | None:
    read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if read is None:
        return None
    pixels = _narrow(read)
    reducer = Reducer(pixels.shape[1], pixels.shape[0])
    reducer.add(pixels)
    ratio = read.nbytes / path.stat().st_size
    return write_preview(to, reducer.picture(), ratio=ratio)


def _narrow(read: Any) -> Bytes8:
    if read.ndim == 3:
        read = cv2.cvtColor(read, _TO_RGB[read.shape[2]])
    return narrow(read)
