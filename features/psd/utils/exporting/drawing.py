"""What an export draws: a layer or group with all that makes its look, or the whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from psd_tools import PSDImage

from features.psd.utils.engine import DAMAGED_PIXELS, merged_of
from features.psd.utils.file.container import Container, read_container
from features.psd.utils.file.reading import blaming_the_file, mapped
from features.psd.utils.file.records import LayerSection, read_layers
from features.psd.utils.file.tree import Node, build_tree
from features.psd.utils.limits import check_canvas, check_pixels
from features.psd.utils.pixels.codecs import DamagedPixels
from features.psd.utils.pixels.color import ColorSpace, color_space
from features.psd.utils.pixels.samples import Bytes8
from features.psd.utils.types import Limits

NOTHING_TO_DRAW = "nothing to draw"


@dataclass(frozen=True)
class Design:
    """A document that is open to be drawn from."""

    source: Path
    container: Container
    section: LayerSection
    nodes: list[Node]
    space: ColorSpace


@dataclass(frozen=True)
class Drawing:
    """A picture of sRGB bytes, None where there is nothing to see, and what it lacks."""

    pixels: Bytes8 | None
    unsupported: list[str]

    @property
    def fidelity(self) -> str:
        """How far it looks as Photoshop shows it, in the schema's words."""
        if self.pixels is None:
            return "NONE"
        return "APPROXIMATE" if self.unsupported else "EXACT"


@contextmanager
def opened(source: Path, limits: Limits) -> Iterator[Design]:
    """Open a document; PsdError as the parse has it."""
    with mapped(source) as data:
        with blaming_the_file():
            container = read_container(data)
            check_canvas(container.header, limits)
            section = read_layers(container)
            nodes = build_tree(section.records, limits)
            check_pixels(container, section.records, len(data), limits)
            space = color_space(container)
        yield Design(source, container, section, nodes, space)


def draw(design: Design, index: int | None, *, whole_canvas: bool) -> Drawing:
    """Draw the layer at `index`, or the whole document.

    The whole is the merged image that the file embeds, where it does. A layer is
    drawn by itself: what lies around it has no say, and its own eye neither.
    """
    try:
        if index is None:
            return _whole(design)
        return _layer(design, index, whole_canvas=whole_canvas)
    except DamagedPixels:
        return Drawing(None, [DAMAGED_PIXELS])


def _whole(design: Design) -> Drawing:
    merged = merged_of(design.container, design.section, design.space)
    if merged is not None:
        return Drawing(np.concatenate(list(merged.bands())), design.space.problems)
    return _composed(design, None, whole_canvas=True)


def _layer(design: Design, index: int, *, whole_canvas: bool) -> Drawing:
    drawing = _composed(design, index, whole_canvas=whole_canvas)
    if drawing.pixels is None or not drawing.pixels[..., 3].any():
        return Drawing(None, drawing.unsupported or [NOTHING_TO_DRAW])
    return drawing


def _composed(design: Design, index: int | None, *, whole_canvas: bool) -> Drawing:
    document = PSDImage.open(design.source)
    chosen: Any = document if index is None else list(document.descendants())[index]
    viewport = (0, 0, *document.size) if whole_canvas else chosen.bbox
    if viewport[2] <= viewport[0] or viewport[3] <= viewport[1]:
        return Drawing(None, [])
    image = chosen.composite(
        viewport=viewport,
        force=False,
        layer_filter=lambda layer: layer is chosen or layer.visible,
    )
    if image is None:
        return Drawing(None, [])
    return Drawing(np.asarray(image.convert("RGBA"), np.uint8), design.space.problems)
