"""Where a fill's or an effect's colours come from: one colour, a gradient, a pattern."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from features.psd.utils.file.container import Container
from features.psd.utils.file.tree import Box
from features.psd.utils.pixels.color import ColorSpace
from features.psd.utils.render.blend import Floats
from features.psd.utils.render.canvas import box_size
from features.psd.utils.render.colors import Palette
from features.psd.utils.render.gradients import Gradient
from features.psd.utils.render.patterns import PatternBook, lay
from features.psd.utils.render.settings import flag, nested, number, word


class Paint(Protocol):
    """Colours that cover any window."""

    def lay(self, window: Box) -> tuple[Floats, Floats]:
        """Return colours (rows, width, 3) and coverage (rows, width)."""


@dataclass(frozen=True)
class Plain:
    """One colour, (3,)."""

    color: Floats

    def lay(self, window: Box) -> tuple[Floats, Floats]:
        """Return the colour everywhere, as views that are not to be written to."""
        size = box_size(window)
        return np.broadcast_to(self.color, (*size, 3)), _full(size)


@dataclass(frozen=True)
class _Graded:
    gradient: Gradient
    over: Box

    def lay(self, window: Box) -> tuple[Floats, Floats]:
        return self.gradient.paint(window, self.over)


@dataclass(frozen=True)
class _Tiled:
    tile: Floats
    anchor: tuple[float, float]

    def lay(self, window: Box) -> tuple[Floats, Floats]:
        return lay(self.tile, window, self.anchor)


class PaintShop:
    """Makes paints of a document's settings."""

    def __init__(self, container: Container, space: ColorSpace) -> None:
        header = container.header
        self.palette = Palette(header, space)
        self._patterns = PatternBook(container, space)
        self.canvas: Box = (0, 0, header.width, header.height)

    def plain(self, settings: dict[str, Any]) -> Paint | str:
        """Make one colour; a string names what is missing instead."""
        color = self.palette.color(settings.get("color", settings.get("Clr")))
        return Plain(color) if color is not None else "color"

    def graded(self, settings: dict[str, Any], over: Box) -> Paint | str:
        """Lay a gradient over a layer's box, or the canvas where it is not aligned."""
        gradient = Gradient(settings, self.palette)
        if gradient.problems:
            return gradient.problems[0]
        aligned = settings.get("aligned", settings.get("Algn")) is not False
        return _Graded(gradient, over if aligned else self.canvas)

    def tiled(self, settings: dict[str, Any], over: Box) -> Paint | str:
        """Lay a pattern from the canvas' corner, or from the layer's if linked to it."""
        pattern = nested(settings, "pattern", "Ptrn")
        scale = number(settings, "scale", "Scl", default=100) / 100
        if number(settings, "angle", "Angl") % 360:
            return "pattern angle"
        tile = self._patterns.tile(word(pattern, "Idnt"), max(scale, 0.01))
        if tile is None:
            return "pattern"
        phase = nested(settings, "phase")
        linked = flag(settings, "linked", "Lnkd")
        left, top = (over[0], over[1]) if linked else (0, 0)
        anchor = left + number(phase, "Hrzn"), top + number(phase, "Vrtc")
        return _Tiled(tile, anchor)


def _full(size: tuple[int, int]) -> Floats:
    return np.broadcast_to(np.float32(1), size)
