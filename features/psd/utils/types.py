"""What the engine tells about a document, in structs that cross a process border."""

from enum import StrEnum
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
    faux_bold: bool = False
    faux_italic: bool = False
    underline: bool = False
    strikethrough: bool = False
    caps: str = "NORMAL"
    tracking: float = 0.0
    leading: float | None = None
    baseline_shift: float = 0.0


class TextParagraph(msgspec.Struct, frozen=True, tag=True):
    """A paragraph without its line break; indents and spaces in the text's pixels."""

    text: str
    alignment: str
    first_line_indent: float = 0.0
    start_indent: float = 0.0
    end_indent: float = 0.0
    space_before: float = 0.0
    space_after: float = 0.0


class Text(msgspec.Struct, frozen=True, tag=True):
    """A text layer's words, lines parted by ``\\n``, and its styled runs in order.

    `transform` is xx, xy, yx, yy, tx, ty: from the text's own space to the document's.
    `box` is left, top, right, bottom in the text's own space.
    """

    content: str
    runs: list[TextRun]
    paragraphs: list[TextParagraph] = []
    orientation: str = "HORIZONTAL"
    shape: str = "POINT"
    transform: list[float] = []
    box: list[float] | None = None
    warp: str | None = None


class Effect(msgspec.Struct, frozen=True, tag=True):
    """One entry of a layer's effects; `settings` holds JSON values only."""

    kind: str
    enabled: bool
    settings: dict[str, Any]


class SmartObject(msgspec.Struct, frozen=True, tag=True):
    """What a smart object's layer places.

    `size` in bytes, `width` and `height` of what is placed, `corners` x and y of the
    top left one and clockwise on, in pixels of the document.
    """

    unique_id: str
    kind: str
    name: str | None
    media_type: str | None
    size: int | None
    width: float | None
    height: float | None
    corners: list[float]


class Artboard(msgspec.Struct, frozen=True, tag=True):
    """An artboard's own frame in pixels; `background` ``#rrggbb``, None: transparent."""

    left: int
    top: int
    width: int
    height: int
    preset: str | None
    background: str | None


class Guide(msgspec.Struct, frozen=True, tag=True):
    """A guide; a vertical one's `position` is its x, in pixels."""

    orientation: str
    position: float


class Slice(msgspec.Struct, frozen=True, tag=True):
    """A part of the canvas that is exported by itself; bounds in pixels."""

    name: str | None
    origin: str
    left: int
    top: int
    width: int
    height: int
    url: str | None
    alt_text: str | None
    message: str | None


class LayerCompState(msgspec.Struct, frozen=True, tag=True):
    """What a comp says of the layer at `index`; None where it says nothing of it."""

    index: int
    visible: bool | None
    offset_x: float | None
    offset_y: float | None


class LayerComp(msgspec.Struct, frozen=True, tag=True):
    """A state of the document that its designer has kept under a name."""

    name: str
    comment: str | None
    is_applied: bool
    captures_visibility: bool
    captures_position: bool
    captures_appearance: bool
    states: list[LayerCompState]


class Swatch(msgspec.Struct, frozen=True, tag=True):
    """A colour, ``#rrggbb``, and how many layers use it."""

    color: str
    layer_count: int


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
    fill: dict[str, Any] | None = None
    line: dict[str, Any] | None = None
    artboard: Artboard | None = None
    smart_object: SmartObject | None = None


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
    guides: list[Guide] = []
    slices: list[Slice] = []
    layer_comps: list[LayerComp] = []
    swatches: list[Swatch] = []


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


class EmbeddedExported(msgspec.Struct, frozen=True, tag=True):
    """The file inside the smart objects at `indexes` has been written.

    `size` in bytes, `sha256` in hex.
    """

    indexes: list[int]
    path: str
    content_type: str
    size: int
    sha256: str


class LayerDamaged(msgspec.Struct, frozen=True, tag=True):
    """The layer at `index` has pixels that cannot be unpacked.

    Its fidelity is NONE from now on, and `reason` belongs in its `unsupported`.
    """

    index: int
    reason: str


Message = (
    Structure | FlattenedExported | LayerExported | LayerDamaged | EmbeddedExported
)


class ImageDepth(StrEnum):
    """How many bits for each channel PNG files get."""

    EIGHT = "EIGHT"
    AS_STORED = "AS_STORED"


class Limits(msgspec.Struct, frozen=True, tag=True):
    """What a document may ask for.

    `max_side` in pixels, `max_pixels` the sum of width times height over canvas
    and layers, `max_depth` the levels of groups.
    """

    max_side: int
    max_layers: int
    max_pixels: int
    max_depth: int = 100
