"""Where a file embeds no picture of the whole document, one is composed, and told so."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from psd_tools import PSDImage

from features.psd.utils import FlattenedExported
from tests.test_psd.documents import noise, pixels, run, saved
from tests.test_psd.outcomes import EXPECTED
from tests.test_psd.test_render.scenes import opened, over_white

PARSED = [name for name, outcome in EXPECTED.items() if isinstance(outcome, int)]
WITHOUT = {"ag-psd__src.psb", "psd.rb__example-nocompat.psd"}


def _flattened(source: Path, out: Path) -> FlattenedExported:
    (found,) = (
        message
        for message in run(source, out)
        if isinstance(message, FlattenedExported)
    )
    return found


@pytest.mark.parametrize("name", PARSED)
def test_only_what_is_missing_is_composed(
    corpus: Path, tmp_path: Path, name: str
) -> None:
    flattened = _flattened(corpus / "psd" / name, tmp_path)
    assert flattened.composed == (name in WITHOUT)


def test_a_blank_merged_image_is_none(tmp_path: Path) -> None:
    document = PSDImage.new("RGB", (40, 30))
    picture = noise(40, 30).convert("RGB").convert("RGBA")
    document.create_pixel_layer(picture)
    source = tmp_path / "blank.psd"
    data = saved(document)
    container = opened(data).container
    assert container.has_merged_image
    head = data[: len(data) - len(container.merged)]
    source.write_bytes(head + bytes(2) + b"\xff" * (40 * 30 * 3))
    flattened = _flattened(source, tmp_path)
    assert flattened.composed
    assert np.array_equal(pixels(flattened.image.path), np.asarray(picture))


def test_a_document_of_one_color_keeps_its_merged_image(tmp_path: Path) -> None:
    document = PSDImage.new("RGB", (40, 30), color=255)
    document.create_pixel_layer(Image.new("RGBA", (40, 30), "white"))
    source = tmp_path / "white.psd"
    source.write_bytes(saved(document))
    flattened = _flattened(source, tmp_path)
    assert not flattened.composed
    assert pixels(flattened.image.path).min() == 255


def test_the_same_drawing_is_composed_as_it_was_embedded(corpus: Path) -> None:
    """Two files of one drawing: only one embeds a picture, of another state."""
    without = opened(corpus / "psd" / "psd.rb__example-nocompat.psd")
    embedding = opened(corpus / "psd" / "psd.js__example.psd")
    ours = over_white(without.render().pixels)
    theirs = over_white(embedding.merged())
    glyph = np.zeros(ours.shape[:2], np.bool_)
    glyph[205:395, 370:530] = True
    assert np.abs(ours - theirs)[~glyph].max() <= 1
