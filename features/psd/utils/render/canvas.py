"""A part of the document that is being painted on, in premultiplied floats."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from features.psd.utils.file.tree import Box
from features.psd.utils.pixels.samples import Bytes8
from features.psd.utils.render.blend import Floats, as_floats, blend_function, dissolved


def box_size(box: Box) -> tuple[int, int]:
    """Return (rows, width) of a box, 0 where it is empty."""
    return max(box[3] - box[1], 0), max(box[2] - box[0], 0)


def common(one: Box, other: Box) -> Box | None:
    """Return what two boxes share; None where that is nothing."""
    left, top = max(one[0], other[0]), max(one[1], other[1])
    right, bottom = min(one[2], other[2]), min(one[3], other[3])
    return (left, top, right, bottom) if left < right and top < bottom else None


def grown(box: Box, by: int) -> Box:
    """Return a box with `by` pixels more on each side."""
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def part_of(box: Box, inner: Box) -> tuple[slice, slice]:
    """Return the rows and columns of `inner` in an array that covers `box`."""
    rows = slice(inner[1] - box[1], inner[3] - box[1])
    return rows, slice(inner[0] - box[0], inner[2] - box[0])


# How newer versions of Photoshop mix a text's edge with what lies below it: in light,
# bent by this.
_TEXT_GAMMA: Final = 1.45


@dataclass
class Canvas:
    """Colours times their alpha (rows, width, 3), and alpha (rows, width), 0 to 1."""

    box: Box
    color: Floats
    alpha: Floats

    @classmethod
    def empty(cls, box: Box) -> Self:
        """Make a transparent one."""
        rows, width = box_size(box)
        color = np.zeros((rows, width, 3), np.float32)
        return cls(box, color, np.zeros((rows, width), np.float32))

    @classmethod
    def filled(cls, box: Box, color: Floats) -> Self:
        """Make an opaque one of these colours; they are copied."""
        rows, width = box_size(box)
        return cls(box, color.copy(), np.ones((rows, width), np.float32))

    def view(self, box: Box) -> "Canvas":
        """Return a part that shares this one's memory."""
        place = part_of(self.box, box)
        return Canvas(box, self.color[place], self.alpha[place])

    def copy(self) -> "Canvas":
        """Return one of the same content."""
        return Canvas(self.box, self.color.copy(), self.alpha.copy())

    def plain_color(self) -> Floats:
        """Return colours without their alpha; black where nothing is."""
        if self.alpha.size and self.alpha.min() >= 1:
            return self.color
        safe = np.maximum(self.alpha, np.float32(1e-6))[..., None]
        return np.minimum(self.color / safe, np.float32(1))

    def paint(
        self, color: Floats, cover: Floats, mode: str, *, as_text: bool = False
    ) -> None:
        """Put colours (rows, width, 3) on top, where `cover` (rows, width) says.

        With `as_text` colours are mixed as Photoshop mixes those of text.
        """
        if as_text and mode == "normal":
            upon = Canvas(self.box, color, np.ones_like(cover))
            self.blend_towards(upon, cover, as_text=True)
            return
        if mode == "dissolve":
            cover = dissolved(cover, self.box[0], self.box[1])
        blend = blend_function(mode)
        if blend is not None:
            backdrop = self.alpha[..., None]
            blended = blend(self.plain_color(), color)
            color = color + backdrop * (blended - color)
        self.color += cover[..., None] * (color - self.color)
        self.alpha += cover * (1 - self.alpha)

    def blend_towards(
        self, other: "Canvas", share: Floats, *, as_text: bool = False
    ) -> None:
        """Move towards another of the same box by `share` (rows, width)."""
        mixed = self.color + share[..., None] * (other.color - self.color)
        if as_text:
            edge = (share > 0) & (share < 1)
            mixed[edge] = _mixed_as_text(self, other, share, edge)
        self.color[:] = mixed
        self.alpha += share * (other.alpha - self.alpha)

    def to_bytes(self) -> Bytes8:
        """Return (rows, width, 4) RGBA, not premultiplied."""
        rows, width = self.alpha.shape
        pixels = np.empty((rows, width, 4), np.uint8)
        pixels[..., :3] = np.rint(np.clip(self.plain_color(), 0, 1) * 255)
        pixels[..., 3] = np.rint(np.clip(self.alpha, 0, 1) * 255)
        return pixels


def _mixed_as_text(
    one: Canvas, other: Canvas, share: Floats, edge: NDArray[np.bool_]
) -> Floats:
    """Return the mixed colours of edge pixels (pixels, 3), times their alpha."""
    parts = (1 - share[edge]) * one.alpha[edge], share[edge] * other.alpha[edge]
    total = np.maximum(parts[0] + parts[1], np.float32(1e-6))
    mixed = np.zeros((len(total), 3), np.float32)
    for canvas, part in ((one, parts[0]), (other, parts[1])):
        safe = np.maximum(canvas.alpha[edge], np.float32(1e-6))
        plain = canvas.color[edge] / safe[:, None]
        mixed += (part / total)[:, None] * _to_light(as_floats(plain)) ** (
            1 / _TEXT_GAMMA
        )
    return np.asarray(_from_light(mixed**_TEXT_GAMMA) * total[:, None], np.float32)


def _to_light(plain: Floats) -> Floats:
    color = np.clip(plain, 0, 1)
    bent = ((color + 0.055) / 1.055) ** 2.4
    return np.where(color <= 0.04045, color / 12.92, bent).astype(np.float32)


def _from_light(light: Floats) -> Floats:
    bent = 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, bent).astype(np.float32)
