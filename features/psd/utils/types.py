"""What the engine tells about a document, in structs that cross a process border."""

from typing import Any

import msgspec


class TextRun(msgspec.Struct, frozen=True, tag=True):
    """A piece of text set in one style.

    `size` is in pixels of the document, the layer's own scaling included; `color`
    is ``#rrggbb``, or ``#rrggbbaa`` where it is not opaque.
    """

    text: str
    font: str | None
    size: float | None
    color: str | None


class Text(msgspec.Struct, frozen=True, tag=True):
    """A text layer's words, lines parted by ``\\n``, and its styled runs in order."""

    content: str
    runs: list[TextRun]


class Effect(msgspec.Struct, frozen=True, tag=True):
    """One entry of a layer's effects; `settings` holds JSON values only."""

    kind: str
    enabled: bool
    settings: dict[str, Any]


class Layer(msgspec.Struct, frozen=True, tag=True):
    """One layer, as `PsdLayer` in the schema tells it.

    Bounds are in pixels from the canvas' top left corner, opacity is 0 to 1.
    """

    index: int
    parent_index: int | None
    name: str
    path: list[str]
    depth: int
    kind: str
    visible: bool
    opacity: float
    blend_mode: str
    left: int
    top: int
    width: int
    height: int
    clipped: bool
    has_mask: bool
    has_vector_mask: bool
    text: Text | None
    effects: list[Effect]
    fidelity: str
    unsupported: list[str]


class Document(msgspec.Struct, frozen=True, tag=True):
    """A whole document; `layers` by index, which is the position from the bottom."""

    width: int
    height: int
    color_mode: str
    bit_depth: int
    is_large: bool
    dpi: float | None
    icc_profile: str | None
    fonts: list[str]
    layers: list[Layer]


class Picture(msgspec.Struct, frozen=True, tag=True):
    """An image file that has been written; `size` in bytes, `sha256` in hex."""

    path: str
    content_type: str
    width: int
    height: int
    size: int
    sha256: str


class Structure(msgspec.Struct, frozen=True, tag=True):
    """All but the pixels: always the first message."""

    document: Document


class FlattenedExported(msgspec.Struct, frozen=True, tag=True):
    """The flattened document's image and preview have been written.

    `composed` tells that they are this engine's work: the file embeds none.
    """

    image: Picture
    preview: Picture
    composed: bool = False


class LayerExported(msgspec.Struct, frozen=True, tag=True):
    """The image and the preview of the layer at `index` have been written."""

    index: int
    image: Picture
    preview: Picture


class LayerDamaged(msgspec.Struct, frozen=True, tag=True):
    """The layer at `index` has pixels that cannot be unpacked.

    Its fidelity is NONE from now on, and `reason` belongs in its `unsupported`.
    """

    index: int
    reason: str


Message = Structure | FlattenedExported | LayerExported | LayerDamaged


class Limits(msgspec.Struct, frozen=True, tag=True):
    """What a document may ask for.

    `max_side` in pixels, `max_pixels` the sum of width times height over canvas
    and layers, `max_depth` the levels of groups.
    """

    max_side: int
    max_layers: int
    max_pixels: int
    max_depth: int = 100
