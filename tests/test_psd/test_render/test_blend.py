"""Blend modes: held to psd-tools' formulas, and to laws."""

from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psd_tools.composite.blend import get_blend_func
from psd_tools.constants import BlendMode

from features.psd.utils.render.blend import (
    Floats,
    as_floats,
    blend_function,
    dissolved,
)
from features.psd.utils.render.canvas import Canvas

# In Photoshop's menu, but for those that are no function of two colours.
MODES: Final = [
    mode
    for mode in BlendMode
    if mode not in (BlendMode.PASS_THROUGH, BlendMode.NORMAL, BlendMode.DISSOLVE)
]
LEVELS: Final = np.arange(0, 256, 5, dtype=np.float32) / 255
SEPARABLE: Final = {
    "multiply": lambda b, s: b * s,
    "screen": lambda b, s: 1 - (1 - b) * (1 - s),
    "linear dodge": lambda b, s: min(b + s, 1),
    "linear burn": lambda b, s: max(b + s - 1, 0),
    "linear light": lambda b, s: min(max(b + 2 * s - 1, 0), 1),
    "difference": lambda b, s: abs(b - s),
    "exclusion": lambda b, s: b + s - 2 * b * s,
    "subtract": lambda b, s: max(b - s, 0),
    "overlay": lambda b, s: 2 * b * s if b <= 0.5 else 1 - 2 * (1 - b) * (1 - s),
    "hard light": lambda b, s: 2 * b * s if s <= 0.5 else 1 - 2 * (1 - b) * (1 - s),
    "pin light": lambda b, s: min(b, 2 * s) if s <= 0.5 else max(b, 2 * s - 1),
}
PART = st.integers(0, 255).map(lambda level: level / 255)


def _name(mode: BlendMode) -> str:
    return mode.name.lower().replace("_", " ")


def _colors(seed: int) -> Floats:
    generator = np.random.default_rng(seed)
    return as_floats(generator.integers(0, 256, (64, 64, 3)) / 255)


def _pairs() -> tuple[Floats, Floats]:
    backdrop, source = np.meshgrid(LEVELS, LEVELS, indexing="ij")
    return np.repeat(backdrop[..., None], 3, 2), np.repeat(source[..., None], 3, 2)


@pytest.mark.parametrize("mode", MODES, ids=_name)
@pytest.mark.parametrize("kind", ["grays", "colors"])
def test_agrees_with_the_library(mode: BlendMode, kind: str) -> None:
    ours = blend_function(_name(mode))
    assert ours is not None
    backdrop, source = _pairs() if kind == "grays" else (_colors(1), _colors(2))
    theirs = get_blend_func(mode)(backdrop.copy(), source.copy())
    assert np.abs(ours(backdrop, source) - theirs).max() < 1 / 255


@pytest.mark.parametrize("name", sorted(SEPARABLE))
@given(PART, PART)
def test_follows_the_formula(name: str, b: float, s: float) -> None:
    function = blend_function(name)
    assert function is not None
    backdrop, source = (np.full((1, 1, 3), part, np.float32) for part in (b, s))
    expected = SEPARABLE[name](b, s)
    assert np.allclose(function(backdrop, source), expected, atol=1e-5)


@pytest.mark.parametrize("mode", MODES, ids=_name)
def test_stays_within_range_and_changes_no_operand(mode: BlendMode) -> None:
    function = blend_function(_name(mode))
    assert function is not None
    backdrop, source = _pairs()
    before = backdrop.copy(), source.copy()
    blended = function(backdrop, source)
    assert blended.min() >= -1e-6
    assert blended.max() <= 1 + 1e-6
    assert np.array_equal(backdrop, before[0])
    assert np.array_equal(source, before[1])


def test_normal_and_what_is_unknown_have_no_formula() -> None:
    assert [blend_function(mode) for mode in ("normal", "dissolve", "?")] == [None] * 3


@given(PART, st.integers(0, 1000), st.integers(-1000, 1000))
def test_dissolve_depends_on_the_place_alone(cover: float, left: int, top: int) -> None:
    alpha = np.full((64, 64), cover, np.float32)
    dots = dissolved(alpha, left, top)
    assert set(np.unique(dots)) <= {0, 1}
    assert abs(dots.mean() - cover) < 0.08
    again = dissolved(alpha[8:, 4:], left + 4, top + 8)
    assert np.array_equal(dots[8:, 4:], again)


@given(PART, PART, PART, PART)
def test_painting_is_the_formula_of_alpha_compositing(
    below: float, alpha: float, above: float, cover: float
) -> None:
    canvas = Canvas.empty((0, 0, 1, 1))
    shape = np.ones((1, 1), np.float32)
    canvas.paint(np.full((1, 1, 3), below, np.float32), shape * alpha, "normal")
    canvas.paint(np.full((1, 1, 3), above, np.float32), shape * cover, "multiply")
    total = alpha + cover - alpha * cover
    blended = (1 - alpha) * above + alpha * above * below
    expected = (1 - cover) * alpha * below + cover * blended
    assert np.allclose(canvas.alpha, total, atol=1e-5)
    assert np.allclose(canvas.color, expected, atol=1e-5)


@given(PART, PART)
def test_text_is_mixed_between_its_two_colors(below: float, cover: float) -> None:
    canvas = Canvas.filled((0, 0, 1, 1), np.full((1, 1, 3), below, np.float32))
    black = np.zeros((1, 1, 3), np.float32)
    canvas.paint(black, np.full((1, 1), cover, np.float32), "normal", as_text=True)
    # What is mixed is light, which leaves more of the brighter one (near black, where
    # sRGB's curve is straight, a trace less).
    assert (1 - cover) * below - 8e-3 <= canvas.color.min() <= below + 1e-5
    if cover in (0, 1):
        assert np.allclose(canvas.color, (1 - cover) * below)
