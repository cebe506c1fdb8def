"""What is to be drawn, in order: a document's tree as a list of steps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from features.psd.utils.file.container import Container, ResourceId
from features.psd.utils.file.kinds import adjustment_of, blend_mode_of, kind_of
from features.psd.utils.file.records import Record
from features.psd.utils.file.tree import Box, Node
from features.psd.utils.pixels.color import ColorSpace
from features.psd.utils.render.adjustments import Adjustment, read_adjustment
from features.psd.utils.render.artboards import Artboard, read_artboard
from features.psd.utils.render.bodies import Body, extent_of, read_body
from features.psd.utils.render.effects.stored import stored_effects
from features.psd.utils.render.effects.style import Style, read_style
from features.psd.utils.render.grays import gray_adjustment
from features.psd.utils.render.masks import Masks, read_masks
from features.psd.utils.render.paints import PaintShop

PASS_THROUGH = "pass through"
_PICTURE_FONTS = ("ColorEmoji", "UIEmoji")
# Their fill opacity bends the formula, not the coverage.
_BENT_BY_FILL = (
    "color burn",
    "linear burn",
    "color dodge",
    "linear dodge",
    "vivid light",
    "linear light",
    "hard mix",
    "difference",
)


class Do(Enum):
    """A step's kind."""

    DRAW = auto()
    ADJUST = auto()
    OPEN = auto()
    CLOSE = auto()
    OPEN_CLIP = auto()
    CLOSE_CLIP = auto()


@dataclass
class Item:
    """A layer or group, ready to be drawn; `opacity` and `fill` from 0 to 1."""

    mode: str
    opacity: float
    fill: float
    masks: Masks
    style: Style
    body: Body | None = None
    adjustment: Adjustment | None = None
    artboard: Artboard | None = None
    clips_as_group: bool = True
    blends_interior: bool = False
    mask_hides_effects: bool = False
    as_text: bool = False

    @property
    def passes_through(self) -> bool:
        """Whether a group's layers are drawn right onto what lies below it."""
        return self.mode == PASS_THROUGH


@dataclass(frozen=True)
class Step:
    """One step of drawing; what closes has no item of its own.

    A group that is CLOSEd may be the base that others are clipped to.
    """

    do: Do
    item: Item | None = None
    is_base: bool = False


_Waiting = Step | tuple[Node, bool]


@dataclass
class Scene:
    """Steps from the bottom, and what cannot be drawn as Photoshop does."""

    steps: list[Step] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class SceneBuilder:
    """Turns nodes into steps."""

    def __init__(self, container: Container, space: ColorSpace) -> None:
        self._container, self._space = container, space
        self._shop = PaintShop(container, space)
        self._scene = Scene()
        light = container.resources.get(ResourceId.GLOBAL_ANGLE)
        self._global_angle = int.from_bytes(light[:4], signed=True) if light else None
        # Written by the compositor that came with the mixing of text in light.
        self._bends_text = b"cinf" in container.blocks

    def build(self, nodes: Sequence[Node], chosen: Sequence[int] | None) -> Scene:
        """Make the steps of all visible layers, or of chosen ones and what is in them.

        What is chosen is drawn whether it is visible or not, and without the groups
        around it.
        """
        siblings: dict[int, list[Node]] = {}
        for node in nodes:
            siblings.setdefault(_parent(node), []).append(node)
        bases = _bases(siblings.values())
        if chosen is None:
            roots = _shown(siblings.get(-1, []), bases)
        else:
            roots = _outermost(nodes, chosen)
        waiting = _stacked(roots, bases)[::-1]
        while waiting:
            next_ = waiting.pop()
            if isinstance(next_, Step):
                self._scene.steps.append(next_)
                continue
            node, is_base = next_
            inside = _shown(siblings.get(node.index, []), bases)
            waiting += self._steps(node, is_base, _stacked(inside, bases))[::-1]
        return self._scene

    def _steps(
        self, node: Node, is_base: bool, inside: list[_Waiting]
    ) -> list[_Waiting]:
        """Return a node's own steps, from the bottom, around what is in it."""
        item = self._item(node)
        if node.is_group:
            if item.passes_through and (is_base or item.style):
                item.mode = "normal"
            close = Step(Do.CLOSE, is_base=is_base)
            return [Step(Do.OPEN, item), *inside, close]
        if item.adjustment is not None:
            return [Step(Do.ADJUST, item)]
        if item.body is None and not is_base:
            return []
        return [Step(Do.OPEN_CLIP if is_base else Do.DRAW, item)]

    def _item(self, node: Node) -> Item:
        record, header = node.record, self._container.header
        effects = stored_effects(record.blocks, self._global_angle)
        masks = read_masks(record, header)
        item = Item(
            mode=blend_mode_of(record),
            opacity=record.opacity / 255,
            fill=_byte(record, b"iOpa", 255) / 255,
            masks=masks,
            style=Style(),
            clips_as_group=bool(_byte(record, b"clbl", 1)),
            blends_interior=bool(_byte(record, b"infx", 0)),
            mask_hides_effects=bool(_byte(record, b"lmgm", 0)),
            as_text=self._bends_text and _is_of_outlines(record),
        )
        problems = [*masks.problems]
        if node.is_group:
            item.artboard = read_artboard(record.blocks)
        else:
            problems += self._read_content(record, item)
        over = extent_of(record, header, item.body) or node.box
        item.style = read_style(effects, self._shop, over or self._shop.canvas)
        self._note(problems + item.style.problems + _unusual(record, item))
        return item

    def _read_content(self, record: Record, item: Item) -> list[str]:
        mode = self._container.header.mode
        name = adjustment_of(record)
        if name is None:
            item.body, problems = read_body(
                record, self._container.header, self._space, self._shop
            )
            return problems
        item.adjustment = read_adjustment(record.blocks, mode)
        if item.adjustment is None:
            return [name]
        names = [name] if item.adjustment.approximate else []
        item.adjustment = gray_adjustment(
            item.adjustment, self._container.header, self._space
        )
        return names

    def _note(self, problems: Iterable[str]) -> None:
        known = self._scene.problems
        known += [name for name in dict.fromkeys(problems) if name not in known]


def _parent(node: Node) -> int:
    return node.parent.index if node.parent is not None else -1


def _bases(families: Iterable[list[Node]]) -> dict[int, Node]:
    """Map the index of each clipped node to the sibling below that it is clipped to."""
    bases: dict[int, Node] = {}
    for family in families:
        base: Node | None = None
        for node in family:
            if not node.record.clipped:
                # What has no shape of its own clips nothing.
                base = node if adjustment_of(node.record) is None else None
            elif base is not None:
                bases[node.index] = base
    return bases


def _shown(family: list[Node], bases: dict[int, Node]) -> list[Node]:
    """Leave out what is hidden, by its own eye or by that of its base."""
    return [
        node
        for node in family
        if node.record.visible and bases.get(node.index, node).record.visible
    ]


def _outermost(nodes: Sequence[Node], chosen: Sequence[int]) -> list[Node]:
    """Return the chosen nodes that are in no other chosen one, from the bottom."""
    wanted, covered = set(chosen), set[int]()
    roots = []
    for node in nodes:
        if _parent(node) in covered:
            covered.add(node.index)
        elif node.index in wanted:
            covered.add(node.index)
            roots.append(node)
    return roots


def _stacked(nodes: list[Node], bases: dict[int, Node]) -> list[_Waiting]:
    """Mark bases, and close each after the last that is clipped to it.

    A clipped node whose base is not among them stands for itself.
    """
    stacked: list[_Waiting] = []
    present = {node.index for node in nodes}
    for place, node in enumerate(nodes):
        above = nodes[place + 1] if place + 1 < len(nodes) else None
        is_base = above is not None and bases.get(above.index) is node
        stacked.append((node, is_base))
        base = node if is_base else bases.get(node.index)
        goes_on = above is not None and base is not None
        goes_on = goes_on and above is not None and bases.get(above.index) is base
        if base is not None and base.index in present and not goes_on:
            stacked.append(Step(Do.CLOSE_CLIP))
    return stacked


def _is_of_outlines(record: Record) -> bool:
    """Tell whether it is text of letters, not of the pictures that emoji are."""
    block = bytes(record.blocks.get(b"TySh", b""))
    return kind_of(record) == "TEXT" and not any(
        font.encode("utf-16-be") in block for font in _PICTURE_FONTS
    )


def _byte(record: Record, key: bytes, default: int) -> int:
    block = record.blocks.get(key)
    return block[0] if block is not None and len(block) else default


def _unusual(record: Record, item: Item) -> list[str]:
    """Name settings of blending that are not drawn."""
    names = []
    if record.blends_by_range:
        names.append("blend if")
    if _byte(record, b"knko", 0):
        names.append("knockout")
    if item.fill < 1 and item.mode in _BENT_BY_FILL:
        names.append(f"fill opacity in {item.mode}")
    return names
