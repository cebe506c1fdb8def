"""From flat records to layers: indexes, parents, paths, depths and groups' bounds."""

from dataclasses import dataclass, field
from typing import Final

from features.psd.exceptions import over_limit
from features.psd.utils.file.kinds import GROUP_END, GROUP_SECTIONS
from features.psd.utils.file.records import Record
from features.psd.utils.types import Limits

# Names of layers together with those of the groups around each, in characters.
MAX_PATHS: Final = 16_000_000

Box = tuple[int, int, int, int]


@dataclass
class Node:
    """A layer's place in the tree; `box` is left, top, right, bottom, or empty."""

    record: Record
    index: int
    parent: "Node | None"
    depth: int
    box: Box | None = field(default=None)

    @property
    def is_group(self) -> bool:
        """Whether layers can be in it."""
        return self.record.section in GROUP_SECTIONS

    @property
    def path(self) -> list[str]:
        """Names from the outermost group to this layer."""
        names = [self.record.name]
        node = self.parent
        while node is not None:
            names.append(node.record.name)
            node = node.parent
        return names[::-1]


def build_tree(records: list[Record], limits: Limits) -> list[Node]:
    """Order records, which come from the bottom, into nodes by index.

    A group's lower end precedes its layers and its own record follows them; where
    the two do not pair up, a lower end is left out and a group is empty. Raises
    PsdError LIMIT_EXCEEDED on too many layers or levels.
    """
    groups = _pair_groups(records)
    nodes: list[Node] = []
    parent: Node | None = None
    depth = 0
    for position, record in enumerate(records):
        if record.section == GROUP_END:
            if position in groups:
                parent = Node(records[groups[position]], len(nodes), parent, depth)
                nodes.append(parent)
                depth += 1
        elif position in groups and parent is not None:
            parent, depth = parent.parent, depth - 1
        else:
            nodes.append(Node(record, len(nodes), parent, depth))
        _check(nodes, depth, limits)
    _check_paths(nodes)
    _measure(nodes)
    return nodes


def _pair_groups(records: list[Record]) -> dict[int, int]:
    """Map the position of each lower end to its group's, and each group's back."""
    pairs: dict[int, int] = {}
    ends: list[int] = []
    for position, record in enumerate(records):
        if record.section == GROUP_END:
            ends.append(position)
        elif record.section in GROUP_SECTIONS and ends:
            end = ends.pop()
            pairs[end], pairs[position] = position, end
    return pairs


def _check(nodes: list[Node], depth: int, limits: Limits) -> None:
    if len(nodes) > limits.max_layers:
        raise over_limit(
            f"This document has more than {limits.max_layers} layers. "
            "Merge some of them, or split the document."
        )
    if depth > limits.max_depth:
        raise over_limit(
            f"Groups in this document are nested more than {limits.max_depth} levels "
            "deep. Flatten some of them."
        )


def _check_paths(nodes: list[Node]) -> None:
    """Refuse names that are short in the file, but long where each layer tells them."""
    lengths: list[int] = []
    for node in nodes:
        around = lengths[node.parent.index] if node.parent else 0
        lengths.append(around + len(node.record.name))
    if sum(lengths) > MAX_PATHS:
        raise over_limit(
            "The names of groups in this document are too long for so many layers in "
            "them. Give the groups shorter names."
        )


def _measure(nodes: list[Node]) -> None:
    """Give each layer its stored box and each group the one around all its layers."""
    for node in reversed(nodes):
        record = node.record
        if not node.is_group:
            node.box = (
                record.left,
                record.top,
                record.left + record.width,
                record.top + record.height,
            )
        box = node.box
        if node.parent and box and box[2] > box[0] and box[3] > box[1]:
            node.parent.box = _around(node.parent.box, box)


def _around(outer: Box | None, inner: Box) -> Box:
    if outer is None:
        return inner
    return (
        min(outer[0], inner[0]),
        min(outer[1], inner[1]),
        max(outer[2], inner[2]),
        max(outer[3], inner[3]),
    )
