"""The sample design, read back by another hand than the one that wrote it."""

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ImageCms
from psd_tools import PSDImage
from psd_tools.api.layers import Layer as PsdLayer
from psd_tools.api.layers import TypeLayer
from psd_tools.constants import BlendMode, ColorMode, Compression, Resource, Tag

from workers.demo.design import Adjustment, Design, Fill, Folder, Layer, Picture, Run
from workers.demo.flatten import flatten
from workers.demo.glyphs import STROKES
from workers.demo.lettering import SANS, SANS_BOLD
from workers.demo.page import product_page
from workers.demo.sample import DPI, write_sample_psd


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "云音 product page.psd"
    write_sample_psd(path)
    return path


@pytest.fixture(scope="module")
def psd(path: Path) -> PSDImage:
    return PSDImage.open(path)


@pytest.fixture(scope="module")
def design() -> Design:
    return product_page()


@pytest.fixture(scope="module")
def pairs(psd: PSDImage, design: Design) -> list[tuple[Layer, PsdLayer]]:
    """Each layer of the design with the one that was read back."""
    drawn = [layer for _, layer in design.walk()]
    return list(zip(drawn, _walk(psd), strict=True))


def _walk(parent: Any) -> Iterator[PsdLayer]:
    for layer in parent:
        yield layer
        if layer.is_group():
            yield from _walk(layer)


def test_the_document_is_what_a_designer_hands_over(path: Path, psd: PSDImage) -> None:
    assert (psd.width, psd.height, psd.depth, psd.channels) == (1200, 1600, 8, 3)
    assert psd.color_mode is ColorMode.RGB
    assert psd.version == 1
    assert path.stat().st_size < 6_000_000
    resolution = psd.image_resources.get_data(Resource.RESOLUTION_INFO)
    assert resolution.horizontal == resolution.vertical == DPI << 16
    profile = psd.image_resources.get_data(Resource.ICC_PROFILE)
    name = ImageCms.getProfileName(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    assert name.strip() == "sRGB built-in"


def test_it_is_the_same_every_time(path: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.psd"
    write_sample_psd(again)
    assert again.read_bytes() == path.read_bytes()


def test_it_has_something_of_everything(psd: PSDImage, design: Design) -> None:
    layers = list(psd.descendants())
    kinds = Counter(layer.kind for layer in layers)
    assert kinds == {
        "group": 23,
        "pixel": 42,
        "type": 27,
        "solidcolorfill": 1,
        "brightnesscontrast": 1,
    }
    assert max(depth for depth, _ in design.walk()) == 3
    assert sum(layer.has_mask() for layer in layers) == 5
    assert sum(layer.clipping for layer in layers) == 7
    assert sum(layer.has_effects() for layer in layers) == 9
    assert sum(not layer.visible for layer in layers) == 3
    assert {layer.blend_mode for layer in layers} == {
        BlendMode.NORMAL,
        BlendMode.PASS_THROUGH,
        BlendMode.MULTIPLY,
        BlendMode.SCREEN,
        BlendMode.OVERLAY,
        BlendMode.SOFT_LIGHT,
        BlendMode.LINEAR_DODGE,
    }
    assert len({layer.layer_id for layer in layers}) == len(layers)


def test_each_layer_reads_back_as_it_was_drawn(
    pairs: list[tuple[Layer, PsdLayer]],
) -> None:
    for drawn, read in pairs:
        assert read.name == drawn.name
        assert read.visible is drawn.visible
        assert read.opacity == drawn.opacity
        assert read.blend_mode is drawn.blend
        assert read.clipping is drawn.clipped
        assert read.is_group() is isinstance(drawn, Folder)


def test_pixels_and_masks_read_back_unchanged(
    pairs: list[tuple[Layer, PsdLayer]],
) -> None:
    for drawn, read in pairs:
        if not isinstance(drawn, Picture):
            continue
        assert (read.left, read.top, read.size) == (
            drawn.left,
            drawn.top,
            drawn.image.size,
        )
        image = read.topil(apply_icc=False)
        assert image is not None and image.mode == "RGBA"
        assert image.tobytes() == drawn.image.tobytes()
        assert read.has_mask() is (drawn.mask is not None)
        if drawn.mask is not None and read.mask is not None:
            mask = read.mask.topil()
            assert mask is not None and mask.tobytes() == drawn.mask.tobytes()
            assert read.mask.bbox == read.bbox


def test_every_channel_is_run_length_encoded(psd: PSDImage) -> None:
    assert psd._record.image_data.compression is Compression.RLE
    for layer in psd.descendants():
        if layer.has_pixels():
            assert {c.compression for c in layer._channels} == {Compression.RLE}


def test_text_reads_back_with_its_fonts_sizes_and_colours(
    pairs: list[tuple[Layer, PsdLayer]],
) -> None:
    texts = [
        (drawn, read)
        for drawn, read in pairs
        if isinstance(drawn, Picture) and drawn.runs
    ]
    assert len(texts) == 27
    for drawn, read in texts:
        assert isinstance(read, TypeLayer)
        assert read.text == drawn.text
        assert read.transform == (1, 0, 0, 1, drawn.left, drawn.baseline)
        assert set(read.font_names) == {run.font for run in drawn.runs}
        assert set(read.font_names) <= {SANS, SANS_BOLD}
        assert list(_styled(read)) == [
            pytest.approx(part, abs=1e-5)
            for run in drawn.runs
            for part in _expected(run)
        ]


def _expected(run: Run) -> Iterator[list[Any]]:
    """One entry for each character: where it is cut into pieces is no matter."""
    color = [1.0, *(part / 255 for part in run.color)]
    for _ in run.text:
        yield [run.size, *color, float(run.strikethrough)]


def _styled(layer: TypeLayer) -> Iterator[list[Any]]:
    count = 0
    for paragraph in layer.typesetting:
        for run in paragraph.runs:
            style = run.style
            for _ in run.text:
                count += 1
                if count <= len(layer.text):
                    color = style.fill_color
                    assert color is not None
                    yield [style.font_size, *color, float(style.strikethrough)]


def test_effects_and_fills_read_back(pairs: list[tuple[Layer, PsdLayer]]) -> None:
    for drawn, read in pairs:
        if isinstance(drawn, Fill):
            [color] = [read.tagged_blocks.get_data(Tag.SOLID_COLOR_SHEET_SETTING)]
            assert [value.value for value in color[b"Clr "].values()] == [
                *map(float, drawn.color)
            ]
        elif isinstance(drawn, Adjustment):
            assert isinstance(read, PsdLayer)
            settings: Any = read
            assert (settings.brightness, settings.contrast) == (12, 8)
        elif isinstance(drawn, Picture):
            _check_effects(drawn, read)


def _check_effects(drawn: Picture, read: PsdLayer) -> None:
    found = {effect.name: effect for effect in read.effects}
    expected = {"DropShadow": drawn.shadow, "Stroke": drawn.outline}
    assert set(found) == {name for name, effect in expected.items() if effect}
    if shadow := drawn.shadow:
        effect: Any = found["DropShadow"]
        assert (effect.distance, effect.size) == (shadow.distance, shadow.blur)
        assert effect.opacity == pytest.approx(shadow.opacity * 100)
        assert effect.blend_mode is BlendMode.MULTIPLY
        assert effect.enabled and effect.angle == 90
    if outline := drawn.outline:
        effect = found["Stroke"]
        assert effect.size == outline.width
        colors = [value.value for value in effect.color.values()]
        assert colors == [float(part) for part in outline.color]


def test_the_merged_picture_is_the_page(psd: PSDImage, design: Design) -> None:
    assert psd.has_preview()
    merged = psd.topil(apply_icc=False)
    assert merged is not None and merged.mode == "RGB"
    assert merged.tobytes() == flatten(design).tobytes()
    # It is a picture, not a plain colour: the hero, the button and the badge are there.
    pixels = np.asarray(merged)
    colors = [tuple(pixels[y, x]) for x, y in ((800, 760), (948, 1330), (1040, 1190))]
    assert len(set(colors)) == 3
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10_000


def test_all_chinese_that_can_be_seen_has_its_strokes(design: Design) -> None:
    seen: set[str] = set()
    for layer in design.layers:
        if layer.visible:
            part = Design(design.width, design.height, [layer])
            for _, inner in part.walk():
                if isinstance(inner, Picture):
                    seen |= {sign for sign in inner.text if ord(sign) >= 0x3000}
    assert seen == set(STROKES)
