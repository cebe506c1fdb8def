"""Composing: laws on small documents, and what hostile ones come to."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import BlendMode

from core.errors import ErrorCode
from features.psd.exceptions import PsdError
from features.psd.utils.render import compositor
from tests.test_psd.documents import noise, saved, small_document
from tests.test_psd.test_render.scenes import Opened, difference, opened

WIDTH, HEIGHT = 40, 30


def _document(draw: Callable[[PSDImage], object]) -> Opened:
    document = PSDImage.new("RGBA", (WIDTH, HEIGHT))
    draw(document)
    return opened(saved(document))


def _plain(color: tuple[int, int, int, int], width: int = WIDTH) -> Image.Image:
    return Image.new("RGBA", (width, HEIGHT), color)


def _center(document: Opened) -> list[int]:
    pixel: list[int] = document.render().pixels[15, 10].tolist()
    return pixel


def test_one_opaque_layer_is_its_pixels() -> None:
    picture = noise(WIDTH, HEIGHT).convert("RGB").convert("RGBA")
    document = _document(lambda psd: psd.create_pixel_layer(picture))
    assert np.array_equal(document.render().pixels, np.asarray(picture))


def test_what_is_hidden_is_not_drawn() -> None:
    def draw(psd: PSDImage) -> None:
        group = psd.create_group(name="hidden")
        group.create_pixel_layer(_plain((255, 0, 0, 255)))
        group.visible = False

    assert _document(draw).render().pixels.max() == 0


def test_chosen_layers_are_drawn_even_if_hidden() -> None:
    document = opened(saved(small_document()))
    two = document.named("two")
    assert not two.record.visible
    drawn = document.render([two.index]).pixels
    assert drawn[20:27, 30:35, 3].max() > 0
    drawn[20:27, 30:35] = 0
    assert drawn.max() == 0


@pytest.mark.parametrize("isolated", [False, True])
def test_a_group_passes_through_or_stands_for_itself(isolated: bool) -> None:
    def draw(psd: PSDImage) -> None:
        psd.create_pixel_layer(_plain((200, 100, 50, 255)))
        mode = BlendMode.NORMAL if isolated else BlendMode.PASS_THROUGH
        group = psd.create_group(name="group", blend_mode=mode)
        group.create_pixel_layer(
            _plain((128, 128, 128, 255)), blend_mode=BlendMode.MULTIPLY
        )

    expected = [128] * 3 if isolated else [100, 50, 25]
    assert _center(_document(draw))[:3] == expected


@pytest.mark.parametrize("mode", [BlendMode.NORMAL, BlendMode.PASS_THROUGH])
def test_a_groups_opacity_fades_all_that_is_in_it(mode: BlendMode) -> None:
    def draw(psd: PSDImage) -> None:
        psd.create_pixel_layer(_plain((0, 0, 0, 255)))
        group = psd.create_group(name="group", blend_mode=mode, opacity=51)
        for _ in range(2):
            group.create_pixel_layer(_plain((255, 255, 255, 255)))

    assert _center(_document(draw)) == [51, 51, 51, 255]


def test_what_is_clipped_shows_on_its_base_alone() -> None:
    def draw(psd: PSDImage) -> None:
        psd.create_pixel_layer(_plain((10, 20, 30, 255)))
        psd.create_pixel_layer(_plain((0, 0, 255, 128), 20))
        top = psd.create_pixel_layer(_plain((255, 0, 0, 255)))
        top.clipping = True

    pixels = _document(draw).render().pixels
    assert pixels[15, 30].tolist() == [10, 20, 30, 255]
    assert pixels[15, 10].tolist() == [133, 10, 15, 255]


def test_strips_leave_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    document = opened(saved(small_document()))
    whole = document.render().pixels
    monkeypatch.setattr(compositor, "_OPEN_PIXELS", 1)
    monkeypatch.setattr(compositor, "_LEAST_ROWS", 1)
    assert np.array_equal(document.render().pixels, whole)


@pytest.mark.parametrize("name", ["psd__example.psb", "psd-tools__masks.psb"])
def test_effects_go_on_from_strip_to_strip(
    corpus: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = opened(corpus / "psd" / name)
    box = (0, 90, 320, 260)
    whole = document.render(box=box).pixels
    monkeypatch.setattr(compositor, "_OPEN_PIXELS", 1)
    monkeypatch.setattr(compositor, "_LEAST_ROWS", 37)
    assert difference(document.render(box=box).pixels, whole).max() <= 1


def test_a_box_beyond_the_canvas_is_transparent_there() -> None:
    document = _document(lambda psd: psd.create_pixel_layer(_plain((1, 2, 3, 255))))
    rendering = document.render(box=(-5, -5, WIDTH + 5, HEIGHT + 5))
    assert (rendering.left, rendering.top) == (-5, -5)
    assert rendering.pixels.shape == (HEIGHT + 10, WIDTH + 10, 4)
    assert rendering.pixels[:5].max() == 0
    assert rendering.pixels[5:-5, 5:-5].min() == 1


@pytest.mark.parametrize("scale", [0.1, 0.5, 1.0, 2.0])
def test_a_scale_keeps_the_colors(scale: float) -> None:
    document = _document(lambda psd: psd.create_pixel_layer(_plain((10, 200, 30, 128))))
    pixels = document.render(scale=scale).pixels
    assert pixels.shape == (round(HEIGHT * scale), round(WIDTH * scale), 4)
    assert np.abs(pixels.astype(int) - [10, 200, 30, 128]).max() <= 2


def test_too_large_a_picture_is_refused() -> None:
    document = _document(lambda psd: psd.create_pixel_layer(_plain((1, 2, 3, 255))))
    with pytest.raises(PsdError) as error:
        document.render(scale=1000)
    assert error.value.code == ErrorCode.LIMIT_EXCEEDED
    assert error.value.message == (
        "This picture would have 40000 × 30000 pixels, and 134217728 are allowed. "
        "Ask for a smaller scale."
    )


def test_groups_nest_a_hundred_levels() -> None:
    def draw(psd: PSDImage) -> None:
        group = psd.create_group(name="0", blend_mode=BlendMode.NORMAL)
        for level in range(1, 99):
            group = group.create_group(name=str(level), blend_mode=BlendMode.NORMAL)
        group.create_pixel_layer(_plain((9, 8, 7, 255)))

    assert _center(_document(draw)) == [9, 8, 7, 255]


def test_damaged_pixels_leave_the_others_and_are_named() -> None:
    document = _document(lambda psd: _two(psd))
    record = document.nodes[1].record
    record.channels[0] = record.channels[0][:10]
    rendering = document.render()
    assert rendering.approximations == ["damaged pixels"]
    assert rendering.pixels[15, 10].tolist() == [1, 2, 3, 255]


def _two(psd: PSDImage) -> None:
    psd.create_pixel_layer(_plain((1, 2, 3, 255)))
    psd.create_pixel_layer(_plain((4, 5, 6, 255)))


def test_an_empty_document_is_transparent() -> None:
    document = _document(lambda psd: None)
    rendering = document.render()
    assert rendering.pixels.shape == (HEIGHT, WIDTH, 4)
    assert rendering.pixels.max() == 0
    assert rendering.approximations == []


def test_the_same_document_is_composed_the_same() -> None:
    data = saved(small_document())
    first, second = opened(data).render(), opened(data).render()
    assert np.array_equal(first.pixels, second.pixels)
