"""Writing pictures: PNG is lossless whatever the bands, previews are small and true."""

import hashlib
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from features.psd.utils.pictures.png import PngWriter
from features.psd.utils.pictures.preview import Reducer, write_preview
from features.psd.utils.pixels.samples import Bytes8


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
    image = generator.integers(0, 256, shape, dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "image.png")
        with PngWriter(path, width, height) as png:
            for top in range(0, height, step):
                png.write(image[top : top + step])
            picture = png.finish()
        data = path.read_bytes()
        with Image.open(path) as decoded:
            decoded.load()
            assert decoded.mode == {1: "L", 3: "RGB", 4: "RGBA"}[channels]
            assert np.array_equal(np.asarray(decoded), image)
    assert picture.size == len(data)
    assert picture.sha256 == hashlib.sha256(data).hexdigest()


def test_an_unfinished_png_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    with pytest.raises(KeyError), PngWriter(path, 2, 2) as png:
        png.write(np.zeros((1, 2), np.uint8))
        raise KeyError
    assert not path.exists()


def _reduced(image: Bytes8) -> Bytes8:
    height, width = image.shape[:2]
    reducer = Reducer(width, height)
    step = reducer.factor * 7
    for top in range(0, height, step):
        reducer.add(image[top : top + step])
    return reducer.picture()


@given(st.integers(1, 3000), st.integers(1, 3000))
@settings(max_examples=30, deadline=None)
def test_previews_keep_the_shape(width: int, height: int) -> None:
    rows, columns = _reduced(np.zeros((height, width), np.uint8)).shape
    longest = max(width, height)
    assert max(rows, columns) == min(longest, 512)
    scale = max(rows, columns) / longest
    assert abs(columns - width * scale) <= 1
    assert abs(rows - height * scale) <= 1


def test_small_pictures_are_not_touched() -> None:
    image = np.random.default_rng(1).integers(0, 256, (300, 512, 4), dtype=np.uint8)
    assert np.array_equal(_reduced(image), image)


def test_hidden_colors_do_not_bleed() -> None:
    """Red shown beside green that is transparent stays red at the edge."""
    image = np.zeros((1200, 1200, 4), np.uint8)
    image[:, :601] = (255, 0, 0, 255)
    image[:, 601:] = (0, 255, 0, 0)
    small = _reduced(image).astype(int)
    shown = small[small[..., 3] > 8]
    assert shown[:, 0].min() >= 250
    assert shown[:, 1].max() <= 5


def test_previews_look_like_the_picture() -> None:
    ramp = np.linspace(0, 255, 2048).astype(np.uint8)
    image = np.stack([np.tile(ramp, (1024, 1))] * 3, axis=-1)
    small = _reduced(image)
    assert small.shape == (256, 512, 3)
    expected = np.linspace(0, 255, 512)
    assert np.abs(small[100, :, 1] - expected).max() <= 2


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (1, 1, 4), (512, 1, 4)])
def test_previews_are_webp_however_tiny(tmp_path: Path, shape: tuple[int, ...]) -> None:
    small = np.full(shape, 255, np.uint8)
    preview = write_preview(tmp_path / "preview", small, ratio=1)
    assert preview.content_type == "image/webp"
    assert preview.path == str(tmp_path / "preview.webp")
    with Image.open(preview.path) as image:
        assert image.size == (shape[1], shape[0])


@pytest.mark.parametrize(("ratio", "is_exact"), [(9, True), (7, False)])
def test_previews_of_flat_pictures_lose_nothing(
    tmp_path: Path, ratio: float, is_exact: bool
) -> None:
    """Flat is what PNG packs to less than an eighth."""
    small = np.random.default_rng(2).integers(0, 256, (128, 128, 4), dtype=np.uint8)
    preview = write_preview(tmp_path / "preview", small, ratio=ratio)
    with Image.open(preview.path) as image:
        assert np.array_equal(np.asarray(image), small) is is_exact
