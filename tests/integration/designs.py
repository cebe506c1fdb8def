"""PSDs made on the spot, whose parse takes long enough to be watched."""

from pathlib import Path

import numpy as np
from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import Compression


def noisy_design(path: Path, layers: int, side: int) -> Path:
    """Write a PSD of `layers` square layers with noise, which no encoder can shrink."""
    generator = np.random.default_rng(layers)
    document = PSDImage.new("RGBA", (side, side))
    for number in range(layers):
        noise = generator.integers(0, 256, (side, side, 4), dtype=np.uint8)
        layer = document.create_pixel_layer(
            Image.fromarray(noise), compression=Compression.RAW
        )
        layer.name = f"layer {number}"
    document.save(path)
    return path
