"""Shadows and glows: how much of their colour lies where.

All take a shape's coverage (rows, width) over a window that reaches far enough beyond
what is drawn, and return coverage over the same window.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from features.psd.utils.render.blend import Floats
from features.psd.utils.render.effects.spread import softened, widened
from features.psd.utils.render.settings import number, word

_LARGEST = 250.0
_FARTHEST = 30_000.0


@dataclass(frozen=True)
class Softness:
    """How far an edge is moved, and then blurred, in pixels."""

    widening: int
    blur: int

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Self:
        """Read size and spread (or choke), of which the latter is a percentage."""
        size = min(max(number(settings, "size"), 0), _LARGEST)
        hard = min(max(number(settings, "choke"), number(settings, "spread"), 0), 100)
        widening = round(size * hard / 100)
        return cls(widening, round(size) - widening)

    @property
    def reach(self) -> int:
        """Pixels beyond the shape where it still shows."""
        return self.widening + self.blur + 2

    def apply(self, cover: Floats) -> Floats:
        """Widen and blur a shape."""
        return softened(widened(cover, self.widening), self.blur)


@dataclass(frozen=True)
class Shadow:
    """A drop or an inner shadow, `right` and `down` from the shape in pixels."""

    softness: Softness
    right: int
    down: int

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Self:
        """Read an effect's settings; light from an angle throws the other way."""
        angle = np.radians(number(settings, "angle"))
        distance = min(max(number(settings, "distance"), 0), _FARTHEST)
        right = _nearest(-distance * np.cos(angle))
        down = _nearest(distance * np.sin(angle))
        return cls(Softness.of(settings), right, down)

    @property
    def reach(self) -> int:
        """Pixels beyond the shape where it still shows."""
        return self.softness.reach + max(abs(self.right), abs(self.down))

    def behind(self, shape: Floats) -> Floats:
        """Return a drop shadow."""
        return self.softness.apply(_moved(shape, self.right, self.down, 0))

    def within(self, shape: Floats) -> Floats:
        """Return an inner shadow, also where the shape does not cover it."""
        outside = 1 - _moved(shape, self.right, self.down, 0)
        return self.softness.apply(outside)


@dataclass(frozen=True)
class Glow:
    """An outer or inner glow; `range_` 0 to 1 is where it reaches its full strength."""

    softness: Softness
    range_: float
    from_center: bool

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Self:
        """Read an effect's settings."""
        range_ = min(max(number(settings, "qualityRange", default=50), 1), 100) / 100
        center = word(settings, "glowSource") == "center"
        return cls(Softness.of(settings), range_, center)

    @property
    def reach(self) -> int:
        """Pixels beyond the shape where it still shows."""
        return self.softness.reach

    def around(self, shape: Floats) -> Floats:
        """Return an outer glow."""
        return np.asarray(np.minimum(self.softness.apply(shape) / self.range_, 1))

    def within(self, shape: Floats) -> Floats:
        """Return an inner glow, also where the shape does not cover it."""
        edge = np.minimum(self.softness.apply(1 - shape) / self.range_, 1)
        return np.asarray(1 - edge if self.from_center else edge, np.float32)


@dataclass(frozen=True)
class Satin:
    """Two blurred shapes moved apart, and their difference."""

    shadow: Shadow
    inverted: bool

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Self:
        """Read an effect's settings."""
        return cls(Shadow.of(settings), settings.get("inverted") is True)

    @property
    def reach(self) -> int:
        """Pixels beyond the shape that it looks at."""
        return self.shadow.reach

    def within(self, shape: Floats) -> Floats:
        """Return the satin, also where the shape does not cover it."""
        soft = self.shadow.softness.apply(shape)
        right, down = self.shadow.right, self.shadow.down
        apart = np.abs(_moved(soft, right, down, 0) - _moved(soft, -right, -down, 0))
        return np.asarray(1 - apart if self.inverted else apart, np.float32)


def _nearest(pixels: float) -> int:
    """Round to whole pixels, halves up: a shadow of 2.5 lies 3 to the right."""
    return int(np.floor(pixels + 0.5 + 1e-9))


def _moved(cover: Floats, right: int, down: int, outside: float) -> Floats:
    """Move coverage by whole pixels; what comes in is `outside`."""
    rows, width = cover.shape
    moved = np.full_like(cover, outside)
    if abs(right) >= width or abs(down) >= rows:
        return moved
    source = cover[
        max(-down, 0) : rows - max(down, 0), max(-right, 0) : width - max(right, 0)
    ]
    moved[
        max(down, 0) : max(down, 0) + source.shape[0],
        max(right, 0) : max(right, 0) + source.shape[1],
    ] = source
    return moved
