"""How far a layer's picture goes: its own box, and what effects add to it."""

from collections.abc import Iterable, Iterator, Sequence

import cv2

from features.psd.utils.file.kinds import adjustment_of
from features.psd.utils.file.tree import Box, Node
from features.psd.utils.pixels.samples import Bytes8
from features.psd.utils.render.artboards import read_artboard
from features.psd.utils.render.canvas import grown
from features.psd.utils.render.scene import Do, Scene


def stored_box(nodes: Sequence[Node], index: int) -> Box | None:
    """Return the box of a layer, of the visible layers in a group, or an artboard's."""
    artboard = read_artboard(nodes[index].record.blocks)
    if artboard is not None:
        return artboard.box
    return around(node.box for node in _shown_in(nodes, index) if not node.is_group)


def widest_box(scene: Scene) -> Box | None:
    """Return a box that holds all that a scene can touch."""
    boxes: list[Box | None] = []
    reach = [0]
    for step in scene.steps:
        item = step.item
        if item is not None:
            own = reach[-1] + item.style.reach
            boxes.append(item.artboard.box if item.artboard is not None else None)
            boxes.append(grown(item.body.box, own) if item.body is not None else None)
            if step.do in (Do.OPEN, Do.OPEN_CLIP):
                reach.append(own)
        elif not step.is_base:
            reach.pop()
    return around(boxes)


def seen_box(pixels: Bytes8, corner: tuple[int, int]) -> Box | None:
    """Return where RGBA pixels, whose corner lies at `corner`, show anything."""
    left, top, width, height = cv2.boundingRect(pixels[..., 3])
    if not width:
        return None
    left, top = left + corner[0], top + corner[1]
    return left, top, left + width, top + height


def around(boxes: Iterable[Box | None]) -> Box | None:
    """Return the smallest box around all that have any pixels."""
    full = [one for one in boxes if one and one[2] > one[0] and one[3] > one[1]]
    if not full:
        return None
    lefts, tops, rights, bottoms = zip(*full, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def clipped_to(nodes: Sequence[Node], index: int) -> list[int]:
    """Return the visible layers that are clipped to a layer."""
    base, members = nodes[index], []
    if base.record.clipped or adjustment_of(base.record) is not None:
        return []
    for node in nodes[index + 1 :]:
        if node.parent is not base.parent:
            if node.depth <= base.depth:
                break
            continue
        if not node.record.clipped:
            break
        if node.record.visible:
            members.append(node.index)
    return members


def _shown_in(nodes: Sequence[Node], index: int) -> Iterator[Node]:
    shown = {index}
    yield nodes[index]
    for node in nodes[index + 1 :]:
        if node.depth <= nodes[index].depth:
            return
        if node.parent and node.parent.index in shown and node.record.visible:
            shown.add(node.index)
            yield node
