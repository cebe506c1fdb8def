"""A layer's effects in the order in which Photoshop draws them."""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from features.psd.utils.file.tree import Box
from features.psd.utils.render.blend import Floats
from features.psd.utils.render.canvas import Canvas
from features.psd.utils.render.effects.glows import Glow, Satin, Shadow
from features.psd.utils.render.effects.strokes import Stroke
from features.psd.utils.render.paints import Paint, PaintShop
from features.psd.utils.render.settings import nested, number, word
from features.psd.utils.types import Effect

# From the bottom; strokes are added to both lists.
_OUTER: Final = ("drop shadow", "outer glow")
_INNER: Final = (
    "pattern overlay",
    "gradient overlay",
    "color overlay",
    "satin",
    "inner glow",
    "inner shadow",
)
_LINEAR: Final = [{"Hrzn": 0.0, "Vrtc": 0.0}, {"Hrzn": 255.0, "Vrtc": 255.0}]
_STROKE_FILLS: Final = {"gradient": "graded", "pattern": "tiled"}


@dataclass(frozen=True)
class _Layered:
    """One effect: its paint, and what makes its coverage (None covers everything)."""

    paint: Paint
    maker: Shadow | Glow | Satin | Stroke | None
    opacity: float
    mode: str


@dataclass
class Style:
    """What is drawn below a layer and what upon it.

    `reach` are the pixels beyond the layer's shape that it touches, or needs to know.
    """

    outer: list[_Layered] = field(default_factory=list)
    inner: list[_Layered] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    knocks_out: bool = True

    def __bool__(self) -> bool:
        return bool(self.outer or self.inner)

    @property
    def reach(self) -> int:
        """Pixels."""
        makers = [one.maker for one in (*self.outer, *self.inner)]
        return max((maker.reach for maker in makers if maker is not None), default=0)

    def paint_outer(self, canvas: Canvas, shape: Floats, opacity: float) -> None:
        """Paint what lies below; `shape` covers the same box as the canvas.

        A stroke hides shadows and glows as the layer itself does.
        """
        bare = canvas.copy()
        for one in self.outer:
            match one.maker:
                case Shadow():
                    cover = one.maker.behind(shape)
                case Glow():
                    cover = one.maker.around(shape)
                case Stroke():
                    cover = one.maker.behind(shape, one.maker.distance(shape))
                    stroked = bare.copy()
                    _paint(stroked, one, np.full_like(cover, one.opacity * opacity))
                    canvas.blend_towards(stroked, cover)
                    continue
                case _:
                    continue
            _paint(canvas, one, cover * np.float32(one.opacity * opacity))

    def paint_inner(self, canvas: Canvas, shape: Floats) -> None:
        """Paint what lies upon it, also beyond the shape."""
        for one in self.inner:
            match one.maker:
                case Shadow() | Glow() | Satin():
                    cover = one.maker.within(shape)
                case Stroke():
                    cover = one.maker.within(one.maker.distance(shape))
                case None:
                    cover = np.ones_like(shape)
            _paint(canvas, one, cover * np.float32(one.opacity))


def read_style(effects: list[Effect], shop: PaintShop, over: Box) -> Style:
    """Make what is drawn of a layer's effects; `over` is the layer's own box."""
    style = Style()
    enabled = [effect for effect in effects if effect.enabled]
    for kinds, drawn in ((_OUTER, style.outer), (_INNER, style.inner)):
        for kind in kinds:
            # Of one kind, what is listed first lies on top.
            for effect in reversed([one for one in enabled if one.kind == kind]):
                drawn.extend(_read(effect, shop, over, style.problems))
                if effect.settings.get("layerKnocksOut") is False:
                    style.knocks_out = False
    for effect in reversed([one for one in enabled if one.kind == "stroke"]):
        for layered in _read(effect, shop, over, style.problems):
            assert isinstance(layered.maker, Stroke)
            if layered.maker.outer:
                style.outer.append(layered)
            if layered.maker.inner:
                style.inner.append(layered)
    drawable = {*_OUTER, *_INNER, "stroke"}
    # Seen in one file only, and not where it changes.
    drawable.discard("satin")
    style.problems += [one.kind for one in enabled if one.kind not in drawable]
    return style


def _read(
    effect: Effect, shop: PaintShop, over: Box, problems: list[str]
) -> list[_Layered]:
    settings = effect.settings
    paint = _paint_of(effect, shop, over)
    if isinstance(paint, str):
        problems.append(f"{effect.kind}: {paint}")
        return []
    problems += [f"{effect.kind}: {name}" for name in _not_alike(settings)]
    opacity = min(max(number(settings, "opacity", default=100) / 100, 0), 1)
    mode = word(settings, "blendMode", default="normal")
    return [_Layered(paint, _maker(effect), opacity, mode)]


def _paint_of(effect: Effect, shop: PaintShop, over: Box) -> Paint | str:
    settings = effect.settings
    filled = word(settings, "fillType")
    if effect.kind == "gradient overlay" or filled.startswith("gradient"):
        return shop.graded(settings, over)
    if effect.kind == "pattern overlay" or filled.startswith("pattern"):
        return shop.tiled(settings, over)
    if "color" not in settings and "gradient" in settings:
        return "gradient"
    return shop.plain(settings)


def _maker(effect: Effect) -> Shadow | Glow | Satin | Stroke | None:
    if effect.kind in ("drop shadow", "inner shadow"):
        return Shadow.of(effect.settings)
    if effect.kind in ("outer glow", "inner glow"):
        return Glow.of(effect.settings)
    if effect.kind == "satin":
        return Satin.of(effect.settings)
    return Stroke.of(effect.settings) if effect.kind == "stroke" else None


def _not_alike(settings: dict[str, Any]) -> list[str]:
    names = []
    if number(settings, "noise"):
        names.append("noise")
    curve = nested(settings, "contour").get("Crv", _LINEAR)
    if curve != _LINEAR:
        names.append("contour")
    if word(settings, "glowType", default="soft matte") != "soft matte":
        names.append("precise")
    return names


def _paint(canvas: Canvas, one: _Layered, cover: Floats) -> None:
    color, covered = one.paint.lay(canvas.box)
    canvas.paint(color, cover * covered, one.mode)
