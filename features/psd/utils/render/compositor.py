"""Composing a document, or chosen layers of it, strip by strip from the top."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from features.psd.exceptions import over_limit
from features.psd.utils.file.container import Container, Header
from features.psd.utils.file.tree import Box, Node
from features.psd.utils.pictures.preview import Reducer
from features.psd.utils.pixels.color import ColorSpace
from features.psd.utils.pixels.samples import Bytes8
from features.psd.utils.render.canvas import box_size
from features.psd.utils.render.colors import is_srgb
from features.psd.utils.render.scene import PASS_THROUGH, Do, Item, Scene, SceneBuilder
from features.psd.utils.render.strips import StripPainter

# Of all canvases that are open at a time, in pixels of 16 bytes.
_OPEN_PIXELS: Final = 1 << 20
_LEAST_ROWS: Final = 16
_MOST_PIXELS: Final = 1 << 27


@dataclass(frozen=True)
class Rendering:
    """A composed picture: (rows, width, 4) RGBA bytes, its corner in the document.

    `approximations` names what is not drawn as Photoshop draws it.
    """

    pixels: Bytes8
    left: int
    top: int
    approximations: list[str]


class Composition:
    """A document that is composed as it is read, in memory that its height is not in.

    Colours become sRGB first and are blended then. `box` is what is drawn, the canvas
    unless told otherwise; `chosen` are indexes of layers and groups, all that is
    visible where it is None.
    """

    def __init__(
        self,
        container: Container,
        nodes: Sequence[Node],
        space: ColorSpace,
        chosen: Sequence[int] | None = None,
        box: Box | None = None,
    ) -> None:
        header = container.header
        self.box = box if box is not None else (0, 0, header.width, header.height)
        self.height, self.width = box_size(self.box)
        self._scene = SceneBuilder(container, space).build(nodes, chosen)
        self._painter = StripPainter(self._scene)
        self._by_color = _blending_problems(self._scene, header, space)

    @property
    def shows_layers(self) -> bool:
        """Whether there is anything to draw."""
        return bool(self._scene.steps)

    @property
    def approximations(self) -> list[str]:
        """What is not drawn as Photoshop does; damage is in it once it was met."""
        names = [*self._scene.problems, *self._by_color, *self._painter.problems]
        return list(dict.fromkeys(names))

    def bands(self, multiple: int = 1) -> Iterator[Bytes8]:
        """Yield bands of (rows, width, 4) RGBA bytes from the top.

        All but the last have a multiple of `multiple` rows.
        """
        left, top, right, bottom = self.box
        open_at_once = _depth(self._scene) + 1
        rows = _OPEN_PIXELS // open_at_once // max(self.width, 1)
        step = max(rows, _LEAST_ROWS) // multiple * multiple or multiple
        for start in range(top, bottom, step):
            window = left, start, right, min(start + step, bottom)
            yield self._painter.paint(window).to_bytes()


def render(
    container: Container,
    nodes: Sequence[Node],
    space: ColorSpace,
    chosen: Sequence[int] | None = None,
    box: Box | None = None,
    scale: float = 1.0,
) -> Rendering:
    """Compose into memory, `scale` times the size.

    Raises PsdError LIMIT_EXCEEDED where that is more than 134 million pixels.
    """
    composition = Composition(container, nodes, space, chosen, box)
    reducer = Reducer(composition.width, composition.height, scale)
    if reducer.size[0] * reducer.size[1] > _MOST_PIXELS:
        raise over_limit(
            f"This picture would have {reducer.size[0]} × {reducer.size[1]} pixels, "
            f"and {_MOST_PIXELS} are allowed. Ask for a smaller scale."
        )
    if not composition.width or not composition.height:
        pixels = np.zeros((composition.height, composition.width, 4), np.uint8)
    else:
        for band in composition.bands(reducer.factor):
            reducer.add(band)
        pixels = reducer.picture()
    left, top = composition.box[:2]
    return Rendering(pixels, left, top, composition.approximations)


def _depth(scene: Scene) -> int:
    """Return how many canvases are open at most."""
    depth = deepest = 0
    for step in scene.steps:
        if step.do in (Do.OPEN, Do.OPEN_CLIP):
            depth += 1
        elif step.do in (Do.CLOSE, Do.CLOSE_CLIP) and not step.is_base:
            depth -= 1
        deepest = max(deepest, depth)
    return deepest


def _blending_problems(scene: Scene, header: Header, space: ColorSpace) -> list[str]:
    """Name that colours are blended in sRGB where the document blends otherwise."""
    if header.depth == 32:
        return ["linear blending"]
    items = [step.item for step in scene.steps if step.item is not None]
    if is_srgb(header, space) or not any(map(_mixes, items)):
        return []
    return [f"blending in {header.mode.name} of the document's own"]


def _mixes(item: Item) -> bool:
    """Tell whether more of it than edges is mixed with what lies below."""
    plain = item.mode in ("normal", PASS_THROUGH, "dissolve")
    opaque = item.opacity == item.fill == 1
    return not (plain and opaque) or bool(item.style) or item.adjustment is not None
