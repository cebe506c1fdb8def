"""A page of an online shop as a PSD: photos, shades, flat buttons and words."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms
from psd_tools import PSDImage
from psd_tools.constants import Compression, Resource
from psd_tools.psd.image_resources import ImageResource

Pixels = NDArray[np.uint8]

_SEED: Final = 20261126


class Part(NamedTuple):
    """Layers of one kind, and how many; sides in pixels of a canvas of 2000 × 3000."""

    paint: Callable[[np.random.Generator, int, int], Pixels]
    layers: int
    width: int
    height: int


def shop_page(path: Path, *, scale: float = 1.0) -> Path:
    """Write the page: 200 layers, 2000 × 3000 at `scale` 1, packed by PackBits."""
    generator = np.random.default_rng(_SEED)
    size = (round(2000 * scale), round(3000 * scale))
    document = PSDImage.new("RGB", size)
    flattened = Image.new("RGB", size, "white")
    for number, pixels in enumerate(_layers(generator, scale)):
        picture = Image.fromarray(pixels)
        left = int(generator.integers(0, size[0] - picture.width + 1))
        top = int(generator.integers(0, size[1] - picture.height + 1))
        layer = document.create_pixel_layer(
            picture, f"layer {number}", top, left, Compression.RLE
        )
        # Other colours and states of the page's parts, as shops keep them.
        layer.visible = number % 4 == 0
        if layer.visible:
            flattened.paste(picture, (left, top), picture)
    _finish(document, flattened, path)
    return path


def _finish(document: PSDImage, flattened: Image.Image, path: Path) -> None:
    """Store the flattened image, which psd-tools would compose for minutes."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # Without the time at which it was made.
    document.image_resources[Resource.ICC_PROFILE] = ImageResource(
        key=Resource.ICC_PROFILE, data=profile[:24] + bytes(12) + profile[36:]
    )
    record = document._record
    record.image_data.compression = Compression.RLE
    planes = [plane.tobytes() for plane in flattened.split()]
    record.image_data.set_data(planes, record.header)
    with path.open("wb") as file:
        record.write(file)


def _layers(generator: np.random.Generator, scale: float) -> Iterator[Pixels]:
    for part in PARTS:
        for _ in range(part.layers):
            stretch = generator.uniform(0.7, 1.3) if part.layers > 1 else 1.0
            width = max(round(part.width * scale * stretch), 4)
            height = max(round(part.height * scale / stretch), 4)
            yield part.paint(generator, width, height)


def _photo(generator: np.random.Generator, width: int, height: int) -> Pixels:
    """Soft shapes with the grain of a camera, cut out by an ellipse."""
    color = _clouds(generator, width, height, 3)
    color += generator.normal(0, 2.5, color.shape).astype(np.float32)
    return _with_alpha(color, _ellipse(width, height))


def _backdrop(generator: np.random.Generator, width: int, height: int) -> Pixels:
    """A dithered gradient over all of the canvas."""
    ramp = np.linspace(200, 250, height, dtype=np.float32)[:, None, None]
    color = ramp + generator.uniform(-10, 5, 3).astype(np.float32)
    color = color + generator.uniform(0, 0.6, (height, width, 1)).astype(np.float32)
    return _with_alpha(color, np.full((height, width), 255, np.float32))


def _shade(generator: np.random.Generator, width: int, height: int) -> Pixels:
    """A drop shadow: one colour under a soft alpha."""
    blurred = cv2.GaussianBlur(_ellipse(width, height), (0, 0), max(width, height) / 20)
    color = np.full((height, width, 3), generator.integers(0, 60), np.float32)
    return _with_alpha(color, np.asarray(blurred * 0.5, np.float32))


def _button(generator: np.random.Generator, width: int, height: int) -> Pixels:
    """A flat colour with round corners."""
    color = np.empty((height, width, 3), np.float32)
    color[:] = generator.integers(0, 256, 3)
    return _with_alpha(color, _ellipse(width, height) * 4)


def _words(generator: np.random.Generator, width: int, height: int) -> Pixels:
    """Smoothed strokes of one colour on nothing."""
    ink = np.zeros((height, width), np.uint8)
    for top in range(24, height, 36):
        for left in range(8, width - 16, 14):
            ends = generator.integers(-9, 10, 4).tolist()
            start = (left + 4 + ends[0], top + ends[1])
            cv2.line(ink, start, (left + 4 + ends[2], top + ends[3]), (255,), 2, 16)
    color = np.empty((height, width, 3), np.float32)
    color[:] = generator.integers(0, 90, 3)
    return _with_alpha(color, ink.astype(np.float32))


def _clouds(
    generator: np.random.Generator, width: int, height: int, channels: int
) -> NDArray[np.float32]:
    total = np.full((height, width, channels), 128, np.float32)
    for cells, strength in ((3, 60), (12, 30), (60, 14), (200, 6)):
        coarse = generator.normal(0, strength, (cells, cells, channels))
        fine = cv2.resize(coarse.astype(np.float32), (width, height))
        total += np.asarray(fine, np.float32)
    return total


def _ellipse(width: int, height: int) -> NDArray[np.float32]:
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    inside: NDArray[np.float32] = np.clip((1 - x**4 - y**4) * 2040, 0, 255)
    return inside


def _with_alpha(color: NDArray[np.float32], alpha: NDArray[np.float32]) -> Pixels:
    whole = np.concatenate([color, alpha[..., None]], axis=2)
    return np.clip(np.rint(whole), 0, 255).astype(np.uint8)


PARTS: Final = (
    Part(_backdrop, 1, 2000, 3000),
    Part(_photo, 1, 2000, 1000),
    Part(_photo, 30, 480, 480),
    Part(_shade, 30, 440, 440),
    Part(_button, 48, 420, 120),
    Part(_words, 90, 400, 180),
)
