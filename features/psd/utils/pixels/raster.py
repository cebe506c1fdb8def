"""Pictures as bands of sRGB rows, so that memory does not grow with their height."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from psd_tools.psd.image_resources import AlphaIdentifiers

from features.psd.utils.file.container import ColorMode, Container, Header, ResourceId
from features.psd.utils.file.records import Record
from features.psd.utils.pixels.codecs import (
    DamagedPixels,
    Rows,
    check_packed,
    open_rows,
)
from features.psd.utils.pixels.color import ColorSpace
from features.psd.utils.pixels.samples import (
    Pixels,
    Samples,
    as_pixels,
    remove_white,
    to_integers,
    to_samples,
)

# Small enough for a band and its filtered copy to stay in the cache.
_BAND_PIXELS: Final = 1 << 18
_DAMAGE: Final = (ValueError, IndexError, cv2.error)


@dataclass
class Raster:
    """A picture that is unpacked from the top, once.

    `colors` are the channels of the colour space; `matted` tells that they are
    stored over white; `transparent_index` is the palette's entry that shows nothing.
    """

    width: int
    height: int
    depth: int
    space: ColorSpace
    colors: list[Rows]
    alpha: Rows | None = None
    matted: bool = False
    transparent_index: int | None = None

    @property
    def has_alpha(self) -> bool:
        """Whether its bands have four channels."""
        return self.alpha is not None or self.transparent_index is not None

    def bands(self, multiple: int = 1) -> Iterator[Pixels]:
        """Yield bands of (rows, width), (rows, width, 3) RGB or (…, 4) RGBA pixels.

        All but the last have a multiple of `multiple` rows. DamagedPixels where the
        channels cannot be unpacked.
        """
        step = max(_BAND_PIXELS // self.width // multiple, 1) * multiple
        for top in range(0, self.height, step):
            yield self.take(min(step, self.height - top))

    def take(self, rows: int) -> Pixels:
        """Return the next rows as one band, as `bands` does."""
        try:
            return self._band(rows)
        except _DAMAGE as error:
            raise DamagedPixels("pixels cannot be unpacked") from error

    def _band(self, rows: int) -> Pixels:
        planes = [self._samples(channel, rows) for channel in self.colors]
        alpha = self._samples(self.alpha, rows) if self.alpha is not None else None
        if alpha is not None and self.matted:
            planes = [remove_white(plane, alpha) for plane in planes]
        color = self.space.convert(planes)
        if self.transparent_index is not None:
            alpha = np.where(planes[0] == self.transparent_index, 0, 255)
            alpha = alpha.astype(np.uint8)
        if alpha is None:
            return color
        bands = cv2.split(color) if color.ndim == 3 else [color] * 3
        cover = to_integers(alpha, wide=self.space.wide)
        return as_pixels(cv2.merge([*bands, cover]), self.space.wide)

    def _samples(self, channel: Rows, rows: int) -> Samples:
        data = channel.take(rows)
        return to_samples(data, self.width, rows, self.depth, wide=self.space.wide)


def layer_raster(record: Record, header: Header, space: ColorSpace) -> Raster:
    """Open a layer's own pixels: no mask, opacity, clipping or effect applied.

    Without a transparency channel it is opaque. DamagedPixels where a colour channel
    is missing, or a channel's data cannot suffice for the layer's size.
    """
    width, height = record.width, record.height

    def rows(channel: int) -> Rows | None:
        data = record.channels.get(channel)
        if data is None or len(data) <= 2:
            return None
        return open_rows(data, width, height, header.depth, header.large)[0]

    colors = [rows(channel) for channel in range(space.planes)]
    found = [channel for channel in colors if channel is not None]
    if len(found) < len(colors):
        raise DamagedPixels("a color channel is missing")
    return Raster(width, height, header.depth, space, found, rows(-1))


def check_merged(container: Container) -> None:
    """Raise DamagedPixels where rows of a packed merged image are out of step."""
    header = container.header
    layout = (header.width, header.height, header.depth, header.large, header.channels)
    check_packed(container.merged, *layout)


def merged_raster(container: Container, space: ColorSpace, alpha: bool) -> Raster:
    """Open the merged image; `alpha` tells that its first extra channel is that.

    DamagedPixels where the data cannot suffice for the canvas.
    """
    header = container.header
    layout = (header.width, header.height, header.depth, header.large, header.channels)
    planes = open_rows(container.merged, *layout)
    place = _alpha_plane(container, space, alpha)
    return Raster(
        header.width,
        header.height,
        header.depth,
        space,
        planes[: space.planes],
        planes[place] if place is not None else None,
        matted=header.mode is not ColorMode.LAB,
        transparent_index=_transparent_index(container),
    )


def _alpha_plane(container: Container, space: ColorSpace, alpha: bool) -> int | None:
    """Find the plane that holds transparency rather than a saved selection."""
    channels = container.header.channels
    if alpha and channels > space.planes:
        return space.planes
    packed = container.resources.get(ResourceId.ALPHA_IDENTIFIERS)
    if packed is None or len(packed) % 4:
        return None
    identifiers = list(AlphaIdentifiers.frombytes(bytes(packed)))
    place = channels - len(identifiers)
    if 0 in identifiers and place >= space.planes:
        return place + identifiers.index(0)
    return None


def _transparent_index(container: Container) -> int | None:
    packed = container.resources.get(ResourceId.TRANSPARENCY_INDEX)
    header = container.header
    if (header.mode, header.depth) != (ColorMode.INDEXED, 8) or packed is None:
        return None
    index = int.from_bytes(packed[:2])
    return index if index < 256 else None
