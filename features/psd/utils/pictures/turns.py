"""Handing out a document's pictures to any number of processes."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from features.psd.utils.file.container import Header
from features.psd.utils.file.kinds import has_pixels
from features.psd.utils.file.tree import Node

_LARGE: Final = 1 << 20


def in_order(header: Header, nodes: Sequence[Node]) -> list[Node | None]:
    """Put pictures in an order in which processes end together; None is the flattened.

    Large ones come first, of each sort from the bottom; but where the flattened one
    is large itself, the smallest layer precedes it: there is something to show soon.
    """
    pictured = [node for node in nodes if has_pixels(node.record)]
    large = [one for one in pictured if _pixels(one) > _LARGE]
    small = [one for one in pictured if _pixels(one) <= _LARGE]
    soon: list[Node] = []
    if small and header.width * header.height > _LARGE:
        soon = [min(small, key=_pixels)]
    rest = [one for one in small if one not in soon]
    return [*soon, None, *large, *rest]


def taken[T](pieces: Sequence[T], turns: Path | None) -> Iterator[T]:
    """Yield the pieces that fall to this process: each to one of those that share `turns`.

    All of them must ask for the same pieces in the same order. A piece is taken when
    the one before is done, so that shares are even whatever each piece costs.
    """
    if turns is None:
        yield from pieces
        return
    counter = os.open(turns, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while (turn := _next(counter)) < len(pieces):
            yield pieces[turn]
    finally:
        os.close(counter)


def _next(counter: int) -> int:
    """Return how many turns were taken before this one."""
    fcntl.flock(counter, fcntl.LOCK_EX)
    try:
        turn = int.from_bytes(os.pread(counter, 8, 0))
        os.pwrite(counter, (turn + 1).to_bytes(8), 0)
    finally:
        fcntl.flock(counter, fcntl.LOCK_UN)
    return turn


def _pixels(node: Node) -> int:
    return node.record.width * node.record.height
