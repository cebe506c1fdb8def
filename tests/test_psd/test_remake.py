"""Previews made again from stored images: the same, band by band, whatever is wrong."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from features.psd.utils.pictures import png_reader
from features.psd.utils.pictures.png import PngWriter
from features.psd.utils.pictures.png_reader import PngReader
from features.psd.utils.pictures.preview import Reducer, write_preview
from features.psd.utils.pictures.remake import remake_previews
from features.psd.utils.pixels.samples import Pixels, narrow


def _noise(width: int, height: int, channels: int, bits: int) -> Pixels:
    generator = np.random.default_rng(width * height)
    shape = (height, width) if channels == 1 else (height, width, channels)
    if bits == 16:
        return generator.integers(0, 1 << 16, shape, dtype=np.uint16)
    return generator.integers(0, 1 << 8, shape, dtype=np.uint8)


def _write(path: Path, image: Pixels, step: int) -> float:
    with PngWriter(path, image.shape[1], image.shape[0]) as png:
        for top in range(0, len(image), step):
            png.write(image[top : top + step])
        png.finish()
    return png.ratio


@given(
    st.integers(1, 70),
    st.integers(1, 40),
    st.sampled_from([1, 3, 4]),
    st.sampled_from([8, 16]),
    st.integers(1, 15),
    st.integers(1, 9),
    st.integers(1, 3000),
)
@settings(deadline=None)
def test_what_was_written_is_read(
    width: int,
    height: int,
    channels: int,
    bits: int,
    step: int,
    multiple: int,
    band_bytes: int,
) -> None:
    image = _noise(width, height, channels, bits)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(png_reader, "_BAND_BYTES", band_bytes)
        path = Path(folder, "image.png")
        _write(path, image, step)
        with PngReader(path) as png:
            assert png.nbytes == image.nbytes
            bands = list(png.bands(multiple))
        if channels == 1 or bits == 8:
            with Image.open(path) as decoded:
                assert np.array_equal(np.asarray(decoded), image)
    assert all(len(band) % multiple == 0 for band in bands[:-1])
    assert {band.dtype for band in bands} == {image.dtype}
    assert np.array_equal(np.concatenate(bands), image)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("size", [(300, 512), (1543, 700), (3101, 2087), (700, 4097)])
def test_a_preview_made_again_is_the_first(
    tmp_path: Path, size: tuple[int, int], channels: int, bits: int
) -> None:
    """However the picture was cut in bands when it was written."""
    image = _noise(*size, channels, bits)
    reducer = Reducer(*size)
    step = reducer.factor * 7
    for top in range(0, size[1], step):
        reducer.add(narrow(image[top : top + step]))
    ratio = _write(tmp_path / "image.png", image, step)
    first = write_preview(tmp_path / "first", reducer.picture(), ratio=ratio)
    (remade,) = remake_previews([tmp_path / "image.png"], tmp_path)
    assert remade.preview is not None
    assert Path(remade.preview.path).read_bytes() == Path(first.path).read_bytes()
    assert (remade.preview.width, remade.preview.height) == (first.width, first.height)


def test_what_cannot_be_read_holds_up_nothing(tmp_path: Path) -> None:
    good = tmp_path / "good.png"
    image = _noise(60, 40, 4, 8)
    _write(good, image, 40)
    data = good.read_bytes()
    bad = {
        "short": data[: len(data) // 2],
        "cut": data[:20],
        "other": b"GIF89a" * 20,
        "ended": data[:46] + data[-12:],
        "damaged": data[:60] + b"\xff" * 40 + data[100:],
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    paths = [tmp_path / name for name in bad]
    made = list(remake_previews([tmp_path / "gone", *paths, good], tmp_path))
    assert [one.index for one in made] == list(range(7))
    assert [one.preview is None for one in made] == [True] * 6 + [False]


def test_a_filter_that_is_not_written_here_is_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(path)
    with PngReader(path) as png, pytest.raises(ValueError, match="another filter"):
        list(png.bands())
