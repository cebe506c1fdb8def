"""Smooth shapes: drawn as masks, large, and made small again."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from workers.demo.design import Color

_OVERSAMPLING = 4
Point = tuple[float, float]


class Pen:
    """Draws on a mask in the units of the finished picture."""

    def __init__(self, draw: ImageDraw.ImageDraw) -> None:
        self._draw = draw

    def box(self, left: float, top: float, right: float, bottom: float) -> None:
        """Fill a rectangle."""
        self._draw.rectangle(self._scaled(left, top, right, bottom), fill=255)

    def round_box(
        self, left: float, top: float, right: float, bottom: float, radius: float
    ) -> None:
        """Fill a rectangle with round corners."""
        corners = self._scaled(left, top, right, bottom)
        self._draw.rounded_rectangle(corners, radius * _OVERSAMPLING, fill=255)

    def disc(self, x: float, y: float, radius: float, *, ink: int = 255) -> None:
        """Fill a circle; with no ink, cut one out."""
        box = self._scaled(x - radius, y - radius, x + radius, y + radius)
        self._draw.ellipse(box, fill=ink)

    def oval(self, left: float, top: float, right: float, bottom: float) -> None:
        """Fill an ellipse."""
        self._draw.ellipse(self._scaled(left, top, right, bottom), fill=255)

    def arc(
        self, x: float, y: float, radius: float, width: float, start: float, end: float
    ) -> None:
        """Draw a part of a ring, `radius` its outer one, angles in degrees clockwise."""
        box = self._scaled(x - radius, y - radius, x + radius, y + radius)
        self._draw.arc(box, start, end, fill=255, width=round(width * _OVERSAMPLING))

    def polygon(self, points: Sequence[Point]) -> None:
        """Fill a polygon."""
        self._draw.polygon([self._point(point) for point in points], fill=255)

    def line(self, points: Sequence[Point], width: float) -> None:
        """Draw a line with round ends and corners."""
        thick = round(width * _OVERSAMPLING)
        self._draw.line([self._point(p) for p in points], 255, thick, joint="curve")
        for x, y in points:
            self.disc(x, y, width / 2)

    def _scaled(self, *values: float) -> list[float]:
        return [value * _OVERSAMPLING for value in values]

    def _point(self, point: Point) -> Point:
        return point[0] * _OVERSAMPLING, point[1] * _OVERSAMPLING


def mask(width: int, height: int, draw: Callable[[Pen], None]) -> Image.Image:
    """Draw a mask of that size, its edges smooth."""
    large = Image.new("L", (width * _OVERSAMPLING, height * _OVERSAMPLING))
    draw(Pen(ImageDraw.Draw(large)))
    return large.reduce(_OVERSAMPLING)


def tint(shape: Image.Image, top: Color, bottom: Color | None = None) -> Image.Image:
    """Colour a mask, from `top` down to `bottom` where one is given."""
    colors = vertical(shape.width, shape.height, top, bottom or top)
    colors.putalpha(shape)
    return colors


def vertical(width: int, height: int, top: Color, bottom: Color) -> Image.Image:
    """Make a gradient from the top edge to the bottom edge (RGB)."""
    steps = np.linspace(0, 1, height)[:, None]
    column = np.array(top) * (1 - steps) + np.array(bottom) * steps
    rows = np.repeat(np.round(column).astype(np.uint8)[:, None, :], width, axis=1)
    return Image.fromarray(rows)


def ramp(width: int, height: int, start: int, end: int, degrees: float) -> Image.Image:
    """Make a mask that goes from `start` to `end` in a direction (0 is to the right)."""
    y, x = np.mgrid[0:height, 0:width]
    along = x * math.cos(math.radians(degrees)) + y * math.sin(math.radians(degrees))
    along = (along - along.min()) / (along.max() - along.min())
    return Image.fromarray(np.round(start + (end - start) * along).astype(np.uint8))


def radial(size: int, strength: int) -> Image.Image:
    """Make a round mask that fades from its middle to nothing."""
    y, x = np.mgrid[0:size, 0:size]
    middle = (size - 1) / 2
    distance = np.hypot(x - middle, y - middle) / middle
    fade = np.clip(1 - distance, 0, 1) ** 1.6
    return Image.fromarray(np.round(fade * strength).astype(np.uint8))


def blurred(shape: Image.Image, radius: float) -> Image.Image:
    """Blur a mask."""
    return shape.filter(ImageFilter.GaussianBlur(radius))


def star(x: float, y: float, outer: float, inner: float, points: int) -> list[Point]:
    """Return a star's corners."""
    corners = []
    for step in range(points * 2):
        radius = inner if step % 2 else outer
        angle = math.pi * step / points - math.pi / 2
        corners.append((x + radius * math.cos(angle), y + radius * math.sin(angle)))
    return corners
