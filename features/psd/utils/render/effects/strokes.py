"""Strokes along a shape's edge."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from features.psd.utils.render.blend import Floats
from features.psd.utils.render.effects.spread import edge_distance
from features.psd.utils.render.settings import number, word

_WIDEST = 250.0
_OUTER_SHARE = {"outside": 1.0, "center": 0.5, "inside": 0.0}


@dataclass(frozen=True)
class Stroke:
    """How many pixels of a stroke lie beyond the edge, and how many inside."""

    outer: float
    inner: float

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Self:
        """Read an effect's settings."""
        size = min(max(number(settings, "size", default=1), 0), _WIDEST)
        share = _OUTER_SHARE.get(word(settings, "position"), 1.0)
        return cls(size * share, size * (1 - share))

    @property
    def reach(self) -> int:
        """Pixels beyond the shape where it still shows."""
        return int(np.ceil(max(self.outer, self.inner))) + 2

    def behind(self, shape: Floats, distance: Floats) -> Floats:
        """Return what to draw below the shape: the shape, widened."""
        if not self.outer:
            return np.zeros_like(shape)
        return np.asarray(np.maximum(np.clip(self.outer + 0.5 - distance, 0, 1), shape))

    def within(self, distance: Floats) -> Floats:
        """Return the share of the shape's own coverage that it takes."""
        if not self.inner:
            return np.zeros_like(distance)
        return np.asarray(np.clip(self.inner + 0.5 + distance, 0, 1), np.float32)

    @staticmethod
    def distance(shape: Floats) -> Floats:
        """Return the distances that the others take."""
        return edge_distance(shape)
