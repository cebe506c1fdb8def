"""What is called EXACT is: held to what Photoshop shows where nothing else is drawn."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from features.psd.utils.file.kinds import (
    adjustment_of,
    blend_mode_of,
    has_pixels,
)
from features.psd.utils.file.tree import Node
from features.psd.utils.render.masks import hides_by_mask
from tests.test_psd.outcomes import EXPECTED
from tests.test_psd.test_render.scenes import Opened, difference, opened

Places = NDArray[np.bool_]

LAYERED = [name for name, count in EXPECTED.items() if isinstance(count, int) and count]
# Layers that stand alone somewhere, and at how many pixels in all.
COMPARED = {
    "Aspose.PSD-f__LogoOutside.psd": (2, 1780),
    "FireMonkeySt__Logo.psd": (1, 31208),
    "Magick.NET__layer-styles-sample.psd": (1, 122140),
    "PhotoshopAPI__CMYK_16.psb": (1, 74032),
    "PhotoshopAPI__Grayscale_16.psb": (1, 74032),
    "PhotoshopAPI__Grayscale_32.psb": (1, 74032),
    "PhotoshopAPI__Groups_32bit.psb": (1, 4096),
    "Pillow__rgba.psd": (1, 1296),
    "psd-tools__300dpi.psb": (1, 10780),
    "psd-tools__4x4_8bit_lab.psd": (1, 16),
    "psd-tools__clipping-mask2.psd": (4, 198944),
    "psd-tools__masks.psb": (9, 535724),
    "psd.js__example.psd": (2, 524916),
    "psd2svg__invert-clipping-mask.psd": (1, 168),
    "psd__example.psb": (9, 263740),
}
# Its merged image bears the notice of an unlicensed library.
FOREIGN = "Aspose.PSD-f__1_200x200.psdnonlicensedresized_output.psd"


def test_most_layers_with_pixels_are_exact(corpus: Path) -> None:
    exact = total = 0
    for name in LAYERED:
        document = opened(corpus / "psd" / name)
        told = [
            document.fidelity(node)
            for node in document.nodes
            if has_pixels(node.record)
        ]
        assert set(told) <= {"EXACT", "APPROXIMATE"}
        exact, total = exact + told.count("EXACT"), total + len(told)
    assert (exact, total) == (113, 132)
    assert exact / total >= 0.7


@pytest.mark.parametrize("name", LAYERED)
def test_exact_layers_are_what_photoshop_shows(corpus: Path, name: str) -> None:
    document = opened(corpus / "psd" / name)
    if name == FOREIGN or not document.container.has_merged_image:
        assert name not in COMPARED
        return
    merged = document.merged()
    layers = pixels = 0
    for node in document.shown:
        if node.is_group or document.fidelity(node) != "EXACT":
            continue
        alone = document.render(_with_base(document, node)).pixels
        places = _alone_at(document, node, alone)
        if places.any():
            layers, pixels = layers + 1, pixels + int(places.sum())
            # Rounding may differ by a level: at soft edges, in 32 bits, under opacity.
            assert np.rint(difference(alone, merged)[places]).max() <= 1
    assert (layers, pixels) == COMPARED.get(name, (0, 0))


def _alone_at(document: Opened, node: Node, alone: NDArray[np.uint8]) -> Places:
    """Tell where a layer is all that can be seen: opaque, or with nothing below."""
    groups = _groups_of(node)
    others = [
        other
        for other in document.shown
        if not other.is_group and other.index not in _with_base(document, node)
    ]
    above = [other for other in others if other.index > node.index]
    nowhere = np.zeros(alone.shape[:2], np.bool_)
    if any(_changes_colors(document, other, node) for other in above):
        return nowhere
    if not all(_is_plain(document, group) for group in groups):
        return nowhere
    own = document.render([node.index]).pixels[..., 3]
    covered = _cover(document, above, own) > 0
    normal = blend_mode_of(node.record) == "normal"
    opaque = (alone[..., 3] == 255) & (own == 255) & normal
    below = [other for other in others if other.index < node.index]
    bare = _cover(document, below, own) == 0
    on_board = any(b"artb" in group.record.blocks for group in groups)
    alone_there = opaque | (bare & (not on_board))
    return np.asarray((own > 0) & ~covered & alone_there)


def _cover(
    document: Opened, nodes: list[Node], like: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    if not nodes:
        return np.zeros_like(like)
    return document.render([node.index for node in nodes]).pixels[..., 3]


def _changes_colors(document: Opened, other: Node, node: Node) -> bool:
    """Tell whether an adjustment above reaches the layer."""
    if adjustment_of(other.record) is None:
        return False
    return not other.record.clipped or _base_of(document, other) is node


def _groups_of(node: Node) -> list[Node]:
    groups, above = [], node.parent
    while above is not None:
        groups.append(above)
        above = above.parent
    return groups


def _is_plain(document: Opened, group: Node) -> bool:
    record = group.record
    mode = blend_mode_of(record)
    masks = hides_by_mask(record, document.container.header)
    return record.opacity == 255 and mode in ("normal", "pass through") and not masks


def _base_of(document: Opened, node: Node) -> Node | None:
    base = None
    for sibling in document.nodes:
        if sibling.parent is node.parent and sibling.index < node.index:
            base = base if sibling.record.clipped else sibling
    return base


def _with_base(document: Opened, node: Node) -> list[int]:
    base = _base_of(document, node) if node.record.clipped else None
    return [node.index] if base is None else [base.index, node.index]


# Documents of which all is drawn, and the greatest difference from the embedded merged
# image in levels.
WHOLE = {
    "Aspose.PSD-f__LogoOutside.psd": 0,
    "FireMonkeySt__Logo.psd": 2,
    "PhotoshopAPI__Grayscale_16.psb": 2,
    "PhotoshopAPI__Groups_32bit.psb": 0,
    "Pillow__rgba.psd": 0,
    "psd-tools__300dpi.psb": 1,
    "psd-tools__4x4_8bit_lab.psd": 0,
    "psd-tools__masks.psb": 2,
    "psd-tools__threshold_16bits_grayscale.psd": 2,
    "psd.js__example.psd": 2,
    "psd2svg__invert-clipping-mask.psd": 0,
    "psd__example.psb": 1,
}


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_whole_documents_are_composed_as_by_photoshop(corpus: Path, name: str) -> None:
    document = opened(corpus / "psd" / name)
    rendering = document.render()
    assert (rendering.left, rendering.top) == (0, 0)
    found = difference(rendering.pixels, document.merged())
    assert np.rint(found.max()) <= WHOLE[name]
    assert found.mean() <= 0.4
