"""Drawing one strip of a scene: a stack of canvases, no recursion."""

from dataclasses import dataclass, field, replace

import numpy as np

from features.psd.utils.file.tree import Box
from features.psd.utils.pixels.codecs import DamagedPixels
from features.psd.utils.render.blend import Floats, blend_function
from features.psd.utils.render.canvas import Canvas, box_size, common, grown, part_of
from features.psd.utils.render.layering import Shape, draw
from features.psd.utils.render.scene import Do, Item, Scene, Step

_DAMAGED = "damaged pixels"


@dataclass
class _Frame:
    """A canvas in work. `base` is the shape that a clipping stack is clipped to.

    Of a group that passes through, `before` is what its canvas was. A frame without
    item is the strip itself. Nothing beyond `limit` is drawn. The last `overlap` rows
    will be drawn again with the next strip.
    """

    canvas: Canvas
    item: Item | None = None
    before: Canvas | None = None
    base: Shape | None = None
    limit: Floats | None = None
    overlap: int = 0


@dataclass
class StripPainter:
    """Draws strips of a scene, each below the one before."""

    scene: Scene
    problems: list[str] = field(default_factory=list)

    def paint(self, window: Box) -> Canvas:
        """Draw what is to be seen in a window."""
        frames = [_Frame(Canvas.empty(window))]
        skipped = 0
        for step in self.scene.steps:
            opens = step.do in (Do.OPEN, Do.OPEN_CLIP)
            closes = step.do in (Do.CLOSE, Do.CLOSE_CLIP)
            if skipped:
                # A base that closes opens its clipping stack at the same time.
                skipped += opens - (closes and not step.is_base)
            elif not self._take(step, frames):
                skipped = 1
        return frames[0].canvas

    def _take(self, step: Step, frames: list[_Frame]) -> bool:
        """Take a step; False where what it opens shows nothing here."""
        match step.do:
            case Do.OPEN:
                return self._open(_known(step), frames)
            case Do.CLOSE:
                self._close(step.is_base, frames)
            case Do.OPEN_CLIP:
                shape = self._shape(_known(step), frames[-1])
                if shape is None:
                    return False
                _open_clip(_known(step), shape, frames)
            case Do.CLOSE_CLIP:
                _close_clip(frames)
            case Do.ADJUST:
                self._adjust(_known(step), frames[-1])
            case Do.DRAW:
                shape = self._shape(_known(step), frames[-1])
                if shape is not None:
                    draw(frames[-1].canvas, _known(step), shape, frames[-1].limit)
        return True

    def _open(self, item: Item, frames: list[_Frame]) -> bool:
        below = frames[-1]
        if item.passes_through:
            fades = item.opacity < 1 or item.fill < 1 or item.masks.veils
            before = below.canvas.copy() if fades else None
            through = replace(below, item=item, before=before, base=None)
            frames.append(through)
            return True
        box: Box | None = grown(below.canvas.box, item.style.reach)
        if item.artboard is not None and box is not None:
            box = common(box, item.artboard.box)
        if box is None:
            return False
        canvas = Canvas.empty(box)
        if item.artboard is not None and item.artboard.background is not None:
            canvas.color[:], canvas.alpha[:] = item.artboard.background, 1
        overlap = below.overlap + 2 * item.style.reach
        frames.append(_Frame(canvas, item, overlap=overlap))
        return True

    def _close(self, is_base: bool, frames: list[_Frame]) -> None:
        frame = frames.pop()
        item, canvas = frame.item, frame.canvas
        assert item is not None
        if item.passes_through:
            if frame.before is not None:
                share = np.full(canvas.alpha.shape, item.opacity * item.fill)
                veil = self._veil(item, canvas.box)
                share = share if veil is None else share * veil
                canvas.blend_towards(frame.before, 1 - share.astype(np.float32))
            return
        shape = Shape(canvas.box, canvas.plain_color(), canvas.alpha)
        shape.hide(self._veil(item, canvas.box), item.mask_hides_effects)
        if is_base:
            _open_clip(item, shape, frames)
        else:
            draw(frames[-1].canvas, item, shape, frames[-1].limit)

    def _shape(self, item: Item, frame: _Frame) -> Shape | None:
        """Read what a layer shows, as far around the canvas as its effects look."""
        if item.body is None:
            return None
        reach = item.style.reach
        seen = common(frame.canvas.box, grown(item.body.box, reach))
        if seen is None:
            return None
        window = grown(seen, reach)
        overlap = frame.overlap + 2 * reach
        try:
            color, alpha = item.body.read(window, overlap)
        except DamagedPixels:
            self._note(_DAMAGED)
            return None
        shape = Shape(window, color, alpha)
        shape.hide(self._veil(item, window, overlap), item.mask_hides_effects)
        return shape

    def _adjust(self, item: Item, frame: _Frame) -> None:
        canvas = frame.canvas
        if item.adjustment is None:
            return
        color = canvas.plain_color()
        adjusted = item.adjustment.adjust(color)
        blend = blend_function(item.mode)
        if blend is not None:
            adjusted = blend(color, adjusted)
        share = np.full(canvas.alpha.shape, item.opacity * item.fill, np.float32)
        for cover in (self._veil(item, canvas.box), frame.limit):
            share = share if cover is None else share * cover
        weight = (share * canvas.alpha)[..., None]
        canvas.color += weight * (adjusted - color)

    def _veil(self, item: Item, window: Box, overlap: int = 0) -> Floats | None:
        try:
            return item.masks.cover(window, overlap)
        except DamagedPixels:
            self._note(_DAMAGED)
            return np.zeros(box_size(window), np.float32)

    def _note(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)


def _known(step: Step) -> Item:
    assert step.item is not None
    return step.item


def _open_clip(item: Item, shape: Shape, frames: list[_Frame]) -> None:
    """Start a clipping stack on its base, which is drawn last if all blend as one."""
    below = frames[-1]
    if item.clips_as_group:
        canvas = Canvas.filled(shape.box, shape.color)
        overlap = below.overlap + 2 * item.style.reach
        frames.append(_Frame(canvas, item, base=shape, overlap=overlap))
        return
    draw(below.canvas, item, shape, below.limit)
    limit = np.zeros(below.canvas.alpha.shape, np.float32)
    seen = common(below.canvas.box, shape.box)
    if seen is not None:
        limit[part_of(below.canvas.box, seen)] = shape.visible(seen)
    limit = limit if below.limit is None else limit * below.limit
    frames.append(_Frame(below.canvas, item, limit=limit))


def _close_clip(frames: list[_Frame]) -> None:
    frame = frames.pop()
    if frame.base is None:
        return
    assert frame.item is not None
    shape = frame.base
    shape.color = frame.canvas.color
    draw(frames[-1].canvas, frame.item, shape, frames[-1].limit)
