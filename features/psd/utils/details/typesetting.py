"""Styles of characters and paragraphs in what the text engine keeps."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import msgspec

from features.psd.utils.details.colors import hex_color, ink_parts
from features.psd.utils.details.engine_data import EngineValue
from features.psd.utils.types import TextParagraph, TextRun
from features.psd.utils.words import clean

# Photoshop parts paragraphs by CR and lines within one by ETX.
_LINE_BREAKS: Final = str.maketrans({"\r": "\n", "\x03": "\n"})
_CAPS: Final = ("NORMAL", "SMALL_CAPS", "ALL_CAPS")
_ALIGNMENTS: Final = (
    "LEFT",
    "RIGHT",
    "CENTER",
    "JUSTIFY_LEFT",
    "JUSTIFY_RIGHT",
    "JUSTIFY_CENTER",
    "JUSTIFY_ALL",
)

type _Section = dict[str, EngineValue]


def line_breaks(words: str) -> str:
    """Part lines by LF alone."""
    return words.translate(_LINE_BREAKS)


class Typesetting:
    """The runs and paragraphs of one text; `scale` makes its sizes pixels.

    ValueError where the engine keeps nothing of the text.
    """

    def __init__(self, engine: _Section, words: str, *, scale: float) -> None:
        if "EngineDict" not in engine:
            raise ValueError("engine data without its main part")
        self._engine = _at(engine, "EngineDict")
        self._resources = _at(engine, "ResourceDict")
        # Lengths of runs count UTF-16 units.
        self._packed = words.rstrip("\0").encode("utf-16-be", "surrogatepass")
        self._scale = scale
        self._fonts = [_at(font) for font in _list(self._resources, "FontSet")]

    @property
    def frame(self) -> list[float] | None:
        """The box that text is set in, if it is: left, top, right, bottom."""
        shapes = _at(self._engine, "Rendered", "Shapes")
        for shape in _list(shapes, "Children"):
            box = _list(_at(_at(shape), "Cookie", "Photoshop"), "BoxBounds")
            sides = [float(side) for side in box if isinstance(side, int | float)]
            if _at(shape).get("ShapeType") == 1 and len(sides) == 4:
                return sides
        return None

    def runs(self) -> list[TextRun]:
        """Return the pieces that are set alike, neighbours of one style as one."""
        usual = self._usual("StyleSheetSet", "TheNormalStyleSheet", "StyleSheetData")
        styled = [
            (self._run(usual | _at(run, "StyleSheet", "StyleSheetData")), words)
            for run, words in self._pieces("StyleRun")
        ]
        return [
            msgspec.structs.replace(
                run, text=line_breaks(clean("".join(words for _, words in pieces)))
            )
            for run, pieces in groupby(styled, key=itemgetter(0))
        ]

    def paragraphs(self) -> list[TextParagraph]:
        """Return the paragraphs; their line breaks are left out."""
        usual = self._usual(
            "ParagraphSheetSet", "TheNormalParagraphSheet", "Properties"
        )
        return [
            _paragraph(words, usual | _at(run, "ParagraphSheet", "Properties"))
            for run, words in self._pieces("ParagraphRun")
        ]

    def _usual(self, sheets: str, chosen: str, inner: str) -> _Section:
        """Return the values that hold where a run says nothing else."""
        found, index = _list(self._resources, sheets), self._resources.get(chosen)
        if isinstance(index, int) and 0 <= index < len(found):
            return _at(found[index], inner)
        return {}

    def _pieces(self, kind: str) -> Iterator[tuple[EngineValue, str]]:
        """Yield each run's settings and words; one run of all where none are told."""
        section = _at(self._engine, kind)
        settings = _list(section, "RunArray")
        lengths = _list(section, "RunLengthArray") or [len(self._packed)]
        start = 0
        for index, length in enumerate(lengths):
            if not isinstance(length, int) or start >= len(self._packed):
                return
            end = start + 2 * max(length, 0)
            words = self._packed[start:end].decode("utf-16-be", "surrogatepass")
            if words:
                yield settings[index] if index < len(settings) else None, words
            start = end

    def _run(self, style: _Section) -> TextRun:
        leading = _number(style, "Leading", 0.0)
        automatic = style.get("AutoLeading", True) is not False
        caps = _index(style, "FontCaps")
        return TextRun(
            text="",
            font=self._font(style),
            size=self._pixels(_number(style, "FontSize", 12.0)),
            color=_color(_at(style, "FillColor")),
            faux_bold=style.get("FauxBold") is True,
            faux_italic=style.get("FauxItalic") is True,
            underline=style.get("Underline") is True,
            strikethrough=style.get("Strikethrough") is True,
            caps=_CAPS[caps] if caps < len(_CAPS) else _CAPS[0],
            tracking=_number(style, "Tracking", 0.0),
            leading=None if automatic else self._pixels(leading),
            baseline_shift=self._pixels(_number(style, "BaselineShift", 0.0)),
        )

    def _font(self, style: _Section) -> str | None:
        index = style.get("Font")
        if not isinstance(index, int) or not 0 <= index < len(self._fonts):
            return None
        name = self._fonts[index].get("Name")
        return clean(name) or None if isinstance(name, str) else None

    def _pixels(self, size: float) -> float:
        return round(size * self._scale, 4)


def _paragraph(words: str, style: _Section) -> TextParagraph:
    alignment = _index(style, "Justification")
    known = alignment < len(_ALIGNMENTS)
    return TextParagraph(
        text=line_breaks(clean(words).removesuffix("\r")),
        alignment=_ALIGNMENTS[alignment if known else 0],
        first_line_indent=_number(style, "FirstLineIndent", 0.0),
        start_indent=_number(style, "StartIndent", 0.0),
        end_indent=_number(style, "EndIndent", 0.0),
        space_before=_number(style, "SpaceBefore", 0.0),
        space_after=_number(style, "SpaceAfter", 0.0),
    )


def _at(value: EngineValue, *names: str) -> _Section:
    """Return what stands under names, one in the other; empty where that is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _list(section: _Section, name: str) -> list[Any]:
    value = section.get(name)
    return value if isinstance(value, list) else []


def _number(section: _Section, name: str, default: float) -> float:
    value = section.get(name)
    told = isinstance(value, int | float) and abs(value) < 1e9
    return float(value) if told else default  # type: ignore[arg-type]


def _index(section: _Section, name: str) -> int:
    value = section.get(name)
    return value if isinstance(value, int) and value >= 0 else 0


def _color(fill: _Section) -> str | None:
    """Return the fill, which is alpha and 1 gray, 3 RGB or 4 CMYK parts, 0 to 1."""
    told = [part for part in _list(fill, "Values") if isinstance(part, int | float)]
    values = [min(max(float(part), 0.0), 1.0) for part in told]
    match values:
        case [alpha, gray]:
            parts = [gray] * 3
        case [alpha, *parts] if len(parts) == 3:
            pass
        case [alpha, *inks] if len(inks) == 4:
            parts = ink_parts(inks)
        case _:
            return None
    return hex_color(parts if alpha == 1 else [*parts, alpha])
