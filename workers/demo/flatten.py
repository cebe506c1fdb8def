"""Flatten a design: what its layers look like together, by Photoshop's formulas."""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter
from psd_tools.constants import BlendMode

from workers.demo.design import Color, Design, Fill, Folder, Layer, Picture

Pixels = NDArray[np.float32]


def _overlay(below: Pixels, above: Pixels) -> Pixels:
    return np.where(
        below <= 0.5, 2 * below * above, 1 - 2 * (1 - below) * (1 - above)
    ).astype(np.float32)


def _soft_light(below: Pixels, above: Pixels) -> Pixels:
    dark = below - (1 - 2 * above) * below * (1 - below)
    curve = np.where(
        below <= 0.25, ((16 * below - 12) * below + 4) * below, np.sqrt(below)
    )
    light = below + (2 * above - 1) * (curve - below)
    return np.where(above <= 0.5, dark, light).astype(np.float32)


_BLENDS: Final[dict[BlendMode, Callable[[Pixels, Pixels], Pixels]]] = {
    BlendMode.NORMAL: lambda below, above: above,
    BlendMode.MULTIPLY: lambda below, above: below * above,
    BlendMode.SCREEN: lambda below, above: below + above - below * above,
    BlendMode.OVERLAY: _overlay,
    BlendMode.SOFT_LIGHT: _soft_light,
    BlendMode.LINEAR_DODGE: lambda below, above: np.minimum(below + above, 1),
}


class Canvas:
    """Colours and their coverage, 0 to 1, height x width (x 3)."""

    def __init__(self, width: int, height: int) -> None:
        self.color = np.zeros((height, width, 3), np.float32)
        self.alpha = np.zeros((height, width), np.float32)

    def paint(
        self, color: Pixels, alpha: Pixels, left: int, top: int, blend: BlendMode
    ) -> None:
        """Lay pixels over what is there; what lies outside is cut off."""
        height, width = self.alpha.shape
        first_x, first_y = max(0, -left), max(0, -top)
        last_x = min(alpha.shape[1], width - left)
        last_y = min(alpha.shape[0], height - top)
        if first_x >= last_x or first_y >= last_y:
            return
        source = slice(first_y, last_y), slice(first_x, last_x)
        target = (
            slice(top + first_y, top + last_y),
            slice(left + first_x, left + last_x),
        )
        self._blend(color[source], alpha[source], target, blend)

    def _blend(
        self,
        color: Pixels,
        alpha: Pixels,
        target: tuple[slice, slice],
        blend: BlendMode,
    ) -> None:
        below, under = self.color[target], self.alpha[target]
        total = under + alpha - under * alpha
        share = np.divide(alpha, total, out=np.zeros_like(alpha), where=total > 0)
        mixed = _BLENDS[blend](below, color)
        over = color + under[..., None] * (mixed - color)
        self.color[target] = below + share[..., None] * (over - below)
        self.alpha[target] = total


def flatten(design: Design) -> Image.Image:
    """Return the whole design as an opaque picture (RGB)."""
    canvas = Canvas(design.width, design.height)
    _paint_all(canvas, design.layers)
    return Image.fromarray(np.round(canvas.color * 255).astype(np.uint8))


def _paint_all(canvas: Canvas, layers: list[Layer]) -> None:
    for index, layer in enumerate(layers):
        if layer.clipped or not layer.visible:
            continue
        clips = []
        for above in layers[index + 1 :]:
            if not above.clipped:
                break
            clips.append(above)
        _paint(canvas, layer, clips)


def _paint(canvas: Canvas, layer: Layer, clips: list[Layer]) -> None:
    height, width = canvas.alpha.shape
    if isinstance(layer, Folder) and layer.blend is BlendMode.PASS_THROUGH:
        _paint_all(canvas, layer.children)
    elif isinstance(layer, Folder):
        group = Canvas(width, height)
        _paint_all(group, layer.children)
        alpha = group.alpha * np.float32(layer.opacity / 255)
        canvas.paint(group.color, alpha, 0, 0, layer.blend)
    elif isinstance(layer, Fill):
        color = _solid(layer.color, (height, width))
        alpha = np.full((height, width), layer.opacity / 255, np.float32)
        canvas.paint(color, alpha, 0, 0, layer.blend)
    elif isinstance(layer, Picture):
        _paint_picture(canvas, layer, clips)


def _paint_picture(canvas: Canvas, layer: Picture, clips: list[Layer]) -> None:
    color, alpha = _pixels(layer)
    _paint_effects(canvas, layer)
    if clips:
        base = Canvas(layer.image.width, layer.image.height)
        base.color, base.alpha = color, np.ones_like(alpha)
        for clip in clips:
            if isinstance(clip, Picture) and clip.visible:
                inner, cover = _pixels(clip)
                place = clip.left - layer.left, clip.top - layer.top
                base.paint(inner, cover, *place, clip.blend)
        color = base.color
    canvas.paint(color, alpha, layer.left, layer.top, layer.blend)


def _pixels(layer: Picture) -> tuple[Pixels, Pixels]:
    rgba = _floats(layer.image)
    alpha = rgba[..., 3] * np.float32(layer.opacity / 255)
    if layer.mask is not None:
        alpha = alpha * _floats(layer.mask)
    return rgba[..., :3], alpha


def _floats(image: Image.Image) -> Pixels:
    return np.asarray(image, np.float32) / np.float32(255)


def _solid(color: Color, shape: tuple[int, ...]) -> Pixels:
    return np.full((*shape, 3), color, np.float32) / np.float32(255)


def _paint_effects(canvas: Canvas, layer: Picture) -> None:
    shape = layer.image.getchannel("A")
    if layer.mask is not None:
        shape = ImageChops.multiply(shape, layer.mask)
    if shadow := layer.shadow:
        room = shadow.blur * 2
        soft = _padded(shape, room).filter(ImageFilter.GaussianBlur(shadow.blur / 2))
        strength = shadow.opacity * layer.opacity / 255
        at = layer.left - room, layer.top - room + shadow.distance
        _stamp(canvas, soft, shadow.color, strength, *at, BlendMode.MULTIPLY)
    if outline := layer.outline:
        room = outline.width
        brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * room + 1,) * 2)
        wide = Image.fromarray(cv2.dilate(np.asarray(_padded(shape, room)), brush))
        at = layer.left - room, layer.top - room
        _stamp(canvas, wide, outline.color, 1.0, *at, BlendMode.NORMAL)


def _stamp(
    canvas: Canvas,
    shape: Image.Image,
    color: Color,
    strength: float,
    left: int,
    top: int,
    blend: BlendMode,
) -> None:
    alpha = _floats(shape) * np.float32(strength)
    canvas.paint(_solid(color, alpha.shape), alpha, left, top, blend)


def _padded(shape: Image.Image, room: int) -> Image.Image:
    larger = Image.new("L", (shape.width + 2 * room, shape.height + 2 * room))
    larger.paste(shape, (room, room))
    return larger
