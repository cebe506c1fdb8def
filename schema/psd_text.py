"""The words of a PSD's text layers in the graph."""

from enum import Enum
from typing import Any, Self

import strawberry


@strawberry.enum
class PsdOrientation(Enum):
    """How something runs."""

    HORIZONTAL = "HORIZONTAL"
    VERTICAL = "VERTICAL"


@strawberry.enum
class PsdTextShape(Enum):
    """What text is set in."""

    POINT = strawberry.enum_value(
        "POINT", description="Lines as long as their words, from a point on."
    )
    BOX = strawberry.enum_value("BOX", description="Lines that break within a box.")


@strawberry.enum
class PsdTextCaps(Enum):
    """How letters are shown, whichever are written."""

    NORMAL = "NORMAL"
    SMALL_CAPS = "SMALL_CAPS"
    ALL_CAPS = "ALL_CAPS"


@strawberry.enum(
    description="JUSTIFY_… fill all lines; the last one stands where the name says."
)
class PsdTextAlignment(Enum):
    """Where the lines of a paragraph stand."""

    LEFT = "LEFT"
    CENTER = "CENTER"
    RIGHT = "RIGHT"
    JUSTIFY_LEFT = "JUSTIFY_LEFT"
    JUSTIFY_CENTER = "JUSTIFY_CENTER"
    JUSTIFY_RIGHT = "JUSTIFY_RIGHT"
    JUSTIFY_ALL = "JUSTIFY_ALL"


@strawberry.type
class PsdTextRun:
    """A piece of text in one style."""

    text: str
    font: str | None
    size: float | None
    color: str | None = strawberry.field(description="#rrggbb or #rrggbbaa")
    faux_bold: bool = strawberry.field(
        default=False, description="Made bold by Photoshop, whatever the font is."
    )
    faux_italic: bool = strawberry.field(
        default=False, description="Slanted by Photoshop, whatever the font is."
    )
    underline: bool = False
    strikethrough: bool = False
    caps: PsdTextCaps = PsdTextCaps.NORMAL
    tracking: float = strawberry.field(
        default=0.0, description="Added between letters, in thousandths of the size."
    )
    leading: float | None = strawberry.field(
        default=None,
        description="From line to line in pixels, the layer's scaling included; null "
        "where it follows the size.",
    )
    baseline_shift: float = strawberry.field(
        default=0.0, description="Pixels upwards, the layer's scaling included."
    )

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """Show a stored run."""
        caps = PsdTextCaps(stored.get("caps", "NORMAL"))
        return cls(**stored | {"caps": caps})


@strawberry.type(
    description="Indents and spaces are in the text's own space: pixels before its "
    "transform."
)
class PsdTextParagraph:
    """A paragraph, its line break left out."""

    text: str
    alignment: PsdTextAlignment
    first_line_indent: float
    start_indent: float
    end_indent: float
    space_before: float
    space_after: float

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """Show a stored paragraph."""
        alignment = PsdTextAlignment(stored["alignment"])
        return cls(**stored | {"alignment": alignment})


@strawberry.type
class PsdTextBox:
    """A box in a text's own space; it may lie at fractions of pixels."""

    left: float
    top: float
    width: float
    height: float


@strawberry.type
class PsdText:
    """A text layer's words."""

    content: str
    runs: list[PsdTextRun]
    paragraphs: list[PsdTextParagraph]
    orientation: PsdOrientation
    shape: PsdTextShape
    transform: list[float] = strawberry.field(
        description="xx, xy, yx, yy, tx, ty: a point (x, y) of the text's own space "
        "is at (xx·x + yx·y + tx, xy·x + yy·y + ty) in the document. Empty where the "
        "document was parsed before this was read."
    )
    box: PsdTextBox | None = strawberry.field(
        description="In the text's own space: the box that the text is set in, or the "
        "one around point text as Photoshop measured it."
    )
    warp: str | None = strawberry.field(
        description="How the text is bent, in Photoshop's words: arc, flag, wave, ..."
    )

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """Show a stored text; of one parsed long ago only content and runs are there."""
        box = stored.get("box")
        return cls(
            content=stored["content"],
            runs=[PsdTextRun.of(run) for run in stored["runs"]],
            paragraphs=[PsdTextParagraph.of(p) for p in stored.get("paragraphs", [])],
            orientation=PsdOrientation(stored.get("orientation", "HORIZONTAL")),
            shape=PsdTextShape(stored.get("shape", "POINT")),
            transform=stored.get("transform", []),
            box=_text_box(*box) if box else None,
            warp=stored.get("warp"),
        )


def _text_box(left: float, top: float, right: float, bottom: float) -> PsdTextBox:
    return PsdTextBox(left=left, top=top, width=right - left, height=bottom - top)
