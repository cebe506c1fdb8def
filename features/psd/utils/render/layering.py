"""Putting one layer with its effects onto a canvas."""

from dataclasses import dataclass

import numpy as np

from features.psd.utils.file.tree import Box
from features.psd.utils.render.blend import Floats
from features.psd.utils.render.canvas import Canvas, common, part_of
from features.psd.utils.render.scene import Item


@dataclass
class Shape:
    """A layer's colours (rows, width, 3), its coverage, and what hides its effects too.

    `cover` is what effects are made from.
    """

    box: Box
    color: Floats
    cover: Floats
    veil: Floats | None = None

    def hide(self, veil: Floats | None, effects_too: bool) -> None:
        """Apply a mask: to the shape, or to all that is drawn of it."""
        if veil is None:
            return
        if effects_too:
            self.veil = veil if self.veil is None else self.veil * veil
        else:
            self.cover = self.cover * veil

    def visible(self, box: Box) -> Floats:
        """Return what of the layer itself covers a part of the box."""
        place = part_of(self.box, box)
        cover = self.cover[place]
        return cover if self.veil is None else cover * self.veil[place]


def draw(canvas: Canvas, item: Item, shape: Shape, limit: Floats | None) -> None:
    """Draw a layer, below `limit` (rows and width of the canvas) where there is one."""
    box = common(canvas.box, shape.box)
    if box is None:
        return
    if limit is not None:
        limit = limit[part_of(canvas.box, box)]
    target = canvas.view(box)
    if not item.style:
        cover = shape.visible(box) * np.float32(item.opacity * item.fill)
        cover = cover if limit is None else cover * limit
        color = shape.color[part_of(shape.box, box)]
        target.paint(color, cover, item.mode, as_text=item.as_text)
        return
    styled = _styled(target, item, shape)
    share = None if shape.veil is None else shape.veil[part_of(shape.box, box)]
    if limit is not None:
        share = limit if share is None else share * limit
    if share is None:
        share = np.ones_like(target.alpha)
    target.blend_towards(styled, share)


def _styled(target: Canvas, item: Item, shape: Shape) -> Canvas:
    """Return the canvas with the layer and its effects, wherever it is not masked."""
    # Effects look around: all is drawn on the shape's larger box and cut out.
    wide = Canvas.empty(shape.box)
    place = part_of(shape.box, target.box)
    wide.color[place], wide.alpha[place] = target.color, target.alpha
    below = wide.copy()
    item.style.paint_outer(below, shape.cover, item.opacity)
    backdrop = wide if item.style.knocks_out else below
    upon = _interior(backdrop, item, shape)
    if item.opacity < 1:
        inside = backdrop.copy()
        inside.blend_towards(upon, np.full_like(shape.cover, item.opacity))
    else:
        inside = upon
    below.blend_towards(inside, shape.cover, as_text=item.as_text)
    return below.view(target.box)


def _interior(backdrop: Canvas, item: Item, shape: Shape) -> Canvas:
    """Return the canvas as if the layer covered all of it."""
    fill = np.full_like(shape.cover, item.fill)
    upon = backdrop.copy()
    if item.blends_interior:
        own = Canvas.filled(shape.box, shape.color)
        item.style.paint_inner(own, shape.cover)
        upon.paint(own.plain_color(), fill, item.mode)
        return upon
    upon.paint(shape.color, fill, item.mode)
    item.style.paint_inner(upon, shape.cover)
    return upon
