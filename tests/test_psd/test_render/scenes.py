"""Opening documents for the compositor, and comparing pictures."""

import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.psd.utils.file.container import Container, read_container
from features.psd.utils.file.records import LayerSection, read_layers
from features.psd.utils.file.tree import Box, Node, build_tree
from features.psd.utils.pixels.color import ColorSpace, color_space
from features.psd.utils.pixels.raster import merged_raster
from features.psd.utils.pixels.samples import Bytes8
from features.psd.utils.render.compositor import Rendering, render
from tests.test_psd.documents import LIMITS, structure

Doubles = NDArray[np.float64]


@dataclass
class Opened:
    """A document's parts."""

    container: Container
    section: LayerSection
    nodes: list[Node]
    space: ColorSpace
    path: Path | None = None

    def render(
        self,
        chosen: Sequence[int] | None = None,
        box: Box | None = None,
        scale: float = 1.0,
    ) -> Rendering:
        """Compose it, or some layers of it."""
        return render(self.container, self.nodes, self.space, chosen, box, scale)

    def merged(self) -> Bytes8:
        """Return the embedded merged image as RGBA."""
        raster = merged_raster(self.container, self.space, self.section.merged_alpha)
        return as_rgba(np.concatenate(list(raster.bands())))

    def fidelity(self, node: Node) -> str:
        """Return what a layer's fidelity is told to be."""
        assert self.path is not None
        return _told(self.path)[node.index]

    def named(self, name: str) -> Node:
        """Return the first node of a name."""
        return next(node for node in self.nodes if node.record.name == name)

    @property
    def shown(self) -> list[Node]:
        """Nodes that neither they nor a group around them hides."""
        return [node for node in self.nodes if _is_shown(node)]


def opened(source: Path | bytes) -> Opened:
    """Open a document's file, or its bytes."""
    path = source if isinstance(source, Path) else None
    if isinstance(source, Path):
        with source.open("rb") as file:
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    else:
        data = memoryview(source)
    container = read_container(data)
    section = read_layers(container)
    nodes = build_tree(section.records, LIMITS)
    return Opened(container, section, nodes, color_space(container), path)


@cache
def _told(path: Path) -> list[str]:
    return [layer.fidelity for layer in structure(path).layers]


def as_rgba(pixels: Bytes8) -> Bytes8:
    """Return gray or RGB pixels as opaque RGBA."""
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    if pixels.shape[2] == 4:
        return pixels
    opaque = np.full((*pixels.shape[:2], 1), 255, np.uint8)
    return np.concatenate([pixels, opaque], axis=2)


def over_white(pixels: Bytes8) -> Doubles:
    """Return RGB as seen on white."""
    alpha = pixels[..., 3:] / 255
    return np.asarray(pixels[..., :3] * alpha + 255 * (1 - alpha))


def difference(one: Bytes8, other: Bytes8) -> Doubles:
    """Return the largest difference of each pixel's channels, on white, in levels."""
    return np.asarray(np.abs(over_white(one) - over_white(other)).max(axis=2))


def _is_shown(node: Node) -> bool:
    above: Node | None = node
    while above is not None:
        if not above.record.visible:
            return False
        above = above.parent
    return True
