"""Layer comps: their list in the document, their states in the layers' metadata."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from features.psd.utils.details.descriptor import Descriptor, DescriptorReader
from features.psd.utils.types import LayerComp, LayerCompState

MAX_COMPS: Final = 1000
# Over all comps of a document: eight thousand layers in a thousand comps are no use.
MAX_STATES: Final = 20_000
_VISIBILITY, _POSITION, _APPEARANCE = 1, 2, 4


def read_comps(
    block: memoryview | None, layers: Sequence[dict[bytes, memoryview]]
) -> list[LayerComp]:
    """Read the layer comps (resource 1065); `layers` are the layers' blocks by index.

    None where they are unreadable; a layer whose metadata is unreadable has no state.
    """
    with suppress(Exception):
        if block is not None:
            whole = DescriptorReader(block).versioned()
            states = _states(layers)
            applied = whole.integer("lastAppliedComp")
            comps = whole.inners("list")[:MAX_COMPS]
            return [_comp(comp, applied, states) for comp in comps]
    return []


def _comp(
    comp: Descriptor, applied: int | None, states: dict[int, list[LayerCompState]]
) -> LayerComp:
    number = comp.integer("compID") or 0
    captured = comp.integer("capturedInfo") or 0
    return LayerComp(
        name=comp.words("Nm") or "",
        comment=comp.words("comment") or None,
        is_applied=number == applied,
        captures_visibility=bool(captured & _VISIBILITY),
        captures_position=bool(captured & _POSITION),
        captures_appearance=bool(captured & _APPEARANCE),
        states=states.get(number, []),
    )


def _states(
    layers: Sequence[dict[bytes, memoryview]],
) -> dict[int, list[LayerCompState]]:
    found: dict[int, list[LayerCompState]] = {}
    left = MAX_STATES
    for index, blocks in enumerate(layers):
        for setting in _settings(blocks.get(b"shmd")):
            state = _state(index, setting)
            for number in setting.numbers("compList"):
                if left and _says_something(state):
                    found.setdefault(int(number), []).append(state)
                    left -= 1
    return found


def _state(index: int, setting: Descriptor) -> LayerCompState:
    offset = setting.inner("Ofst")
    return LayerCompState(
        index=index,
        visible=setting.flag("enab"),
        offset_x=offset.number("Hrzn"),
        offset_y=offset.number("Vrtc"),
    )


def _says_something(state: LayerCompState) -> bool:
    return state.visible is not None or state.offset_x is not None


def _settings(metadata: memoryview | None) -> list[Descriptor]:
    with suppress(Exception):
        if metadata is not None:
            for key, content in _entries(metadata):
                if key == b"cmls":
                    whole = DescriptorReader(content).versioned()
                    return whole.inners("layerSettings")
    return []


def _entries(metadata: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the keys and contents of a layer's metadata."""
    position = 4
    for _ in range(int.from_bytes(metadata[:4])):
        head = metadata[position : position + 16]
        if len(head) < 16:
            return
        size = int.from_bytes(head[12:])
        position += 16
        yield bytes(head[4:8]), metadata[position : position + size]
        position += size
