"""Effects: laws of shapes, and what Photoshop itself made of one effect alone."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.psd.utils.file.tree import Box
from features.psd.utils.render.blend import Floats
from features.psd.utils.render.effects.glows import Glow, Satin, Shadow
from features.psd.utils.render.effects.spread import (
    edge_distance,
    softened,
    widened,
)
from features.psd.utils.render.effects.strokes import Stroke
from tests.test_psd.test_render.scenes import difference, opened

SIZE = st.integers(1, 20)
# By file and layer: the effect that stands alone there, and the box in which nothing
# but it and what is EXACT can be seen.
ALONE: list[tuple[str, str, str, Box]] = [
    ("psd__example.psb", "Layer 3 + shadow", "drop shadow", (110, 180, 360, 420)),
    ("psd-tools__masks.psb", "Rounded Rectangle 3", "drop shadow", (0, 340, 310, 690)),
    (
        "psd-tools__masks.psb",
        "Rounded Rectangle 3 copy",
        "drop shadow",
        (330, 340, 640, 690),
    ),
    ("psd.js__example.psd", "Logo_Glyph", "gradient overlay", (379, 211, 521, 390)),
    ("psd-tools__masks.psb", "divider", "gradient overlay", (39, 1241, 601, 1246)),
    ("psd-tools__masks.psb", "Rectangle 2", "stroke", (0, 96, 640, 103)),
    ("FireMonkeySt__Logo.psd", "huo", "drop shadow", (30, 81, 236, 174)),
    ("FireMonkeySt__Logo.psd", "渐变填充 2", "color overlay", (0, 33, 256, 226)),
]


def _square(side: int = 60, edge: int = 20) -> Floats:
    shape = np.zeros((side, side), np.float32)
    shape[edge : side - edge, edge : side - edge] = 1
    return shape


@pytest.mark.parametrize(
    ("file", "name", "kind", "box"),
    ALONE,
    ids=[f"{file[:10]}-{kind}-{i}" for i, (file, _, kind, _) in enumerate(ALONE)],
)
def test_looks_as_in_photoshop(
    corpus: Path, file: str, name: str, kind: str, box: Box
) -> None:
    document = opened(corpus / "psd" / file)
    left, top, right, bottom = box
    theirs = document.merged()[top:bottom, left:right]
    ours = document.render(box=box).pixels
    without = _without_effects(corpus / "psd" / file, name, box)
    # Nothing but where it changes the picture: the rest would dilute the mean.
    changed = difference(ours, without) > 0
    assert changed.sum() > 500, f"the {kind} is not in the box"
    assert difference(ours, theirs)[changed].mean() < 2
    assert difference(without, theirs)[changed].mean() > 2


def _without_effects(path: Path, name: str, box: Box) -> np.ndarray:
    document = opened(path)
    for node in document.nodes:
        if node.record.name == name:
            for key in (b"lfx2", b"lrFX", b"lmfx", b"lfxs"):
                node.record.blocks.pop(key, None)
    return document.render(box=box).pixels


def test_a_shadow_without_distance_and_size_is_the_shape() -> None:
    shadow = Shadow.of({"distance": 0, "size": 0, "angle": 30})
    assert np.array_equal(shadow.behind(_square()), _square())
    assert np.array_equal(shadow.within(_square()), 1 - _square())


@given(st.integers(0, 15), st.sampled_from([0, 90, 180, 270, 360]))
def test_light_throws_a_shadow_to_the_other_side(distance: int, angle: int) -> None:
    shadow = Shadow.of({"distance": distance, "size": 0, "angle": angle})
    right, down = {0: (-1, 0), 90: (0, 1), 180: (1, 0), 270: (0, -1)}[angle % 360]
    moved = np.roll(_square(), (down * distance, right * distance), axis=(0, 1))
    assert np.array_equal(shadow.behind(_square()), moved)


@given(SIZE)
def test_a_soft_edge_fades_over_its_size_and_no_further(size: int) -> None:
    soft = softened(_square(120, 50), size)
    assert soft.max() <= 1 + 1e-5
    rows = np.nonzero(soft.max(axis=1) > 1e-6)[0]
    assert 50 - size <= rows.min()
    assert rows.max() < 70 + size
    assert np.isclose(soft.sum(), 400, rtol=1e-3)


@given(SIZE)
def test_widening_moves_the_edge(by: int) -> None:
    wide = widened(_square(120, 50), by)
    middle = wide[60]
    assert np.nonzero(middle > 0.5)[0].tolist() == list(range(50 - by, 70 + by))


@given(st.integers(1, 254))
def test_the_edge_runs_where_coverage_says(level: int) -> None:
    cover = np.zeros((9, 30), np.float32)
    cover[:, :10], cover[:, 10] = 1, level / 255
    distance = edge_distance(cover)[4]
    expected = np.arange(30) + 0.5 - (10 + level / 255)
    assert np.abs(distance[5:20] - expected[5:20]).max() < 0.51


@given(st.integers(1, 10))
def test_an_outside_stroke_grows_the_shape_by_its_width(width: int) -> None:
    shape = _square()
    stroke = Stroke.of({"size": width, "position": "outside"})
    behind = stroke.behind(shape, stroke.distance(shape))
    columns = np.nonzero(behind[30] > 0.5)[0]
    assert (columns.min(), columns.max()) == (20 - width, 39 + width)
    assert stroke.within(stroke.distance(shape)).max() == 0


@given(st.integers(1, 9))
def test_an_inside_stroke_leaves_the_shape_as_large(width: int) -> None:
    shape = _square()
    stroke = Stroke.of({"size": width, "position": "inside"})
    distance = stroke.distance(shape)
    assert stroke.behind(shape, distance).max() == 0
    inside = np.nonzero(stroke.within(distance)[30, 20:40] < 0.5)[0]
    assert inside.tolist() == list(range(width, 20 - width))


@given(st.integers(2, 20))
def test_a_centered_stroke_lies_to_both_sides(width: int) -> None:
    assert Stroke.of({"size": width, "position": "center"}) == Stroke(
        width / 2, width / 2
    )


@given(st.integers(1, 100))
@settings(max_examples=20)
def test_a_glow_is_strongest_at_its_edge(range_: int) -> None:
    glow = Glow.of({"size": 10, "qualityRange": range_})
    around = glow.around(_square())
    assert np.all(np.diff(around[30, :20]) >= -1e-6)
    assert around[30, 30] >= around[30, 5]
    within = glow.within(_square())
    assert within[30, 20] >= within[30, 29]
    center = Glow.of({"size": 10, "qualityRange": range_, "glowSource": "center"})
    assert np.allclose(center.within(_square()), 1 - within)


def test_satin_of_no_distance_changes_nothing_but_when_inverted() -> None:
    shape = _square()
    plain = Satin.of({"distance": 0, "size": 5})
    assert plain.within(shape).max() == 0
    inverted = Satin.of({"distance": 0, "size": 5, "inverted": True})
    assert inverted.within(shape).min() == 1


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), None, "much", -5, 1e30])
def test_settings_from_a_hostile_file_are_held_to_sane_ones(wrong: object) -> None:
    hostile = {key: wrong for key in ("size", "distance", "angle", "choke", "spread")}
    assert Shadow.of(hostile).reach <= 250 + 30_000 + 2
    assert Glow.of(hostile).reach <= 252
    assert Stroke.of(hostile).reach <= 252
