"""Colours: every mode becomes sRGB, held to formulas that are not the engine's."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms
from psd_tools.color_convert import lab_to_rgb

from features.psd.utils.file.container import ColorMode, Container, Header, ResourceId
from features.psd.utils.file.cursor import Cursor
from features.psd.utils.pixels.color import color_space
from features.psd.utils.pixels.samples import Samples, remove_white, to_samples

EMPTY = memoryview(b"")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
BYTE = st.integers(0, 255)


def _container(
    mode: ColorMode,
    depth: int = 8,
    channels: int = 3,
    palette: bytes = b"",
    **resources: bytes,
) -> Container:
    return Container(
        header=Header(False, channels, 1, 1, depth, mode),
        palette=memoryview(palette),
        resources={ResourceId[k]: memoryview(v) for k, v in resources.items()},
        layers=Cursor(EMPTY, 0, 0, "the layers", False),
        merged=EMPTY,
    )


def _convert(
    container: Container, *values: float, wide: bool = False
) -> NDArray[np.float64]:
    kinds = {8: np.uint8, 16: np.uint16 if wide else np.uint8, 32: np.float32}
    kind = kinds[container.header.depth]
    planes: list[Samples] = [np.full((1, 1), value, kind) for value in values]
    space = color_space(container, wide=wide)
    assert space.planes == len(planes)
    shown = space.convert(planes)
    assert shown.dtype == (np.uint16 if space.wide else np.uint8)
    return np.asarray(shown[0, 0], np.float64)


def test_16_bits_are_rounded_to_the_nearest_of_8() -> None:
    values = np.arange(65536, dtype=np.uint16)
    samples = to_samples(values.astype(">u2").tobytes(), 256, 256, 16)
    expected = (values.astype(np.int64) * 255 + 32767) // 65535
    assert np.array_equal(samples.reshape(-1), expected)


def test_a_set_bit_is_black() -> None:
    samples = to_samples(b"\xa0\x00", 3, 2, 1)
    assert samples.tolist() == [[0, 255, 0], [255, 255, 255]]


@given(BYTE, BYTE, BYTE)
def test_srgb_stays_as_it_is(red: int, green: int, blue: int) -> None:
    for container in (
        _container(ColorMode.RGB),
        _container(ColorMode.RGB, ICC_PROFILE=SRGB),
    ):
        assert _convert(container, red, green, blue).tolist() == [red, green, blue]


@pytest.mark.parametrize("lightness", [40, 60, 80])
@pytest.mark.parametrize("a", [-100, -15, 0, 15, 100])
@pytest.mark.parametrize("b", [-100, -15, 0, 15, 100])
def test_lab(lightness: int, a: int, b: int) -> None:
    container = _container(ColorMode.LAB)
    stored = round(lightness * 2.55), a + 128, b + 128
    expected = np.clip(lab_to_rgb(stored[0] / 2.55, a, b), 0, 1) * 255
    assert np.abs(_convert(container, *stored) - expected).max() <= 1


# SWOP's inks at full strength, as Adobe's own profile shows them.
PROCESS_INKS = {
    (0, 0, 0, 0): [255, 255, 255],
    (100, 0, 0, 0): [0, 174, 239],
    (0, 100, 0, 0): [236, 0, 140],
    (0, 0, 100, 0): [255, 242, 0],
    (0, 0, 0, 100): [35, 31, 32],
    (0, 100, 100, 0): [237, 28, 36],
    (100, 0, 100, 0): [0, 166, 81],
    (100, 100, 0, 0): [46, 49, 146],
    (100, 100, 100, 100): [0, 0, 0],
}


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(("inks", "rgb"), PROCESS_INKS.items())
def test_cmyk_without_a_profile(
    inks: tuple[int, ...], rgb: list[int], wide: bool
) -> None:
    container = _container(ColorMode.CMYK, 16 if wide else 8, channels=4)
    full = 65535 if wide else 255
    stored = [round((100 - ink) * full / 100) for ink in inks]
    shown = _convert(container, *stored, wide=wide) / (full / 255)
    assert np.abs(shown - rgb).max() <= 1
    assert color_space(container).problems == ["CMYK without a color profile"]


def test_a_profile_for_another_mode_is_told() -> None:
    container = _container(ColorMode.CMYK, channels=4, ICC_PROFILE=SRGB)
    space = color_space(container)
    assert space.problems == ["color profile", "CMYK without a color profile"]


def test_a_broken_profile_is_told() -> None:
    space = color_space(_container(ColorMode.RGB, ICC_PROFILE=b"junk"))
    assert (space.problems, space.profile_name) == (["color profile"], None)


@pytest.mark.parametrize("light", [0.0, 0.001, 0.18, 0.5, 1.0, 7.0])
def test_32_bits_hold_linear_light(light: float) -> None:
    for mode, count in ((ColorMode.RGB, 3), (ColorMode.GRAYSCALE, 1)):
        shown = _convert(_container(mode, 32, count), *[light] * count)
        clipped = min(light, 1.0)
        curved = 1.055 * clipped ** (1 / 2.4) - 0.055
        expected = clipped * 12.92 if clipped < 0.0031308 else curved
        assert np.atleast_1d(shown).tolist() == [round(expected * 255)] * count


def test_indexed_looks_up_the_palette() -> None:
    palette = bytes(range(256)) + bytes(255 - i for i in range(256)) + bytes(256)
    container = _container(ColorMode.INDEXED, channels=1, palette=palette)
    assert _convert(container, 10).tolist() == [10, 245, 0]


def test_inks_are_printed_over_each_other() -> None:
    orange = struct.pack(">H4HHB", 0, 65535, 32768, 0, 0, 100, 2)
    blue = struct.pack(">H4HHB", 2, 0, 0, 65535, 65535, 100, 2)
    info = struct.pack(">I", 1) + orange + blue
    container = _container(ColorMode.MULTICHANNEL, channels=2, DISPLAY_INFO=info)
    assert _convert(container, 255, 255).tolist() == [255, 255, 255]
    assert _convert(container, 0, 255).tolist() == [255, 128, 0]
    assert _convert(container, 255, 0).tolist() == [0, 0, 255]
    assert _convert(container, 0, 0).tolist() == [0, 0, 0]


@given(st.integers(1, 255), BYTE)
def test_white_is_taken_out(cover: int, color: int) -> None:
    """Laid over white again, the colour is the stored one."""
    stored = np.full((1, 1), round(255 - cover + color * cover / 255), np.uint8)
    alpha = np.full((1, 1), cover, np.uint8)
    clean = int(remove_white(stored, alpha)[0, 0])
    again = 255 - cover + clean * cover / 255
    assert abs(again - int(stored[0, 0])) <= 1


def test_where_nothing_covers_colors_stay() -> None:
    stored = np.array([[0, 99, 255]], np.uint8)
    clean = remove_white(stored, np.zeros((1, 3), np.uint8))
    assert clean.tolist() == [[0, 99, 255]]


def test_an_icc_profile_is_applied() -> None:
    """Held to Pillow's own conversion of a picture with the same intent."""
    swapped = bytearray(SRGB)
    names = b"rXYZ", b"gXYZ"
    first, second = (swapped.index(name) for name in names)
    swapped[first : first + 4], swapped[second : second + 4] = names[1], names[0]
    container = _container(ColorMode.RGB, ICC_PROFILE=bytes(swapped))
    shown = _convert(container, 200, 30, 60)
    assert shown.tolist() != [200, 30, 60]
    image = Image.new("RGB", (1, 1), (200, 30, 60))
    converted = ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(io.BytesIO(bytes(swapped))),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert converted is not None
    assert tuple(shown.tolist()) == converted.getpixel((0, 0))
