"""Pixels of exports: scaled by what they cover, trimmed, padded, on a background."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.psd.utils.exporting import Options
from features.psd.utils.exporting.geometry import geometry_of
from features.psd.utils.exporting.pixels import in_color, shaped, trimmed
from features.psd.utils.pixels.samples import Bytes8
from tests.test_psd.documents import noise

RED, GREEN = (255, 0, 0), (0, 255, 0)


def _shaped(pixels: Bytes8, scale: float = 1.0, **options: object) -> Bytes8:
    asked = Options(**options)  # type: ignore[arg-type]
    size = pixels.shape[1], pixels.shape[0]
    return shaped(pixels, geometry_of(size, asked, scale), asked.ground)


def _plain(width: int, height: int, color: tuple[int, ...]) -> Bytes8:
    return np.full((height, width, len(color)), color, np.uint8)


def test_scale_1_changes_nothing() -> None:
    pixels = np.asarray(noise(40, 30), np.uint8)
    assert np.array_equal(_shaped(pixels), pixels)


@pytest.mark.parametrize("scale", [0.25, 0.5, 0.75, 1.5, 2.0, 4.0])
def test_hidden_colors_do_not_bleed_in(scale: float) -> None:
    pixels = _plain(16, 16, (*GREEN, 0))
    pixels[:, 8:] = (*RED, 255)
    scaled = _shaped(pixels, scale)
    shown = scaled[scaled[..., 3] > 0]
    assert (shown[:, 0] == 255).all() and not shown[:, 1:3].any()
    assert scaled[0, -1].tolist() == [*RED, 255]
    assert scaled[0, 0, 3] == 0


def test_faint_colors_stay_what_they_are() -> None:
    pixels = _plain(8, 8, (100, 150, 201, 1))
    for scale in (0.5, 2.0):
        assert (_shaped(pixels, scale) == (100, 150, 201, 1)).all()


def test_halving_averages_what_is_covered() -> None:
    pixels = np.array([[[255, 0, 0, 255], [0, 0, 255, 85]]] * 2, np.uint8)
    # 255 and 85 of coverage: three quarters red, one quarter blue, and 170 in all.
    assert _shaped(pixels, 0.5).tolist() == [[[191, 0, 64, 170]]]


@given(st.tuples(*[st.integers(0, 255)] * 3), st.integers(1, 255), st.floats(0.1, 4))
def test_one_color_stays_that_color(
    color: tuple[int, ...], alpha: int, scale: float
) -> None:
    scaled = _shaped(_plain(9, 7, (*color, alpha)), scale)
    assert (scaled == (*color, alpha)).all()


def test_opaque_pictures_are_scaled_as_they_are() -> None:
    pixels = _plain(2, 2, RED)
    assert _shaped(pixels, 3.0).shape == (6, 6, 3)
    assert (_shaped(pixels, 3.0) == RED).all()


def test_transparent_borders_are_cut() -> None:
    pixels = _plain(10, 8, (*GREEN, 0))
    pixels[2:5, 3:9] = (*RED, 1)
    cut = trimmed(pixels)
    assert cut is not None and cut.shape == (3, 6, 4)
    assert (cut == (*RED, 1)).all()
    assert trimmed(_plain(3, 3, (*RED, 0))) is None
    opaque = _plain(3, 3, RED)
    assert trimmed(opaque) is opaque


@pytest.mark.parametrize("color", [RED, (*RED, 255), (*RED, 9)])
def test_padding_is_transparent(color: tuple[int, ...]) -> None:
    padded = _shaped(_plain(4, 3, color), 2.0, padding=1)
    assert padded.shape == (10, 12, 4)
    inner = padded[2:-2, 2:-2]
    assert (inner == (*RED, color[3] if len(color) > 3 else 255)).all()
    assert padded[..., 3].sum() == inner[..., 3].sum()


def test_a_background_lies_behind_and_around() -> None:
    pixels = _plain(1, 1, (*RED, 51))
    padded = _shaped(pixels, padding=1, background="#00FF00")
    assert padded.shape == (3, 3, 3)
    assert padded[1, 1].tolist() == [51, 204, 0]
    around = np.delete(padded.reshape(9, 3), 4, axis=0)
    assert (around == GREEN).all()


def test_jpegs_lie_on_white() -> None:
    assert _shaped(_plain(1, 1, (*RED, 51)), format="JPEG").tolist() == [
        [[255, 204, 204]]
    ]


def test_covering_keeps_the_middle() -> None:
    pixels = _plain(3, 1, RED)
    pixels[0, 1] = GREEN
    cover = _shaped(pixels, width=1, height=1, fit="COVER")
    assert cover.tolist() == [[list(GREEN)]]


def test_gray_and_opaque_pictures_become_rgb() -> None:
    gray = np.full((2, 3), 7, np.uint8)
    assert in_color(gray).tolist() == [[[7, 7, 7]] * 3] * 2
    assert in_color(_plain(2, 2, (*RED, 255))).shape == (2, 2, 3)
    assert in_color(_plain(2, 2, (*RED, 254))).shape == (2, 2, 4)
