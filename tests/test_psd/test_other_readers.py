"""The merged image of each corpus file, held to how another reader shows it."""

from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from psd_tools import PSDImage
from psd_tools.color_convert import lab_to_rgb

from features.psd.utils import FlattenedExported, parse
from tests.test_psd.documents import LIMITS
from tests.test_psd.outcomes import EXPECTED

# Mean difference in levels, where it is above a twentieth of one: psd-tools takes
# profiles by their default intent, and LittleCMS' coarse grid for CMYK.
DIFFERENCE: Final = {
    "Magick.NET__layer-styles-sample.psd": 0.2,
    "PhotoshopAPI__CMYK_16.psb": 1,
    "PhotoshopAPI__Grayscale_16.psb": 0.5,
    "psd-tools__300dpi.psb": 0.2,
    "psd__blue-red-1x1-overlay.psd": 2,
}
# Where it is wrong or has nothing; what holds these to something else is in brackets.
OTHERWISE: Final = {
    # It rounds linear light to 8 bits first (Photoshop's thumbnail).
    "PhotoshopAPI__Grayscale_32.psb",
    # It takes untagged CMYK by a formula (known inks, Photoshop's thumbnail below).
    "TwelveMonkey__fruit-cmyk-MeSa-resource.psd",
    # There is no merged image (nothing).
    "ag-psd__src.psb",
    # Nor here (Photoshop's thumbnail).
    "psd.rb__example-nocompat.psd",
    # It shows the first three inks as RGB (Photoshop's thumbnail).
    "kimageformat__mch3-16bits.psb",
    "kimageformat__mch3-8bits.psb",
    # It shows Lab's numbers as if they were RGB (the formula of CIE 1976).
    "psd-tools__4x4_16bit_lab.psd",
    "psd-tools__4x4_8bit_lab.psd",
}
SHOWN: Final = [
    name
    for name, outcome in EXPECTED.items()
    if isinstance(outcome, int) and name not in OTHERWISE
]


def _flattened(source: Path, out: Path) -> Image.Image:
    messages = parse(source, out, export_layers=True, limits=LIMITS)
    _, flattened = islice(messages, 2)
    assert isinstance(flattened, FlattenedExported)
    with Image.open(flattened.image.path) as image:
        return image.convert("RGBA")


def _on_white(image: Image.Image) -> NDArray[Any]:
    pixels = np.asarray(image.convert("RGBA"), np.float64)
    cover = pixels[..., 3:] / 255
    return pixels[..., :3] * cover + 255 * (1 - cover)


@pytest.mark.parametrize("name", SHOWN)
def test_flattened_is_what_psd_tools_shows(
    corpus: Path, tmp_path: Path, name: str
) -> None:
    source = corpus / "psd" / name
    ours = _flattened(source, tmp_path)
    theirs = PSDImage.open(source).topil()
    assert theirs is not None
    assert ours.size == theirs.size
    difference = np.abs(_on_white(ours) - _on_white(theirs)).mean()
    assert difference <= DIFFERENCE.get(name, 0.05)
    cover = np.asarray(ours.getchannel("A"))
    assert np.array_equal(cover, np.asarray(theirs.convert("RGBA").getchannel("A")))


def test_untagged_cmyk_looks_as_in_photoshop(corpus: Path, tmp_path: Path) -> None:
    """By average colour; the formula in use before was 8 to 24 levels off."""
    source = corpus / "psd" / "TwelveMonkey__fruit-cmyk-MeSa-resource.psd"
    thumbnail = PSDImage.open(source).thumbnail()
    assert thumbnail is not None
    shown = _on_white(_flattened(source, tmp_path)).mean(axis=(0, 1))
    photoshop = np.asarray(thumbnail.convert("RGB"), np.float64).mean(axis=(0, 1))
    assert np.abs(shown - photoshop).max() < 2.5


@pytest.mark.parametrize("bits", [8, 16])
def test_lab_follows_its_formula(corpus: Path, tmp_path: Path, bits: int) -> None:
    source = corpus / "psd" / f"psd-tools__4x4_{bits}bit_lab.psd"
    document = PSDImage.open(source)
    stored = document.numpy()
    assert stored is not None
    scale = np.array([100, 255, 255]), np.array([0, 128, 128])
    lab = (stored[..., :3] * scale[0] - scale[1]).reshape(-1, 3)
    expected = np.array([np.clip(lab_to_rgb(*one), 0, 1) for one in lab]) * 255
    shown = _on_white(_flattened(source, tmp_path)).reshape(-1, 3)
    # Rounding Lab to 8 bits moves its darkest colours most.
    assert np.abs(shown - expected).max() <= (1 if bits == 8 else 10)
