"""What an export draws: a layer or group with all that makes its look, or the whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from features.psd.exceptions import over_limit
from features.psd.utils.engine import DAMAGED_PIXELS, whole_picture
from features.psd.utils.exporting.extent import (
    around,
    clipped_to,
    seen_box,
    stored_box,
    widest_box,
)
from features.psd.utils.exporting.geometry import MAX_PICTURE_PIXELS
from features.psd.utils.file.container import ColorMode, Container, read_container
from features.psd.utils.file.reading import blaming_the_file, mapped
from features.psd.utils.file.records import LayerSection, read_layers
from features.psd.utils.file.tree import Box, Node, build_tree
from features.psd.utils.limits import check_canvas, check_descriptions, check_pixels
from features.psd.utils.pixels.codecs import DamagedPixels
from features.psd.utils.pixels.color import ColorSpace, color_space
from features.psd.utils.pixels.raster import Raster
from features.psd.utils.pixels.samples import Bytes8
from features.psd.utils.render.canvas import part_of
from features.psd.utils.render.compositor import Composition
from features.psd.utils.render.scene import SceneBuilder
from features.psd.utils.types import Limits

DUOTONE_INKS = "duotone inks"
NOTHING_TO_DRAW = "nothing to draw"


@dataclass(frozen=True)
class Design:
    """A document that is open to be drawn from."""

    container: Container
    section: LayerSection
    nodes: list[Node]
    space: ColorSpace

    @property
    def canvas(self) -> Box:
        """The canvas' box."""
        return 0, 0, self.container.header.width, self.container.header.height

    @property
    def problems(self) -> list[str]:
        """What keeps all of its colours from being what Photoshop shows."""
        is_duotone = self.container.header.mode is ColorMode.DUOTONE
        return [*self.space.problems, *([DUOTONE_INKS] if is_duotone else [])]

    def composition(self, chosen: list[int] | None, box: Box) -> Composition:
        """Compose layers, or all, in a box."""
        return Composition(self.container, self.nodes, self.space, chosen, box)


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
            check_descriptions(section.records)
            space = color_space(container)
        yield Design(container, section, nodes, space)


def draw(design: Design, index: int | None, *, whole_canvas: bool) -> Drawing:
    """Draw the layer at `index`, or the whole document.

    The whole is the merged image that the file embeds, where it does. A layer is
    drawn by itself: what lies around it has no say, and its own eye neither. It is
    as large as its box and what its effects add, an artboard as itself.
    """
    try:
        if index is None:
            return _whole(design)
        return _layer(design, index, design.canvas if whole_canvas else None)
    except DamagedPixels:
        return Drawing(None, [DAMAGED_PIXELS])


def _whole(design: Design) -> Drawing:
    picture = whole_picture(
        design.container, design.section, design.nodes, design.space
    )
    if isinstance(picture, Composition):
        return _composed(design, picture)
    return Drawing(_all_of(picture), design.problems)


def _layer(design: Design, index: int, frame: Box | None) -> Drawing:
    """Draw a layer, in a frame where one is given."""
    chosen = [index, *clipped_to(design.nodes, index)]
    scene = SceneBuilder(design.container, design.space).build(design.nodes, chosen)
    stored = stored_box(design.nodes, index)
    box = frame or around([stored, widest_box(scene)])
    if box is None:
        return Drawing(None, scene.problems or [NOTHING_TO_DRAW])
    drawing = _composed(design, design.composition(chosen, box))
    assert drawing.pixels is not None
    seen = seen_box(drawing.pixels, box[:2])
    if seen is None:
        return Drawing(None, drawing.unsupported or [NOTHING_TO_DRAW])
    if frame is not None:
        return drawing
    place = part_of(box, around([stored, seen]) or box)
    return Drawing(drawing.pixels[place], drawing.unsupported)


def _composed(design: Design, composition: Composition) -> Drawing:
    pixels = _all_of(composition)
    names = [*composition.approximations, *design.problems]
    return Drawing(pixels, list(dict.fromkeys(names)))


def _all_of(picture: Raster | Composition) -> Bytes8:
    """Read a picture into memory; PsdError LIMIT_EXCEEDED where it is too large."""
    if picture.width * picture.height > MAX_PICTURE_PIXELS:
        raise over_limit(
            f"A picture of {picture.width} × {picture.height} pixels would have to be "
            f"drawn, and {MAX_PICTURE_PIXELS} pixels are allowed. Export layers or "
            "groups that are smaller."
        )
    return np.concatenate(list(picture.bands()))
