"""What a layer shows by itself: stored pixels, a fill, a shape."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from psd_tools.psd.descriptor import DescriptorBlock

from features.psd.utils.file.container import Header
from features.psd.utils.file.kinds import has_pixels, kind_of
from features.psd.utils.file.records import Record
from features.psd.utils.file.tree import Box
from features.psd.utils.pixels.color import ColorSpace
from features.psd.utils.render.blend import Floats
from features.psd.utils.render.canvas import Canvas, common, grown
from features.psd.utils.render.descriptors import to_json
from features.psd.utils.render.paints import Paint, PaintShop
from features.psd.utils.render.paths import Path, read_path
from features.psd.utils.render.rows import Windowed, layer_pixels
from features.psd.utils.render.settings import flag, nested, number, word

_FILLS: Final = {b"SoCo": "plain", b"GdFl": "graded", b"PtFl": "tiled"}
_STROKE_SHARES: Final = {
    "strokeStyleAlignInside": (0.0, 1.0),
    "strokeStyleAlignOutside": (1.0, 0.0),
}


class Body(Protocol):
    """A layer's colours and coverage, no mask, opacity or effect applied."""

    @property
    def box(self) -> Box:
        """Where it can be seen."""

    def read(self, window: Box, overlap: int) -> tuple[Floats, Floats]:
        """Return colours (rows, width, 3), not premultiplied, and alpha (rows, width).

        `overlap` rows at the window's end will be asked for again. DamagedPixels
        where stored pixels cannot be unpacked.
        """


@dataclass(frozen=True)
class StoredPixels:
    """The layer's own pixels; a fill's go on beyond the canvas, where none is stored."""

    source: Windowed
    endless: bool = False

    @property
    def box(self) -> Box:
        """The stored bounds."""
        return self.source.box

    def read(self, window: Box, overlap: int) -> tuple[Floats, Floats]:
        """Unpack the window's rows."""
        inner = common(window, self.source.box) if self.endless else window
        pixels = self.source.read(inner or window, overlap).astype(np.float32)
        if inner is not None and inner != window:
            around = (
                (inner[1] - window[1], window[3] - inner[3]),
                (inner[0] - window[0], window[2] - inner[2]),
                (0, 0),
            )
            pixels = np.pad(pixels, around, mode="edge")
        pixels *= np.float32(1 / 255)
        return pixels[..., :3], pixels[..., 3]


@dataclass(frozen=True)
class Filled:
    """A paint, all over the canvas or inside a path, whose line may be drawn as well."""

    paint: Paint | None
    box: Box
    path: Path | None = None
    pen: Paint | None = None
    pen_width: float = 0.0
    pen_sides: tuple[float, float] = (0.5, 0.5)
    pen_opacity: float = 1.0

    def read(self, window: Box, overlap: int) -> tuple[Floats, Floats]:
        """Lay the paint."""
        canvas = Canvas.empty(window)
        inside = self.path.cover(window) if self.path is not None else np.float32(1)
        if self.paint is not None:
            color, cover = self.paint.lay(window)
            canvas.paint(color, np.asarray(cover * inside, np.float32), "normal")
        if self.path is not None and self.pen is not None:
            color, cover = self.pen.lay(window)
            line = self._line(self.path, window, np.asarray(inside, np.float32))
            canvas.paint(color, cover * line * self.pen_opacity, "normal")
        return canvas.plain_color(), canvas.alpha

    def _line(self, path: Path, window: Box, inside: Floats) -> Floats:
        outer, inner = self.pen_sides
        line = path.outline(window, self.pen_width * 2 * max(outer, inner))
        if outer and not inner:
            return line * (1 - inside)
        return line * inside if inner and not outer else line


def read_body(
    record: Record, header: Header, space: ColorSpace, shop: PaintShop
) -> tuple[Body | None, list[str]]:
    """Find what a layer shows, and name what of it cannot be drawn."""
    if has_pixels(record):
        source = layer_pixels(record, header, space)
        endless = kind_of(record) == "FILL" and source.box == shop.canvas
        return StoredPixels(source, endless), []
    path, broken = read_path(record.blocks, header.width, header.height)
    if broken or not (record.pixels_irrelevant or path):
        path = None
    over = (path.box if path is not None else None) or shop.canvas
    kind, settings = _fill_settings(record)
    if kind is None:
        return None, []
    paint = _paint(shop, kind, settings, over)
    if broken or isinstance(paint, str):
        return None, ["vector shape" if broken else str(paint)]
    return _with_stroke(record, Filled(paint, over, path), shop, over)


def extent_of(record: Record, header: Header, body: Body | None) -> Box | None:
    """Return the box that gradients are laid over: a shape's own, not its pixels'."""
    if record.pixels_irrelevant:
        path, _ = read_path(record.blocks, header.width, header.height)
        if path is not None and path.box is not None:
            return path.box
    return body.box if body is not None else None


def _with_stroke(
    record: Record, fill: Filled, shop: PaintShop, over: Box
) -> tuple[Body | None, list[str]]:
    settings = _descriptor(record.blocks.get(b"vstk"))
    if fill.path is None or not settings:
        return fill, []
    paint = fill.paint if settings.get("fillEnabled") is not False else None
    if not flag(settings, "strokeEnabled"):
        return (Filled(paint, over, fill.path) if paint else None), []
    content = nested(settings, "strokeStyleContent")
    kind = "graded" if "Grad" in content else "tiled" if "Ptrn" in content else "plain"
    pen = _paint(shop, kind, content, over)
    if isinstance(pen, str):
        return Filled(paint, over, fill.path), ["vector stroke"]
    width = min(max(number(settings, "strokeStyleLineWidth", default=1), 0), 1000)
    sides = _STROKE_SHARES.get(word(settings, "strokeStyleLineAlignment"), (0.5, 0.5))
    opacity = min(max(number(settings, "strokeStyleOpacity", default=100), 0), 100)
    wide = grown(over, round(width * sides[0]) + 2)
    stroked = Filled(paint, wide, fill.path, pen, width, sides, opacity / 100)
    return stroked, ["vector stroke"]


def _fill_settings(record: Record) -> tuple[str | None, dict[str, Any]]:
    for key, kind in _FILLS.items():
        if key in record.blocks:
            return kind, _descriptor(record.blocks[key])
    block = record.blocks.get(b"vscg")
    if block is not None and bytes(block[:4]) in _FILLS:
        return _FILLS[bytes(block[:4])], _descriptor(block[4:])
    return None, {}


def _paint(
    shop: PaintShop, kind: str, settings: dict[str, Any], over: Box
) -> Paint | str:
    if kind == "graded":
        return shop.graded(settings, over)
    return shop.tiled(settings, over) if kind == "tiled" else shop.plain(settings)


def _descriptor(block: memoryview | None) -> dict[str, Any]:
    with suppress(Exception):
        if block is not None:
            found = to_json(DescriptorBlock.frombytes(bytes(block)))
            return found if isinstance(found, dict) else {"Clr": found}
    return {}
