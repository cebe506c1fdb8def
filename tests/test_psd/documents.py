"""Running the engine, and making documents to run it on."""

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import BlendMode, Compression

from features.psd.utils import Document, Limits, Message, Structure, parse

LIMITS = Limits(max_side=30_000, max_layers=8_000, max_pixels=4_000_000_000)


def run(source: Path, out: Path, limits: Limits = LIMITS) -> list[Message]:
    """Parse a file to its end with all pictures."""
    return list(parse(source, out, export_layers=True, limits=limits))


def structure(source: Path) -> Document:
    """Read the structure of a file alone."""
    (message,) = parse(source, source.parent, export_layers=False, limits=LIMITS)
    assert isinstance(message, Structure)
    return message.document


def pixels(path: str) -> NDArray[np.uint8]:
    """Decode a picture by Pillow."""
    with Image.open(path) as image:
        image.load()
        return np.asarray(image)


def read_wide(path: Path) -> NDArray[Any]:
    """Decode a PNG of 8 or 16 bits by OpenCV; Pillow has no 16 bits of colours."""
    image = np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
    order = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}
    if image.ndim == 2:
        return image
    return np.asarray(cv2.cvtColor(image, order[image.shape[2]]))


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    """Make an RGBA picture whose every pixel differs."""
    generator = np.random.default_rng(seed)
    return Image.fromarray(
        generator.integers(0, 256, (height, width, 4), dtype=np.uint8)
    )


def small_document(compression: Compression = Compression.RLE) -> PSDImage:
    """Make 40 × 30 pixels: a layer, and a group of two, one hidden and off canvas."""
    document = PSDImage.new("RGBA", (40, 30))
    bottom = document.create_pixel_layer(noise(40, 30), compression=compression)
    bottom.name = "背景"
    group = document.create_group(name="Group", blend_mode=BlendMode.PASS_THROUGH)
    group.create_pixel_layer(
        noise(8, 6, 1), name="one", left=-3, top=5, compression=compression
    )
    top = group.create_pixel_layer(
        noise(5, 7, 2),
        name="two",
        left=30,
        top=20,
        compression=compression,
        opacity=51,
        blend_mode=BlendMode.LINEAR_DODGE,
    )
    top.visible = False
    return document


def saved(document: PSDImage) -> bytes:
    """Return a document's bytes."""
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()
