"""16 bits: nothing is lost where nothing is converted, else LittleCMS is exact."""

import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms
from psd_tools import PSDImage
from psd_tools.color_convert import lab_to_rgb

from features.psd.utils import Structure, parse
from features.psd.utils.pictures.png import PngWriter
from features.psd.utils.pixels.linear import from_linear
from features.psd.utils.pixels.profiles import (
    Profile,
    lab_profile,
    open_profile,
    to_srgb,
)
from features.psd.utils.pixels.samples import narrow, remove_white, to_samples
from tests.test_psd.documents import LIMITS, read_wide, run

PLANES = {"L": 1, "RGB": 3, "CMYK": 4}
# Pillow's name of LittleCMS' flag for transforms without its shortcuts.
EXACT = ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.NOOPTIMIZE


def _profile(corpus: Path, mode: str) -> Profile:
    files = {
        "L": "PhotoshopAPI__Grayscale_16.psb",
        "RGB": "OpenImageIO-__psd_rgb_16_rle.psd",
        "CMYK": "PhotoshopAPI__CMYK_16.psb",
    }
    document = PSDImage.open(corpus / "psd" / files[mode])
    profile = open_profile(document.image_resources.get_data(1039))
    assert profile is not None
    return profile


def _pixels(mode: str) -> NDArray[np.uint8]:
    generator = np.random.default_rng(len(mode))
    pixels = generator.integers(0, 256, (128, 128, PLANES[mode]), dtype=np.uint8)
    return pixels[..., 0] if mode == "L" else pixels


@pytest.mark.parametrize("mode", PLANES)
def test_held_to_the_8_bit_transform(corpus: Path, mode: str) -> None:
    profile, stored = _profile(corpus, mode), _pixels(mode)
    transform = to_srgb(profile, mode, wide=True)
    assert transform is not None
    shown = transform(stored.astype(np.uint16) * 257) / 257
    image = Image.frombytes(mode, (128, 128), stored.tobytes())
    exact = ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(io.BytesIO(profile.packed)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=EXACT,
    )
    assert exact is not None
    assert np.abs(shown - np.asarray(exact)).max() <= 1
    narrower = to_srgb(profile, mode)
    assert narrower is not None
    # The 8 bit transform takes shortcuts, which cost it where colours are clipped.
    assert np.abs(shown - narrower(stored)).mean() < 0.5


def test_steps_below_those_of_8_bits_are_told_apart(corpus: Path) -> None:
    for mode, planes in PLANES.items():
        ramp = np.arange(30_000, 30_256, dtype=np.uint16).reshape(1, 256, 1)
        stored = np.repeat(ramp, planes, axis=2)
        transform = to_srgb(_profile(corpus, mode), mode, wide=True)
        assert transform is not None
        shown = transform(stored[..., 0] if planes == 1 else stored)[0, :, 1]
        assert len(np.unique(shown)) > 40
        assert len(np.unique(narrow(shown))) <= 3


@given(st.integers(0, 100), st.integers(-120, 120), st.integers(-120, 120))
def test_lab(lightness: int, a: int, b: int) -> None:
    stored = [round(lightness * 655.35), (a + 128) * 257, (b + 128) * 257]
    transform = to_srgb(lab_profile(), "LAB", wide=True)
    assert transform is not None
    shown = transform(np.array([[stored]], np.uint16))[0, 0] / 257
    expected = np.clip(lab_to_rgb(lightness, a, b), 0, 1) * 255
    assert np.abs(shown - expected).max() < 0.5


@given(st.floats(-1, 3, width=32))
def test_linear_light(light: float) -> None:
    clipped = min(max(light, 0.0), 1.0)
    curved = 1.055 * clipped ** (1 / 2.4) - 0.055
    expected = clipped * 12.92 if clipped < 0.0031308 else curved
    convert = from_linear(None, wide=True)
    shown = convert([np.full((1, 1), light, np.float32)])
    assert shown.dtype == np.uint16
    assert abs(int(shown[0, 0]) - expected * 65535) <= 1


def test_samples_stay_as_they_are() -> None:
    values = np.arange(65536, dtype=np.uint16)
    samples = to_samples(values.astype(">u2").tobytes(), 256, 256, 16, wide=True)
    assert np.array_equal(samples.reshape(-1), values)


@given(st.integers(1, 65535), st.integers(0, 65535))
def test_white_is_taken_out(cover: int, color: int) -> None:
    """Laid over white again, the colour is the stored one."""
    stored = np.full((1, 1), round(65535 - cover + color * cover / 65535), np.uint16)
    clean = remove_white(stored, np.full((1, 1), cover, np.uint16))
    assert clean.dtype == np.uint16
    again = 65535 - cover + int(clean[0, 0]) * cover / 65535
    assert abs(again - int(stored[0, 0])) <= 1


@given(
    st.integers(1, 70),
    st.integers(1, 40),
    st.sampled_from([1, 3, 4]),
    st.integers(1, 15),
)
@settings(deadline=None)
def test_png_is_lossless(width: int, height: int, channels: int, step: int) -> None:
    generator = np.random.default_rng(width * height)
    shape = (height, width) if channels == 1 else (height, width, channels)
    image = generator.integers(0, 65536, shape, dtype=np.uint16)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "image.png")
        with PngWriter(path, width, height) as png:
            for top in range(0, height, step):
                png.write(image[top : top + step])
            png.finish()
        assert np.array_equal(read_wide(path), image)


def _exported(source: Path, out: Path) -> dict[str, NDArray[Any]]:
    messages = parse(source, out, export_layers=True, limits=LIMITS, wide=True)
    assert [type(message) for message in messages][0] is Structure
    return {path.stem: read_wide(path) for path in out.glob("*.png")}


def test_the_merged_image_holds_the_stored_samples(
    corpus: Path, tmp_path: Path
) -> None:
    """Untagged, so that nothing is converted."""
    document = PSDImage.open(corpus / "psd" / "OpenImageIO-__psd_rgb_16_rle.psd")
    del document.image_resources[1039]
    document.save(tmp_path / "untagged.psd")
    stored = np.frombuffer(b"".join(_planes(document)), ">u2")
    expected = stored.reshape(3, document.height, document.width).transpose(1, 2, 0)
    assert int(expected.max()) == 65535
    shown = _exported(tmp_path / "untagged.psd", tmp_path)["flattened"]
    assert shown.dtype == np.uint16
    assert np.array_equal(shown, expected)


def _planes(document: PSDImage) -> list[bytes]:
    record = document._record
    planes = record.image_data.get_data(record.header)
    assert isinstance(planes, list)
    return planes


@pytest.mark.parametrize(
    ("name", "depth"),
    [
        ("PhotoshopAPI__CMYK_16.psb", np.uint16),
        ("PhotoshopAPI__Grayscale_16.psb", np.uint16),
        ("PhotoshopAPI__Grayscale_32.psb", np.uint16),
        ("PhotoshopAPI__Groups_32bit.psb", np.uint16),
        ("kimageformat__mch3-16bits.psb", np.uint16),
        ("psd-tools__4x4_16bit_lab.psd", np.uint16),
        ("psd-tools__4x4_8bit_lab.psd", np.uint8),
        ("ag-psd__bitmap_src.psd", np.uint8),
        ("ag-psd__indexed_src.psd", np.uint8),
    ],
)
def test_all_pictures_have_the_documents_depth(
    corpus: Path, tmp_path: Path, name: str, depth: type
) -> None:
    """And look as those of 8 bits, which lose most where Lab is near black."""
    narrower, wider = tmp_path / "8", tmp_path / "16"
    narrower.mkdir()
    wider.mkdir()
    pictures = _exported(corpus / "psd" / name, wider)
    run(corpus / "psd" / name, narrower)
    assert sorted(pictures) == sorted(path.stem for path in narrower.glob("*.png"))
    for stem, picture in pictures.items():
        assert picture.dtype == depth
        small = read_wide(narrower / f"{stem}.png").astype(float)
        shown = picture / (257 if depth is np.uint16 else 1)
        assert shown.shape == small.shape
        assert np.abs(shown - small).mean() < 1.5, stem
        assert not list(wider.glob("*-preview.png"))
