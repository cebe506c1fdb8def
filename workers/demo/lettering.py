"""Text as pixels: Latin by Pillow's own font, Chinese by strokes."""

from dataclasses import dataclass
from functools import cache
from math import ceil

from PIL import Image, ImageDraw, ImageFont

from workers.demo.design import Color, Layer, Picture, Run
from workers.demo.glyphs import STROKES
from workers.demo.shapes import Pen, mask

SANS = "SourceHanSansSC-Regular"
SANS_BOLD = "SourceHanSansSC-Bold"
_LEADING = 1.4
_MARGIN = 8


@dataclass(frozen=True)
class _Place:
    """Where a run's character goes; `baseline` from the top of the drawing."""

    character: str
    run: Run
    x: float
    baseline: float


def run(
    text: str, size: float, color: Color, *, bold: bool = False, struck: bool = False
) -> Run:
    """Style a piece of text in the page's own font."""
    font = SANS_BOLD if bold else SANS
    return Run(text, size, color, font, bold=bold, strikethrough=struck)


def words(
    name: str,
    x: int,
    baseline: int,
    *runs: Run,
    align: str = "left",
    visible: bool = True,
) -> Layer:
    """Make a text layer whose first line stands at a place, drawn as far as it can be.

    `align` is how the line lies to `x`: left, center or right.
    """
    places, width, height = _set(runs)
    image = Image.new("RGBA", (ceil(width) + 2 * _MARGIN, ceil(height) + 2 * _MARGIN))
    for place in places:
        _draw(image, place)
    box = image.getbbox()
    assert box is not None
    shift = {"left": 0.0, "center": width / 2, "right": width}[align]
    first = places[0].baseline
    return Picture(
        name,
        image.crop(box),
        left=round(x - shift) + box[0] - _MARGIN,
        top=round(baseline - first) + box[1] - _MARGIN,
        runs=runs,
        baseline=baseline,
        visible=visible,
    )


def _set(runs: tuple[Run, ...]) -> tuple[list[_Place], float, float]:
    """Lay characters out in lines; return them with the block's width and height."""
    leading = max(run.size for run in runs) * _LEADING
    baseline, x, width = max(run.size for run in runs), 0.0, 0.0
    places = []
    for piece in runs:
        for character in piece.text:
            if character == "\r":
                x, baseline = 0.0, baseline + leading
                continue
            places.append(_Place(character, piece, x, baseline))
            x += _advance(character, piece.size)
            width = max(width, x)
    return places, width, baseline + leading - max(run.size for run in runs)


def _draw(image: Image.Image, place: _Place) -> None:
    style = place.run
    x, baseline = place.x + _MARGIN, place.baseline + _MARGIN
    draw = ImageDraw.Draw(image)
    ink = (*style.color, 255)
    if _is_chinese(place.character):
        stamp = _stroked(place.character, round(style.size), style.bold)
        corner = round(x), round(baseline - 0.86 * style.size)
        image.paste(ink, corner, stamp)
    else:
        weight = style.size / 40 if style.bold else 0
        draw.text(
            (x, baseline),
            place.character,
            ink,
            _font(style.size),
            "ls",
            stroke_width=weight,
        )
    if style.strikethrough:
        end = x + _advance(place.character, style.size)
        height = baseline - 0.3 * style.size
        draw.line([(x, height), (end, height)], ink, max(1, round(style.size / 16)))


@cache
def _stroked(character: str, size: int, bold: bool) -> Image.Image:
    unit = size * 0.92 / 100
    weight = size * (0.095 if bold else 0.065)

    def draw(pen: Pen) -> None:
        for stroke in STROKES.get(character, ()):
            points = [(size * 0.04 + x * unit, y * unit) for x, y in stroke]
            pen.line(points, weight)
        if character not in STROKES:
            pen.round_box(size * 0.1, size * 0.3, size * 0.9, size * 0.6, size * 0.1)

    return mask(size, size, draw)


def _advance(character: str, size: float) -> float:
    if _is_chinese(character):
        return size
    return float(_font(size).getlength(character)) + size * 0.01


def _is_chinese(character: str) -> bool:
    return ord(character) >= 0x3000


@cache
def _font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
