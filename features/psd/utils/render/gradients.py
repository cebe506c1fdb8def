"""Gradients: stops to a ramp, and a ramp laid across a box."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.psd.utils.file.tree import Box
from features.psd.utils.render.blend import Floats, as_floats
from features.psd.utils.render.canvas import box_size
from features.psd.utils.render.colors import Palette
from features.psd.utils.render.settings import flag, nested, number, word

Doubles = NDArray[np.float64]

_STEPS: Final = 4096
_CLASSIC_SMOOTHNESS: Final = 4096
_KINDS: Final = {
    "linear": "linear",
    "Lnr": "linear",
    "radial": "radial",
    "Rdl": "radial",
    "angle": "angle",
    "Angl": "angle",
    "reflected": "reflected",
    "Rflc": "reflected",
    "diamond": "diamond",
    "Dmnd": "diamond",
}


class Gradient:
    """A ramp of (colours, alphas) and how it lies in a box.

    `settings` are a fill's or an effect's, in the words of either; `problems` names
    what is not drawn alike.
    """

    def __init__(self, settings: dict[str, Any], palette: Palette) -> None:
        ramp = nested(settings, "gradient", "Grad")
        self.problems: list[str] = []
        self.colors, self.alphas = _ramp(ramp, palette)
        if self.colors is None:
            self.problems.append("noise gradient")
        self._kind = _KINDS.get(word(settings, "type", "Type", default="linear"))
        if self._kind is None:
            self.problems.append("shape burst gradient")
        self._angle = number(settings, "angle", "Angl", default=0)
        self._scale = max(number(settings, "scale", "Scl", default=100), 1) / 100
        self._reversed = flag(settings, "reversed", "Rvrs")
        offset = nested(settings, "offset", "Ofst")
        self._offset = number(offset, "Hrzn") / 100, number(offset, "Vrtc") / 100

    def paint(self, window: Box, over: Box) -> tuple[Floats, Floats]:
        """Return colours (rows, width, 3) and coverage of the ramp laid over a box."""
        if self.colors is None or self.alphas is None:
            rows, width = box_size(window)
            clear = np.zeros((rows, width), np.float32)
            return np.zeros((rows, width, 3), np.float32), clear
        place = self._place(window, over)
        if self._reversed:
            place = 1 - place
        step = np.rint(np.clip(place, 0, 1) * _STEPS).astype(np.intp)
        return self.colors[step], self.alphas[step]

    def _place(self, window: Box, over: Box) -> Floats:
        """Return where on the ramp each pixel's middle is, 0 to 1."""
        rows, width = box_size(over)
        x = over[0] + width * (0.5 + self._offset[0])
        y = over[1] + rows * (0.5 + self._offset[1])
        across = np.arange(window[0], window[2], dtype=np.float32) + 0.5 - x
        down = np.arange(window[1], window[3], dtype=np.float32) + 0.5 - y
        dx, dy = np.meshgrid(across, -down)
        angle = np.radians(self._angle)
        cos, sin = np.cos(angle), np.sin(angle)
        along = dx * cos + dy * sin
        half = self._half(rows, width, cos, sin)
        if self._kind == "radial":
            return np.asarray(np.hypot(dx, dy) / half)
        if self._kind == "reflected":
            return np.asarray(np.abs(along) / half)
        if self._kind == "diamond":
            across_it = np.abs(dx * sin - dy * cos)
            return np.asarray((np.abs(along) + across_it) / half)
        if self._kind == "angle":
            turned = np.arctan2(dy, dx) - angle
            return np.asarray((turned / (2 * np.pi)) % 1, np.float32)
        return np.asarray(along / (2 * half) + 0.5)

    def _half(self, rows: int, width: int, cos: float, sin: float) -> float:
        """Return half of the ramp's length: from the middle to the box's edge."""
        sides = [
            width / 2 / abs(cos) if abs(cos) > 1e-6 else np.inf,
            rows / 2 / abs(sin) if abs(sin) > 1e-6 else np.inf,
        ]
        return max(float(min(sides)) * self._scale, 0.5)


def _ramp(
    gradient: dict[str, Any], palette: Palette
) -> tuple[Floats | None, Floats | None]:
    """Return colours (steps, 3) and alphas (steps,); None where stops make no ramp."""
    stops = gradient.get("Clrs") or []
    places, colors = [], []
    for stop in stops:
        color = palette.color(stop.get("Clr")) if isinstance(stop, dict) else None
        if color is None:
            return None, None
        places.append(number(stop, "Lctn"))
        colors.append(color)
    if not colors:
        return None, None
    smooth = number(gradient, "Intr", default=_CLASSIC_SMOOTHNESS) / 4096
    middles = [number(stop, "Mdpn", default=50) for stop in stops]
    ramp = _interpolated(places, np.array(colors, np.float32), middles, smooth)
    clear = [stop for stop in gradient.get("Trns") or [] if isinstance(stop, dict)]
    if not clear:
        return ramp, np.ones(_STEPS + 1, np.float32)
    opacities = np.array([[number(s, "Opct", default=100) / 100] for s in clear])
    alphas = _interpolated(
        [number(s, "Lctn") for s in clear],
        opacities.astype(np.float32),
        [number(s, "Mdpn", default=50) for s in clear],
        smooth,
    )
    return ramp, alphas[:, 0]


def _interpolated(
    places: list[float], values: Floats, middles: list[float], smooth: float
) -> Floats:
    """Spread stops over the ramp by a spline, or straight where `smooth` is 0.

    At a stop the spline runs in the mean direction of both sides, at the ends half as
    steeply as straight. A middle bends the way from the stop before it.
    """
    order = np.argsort(places, kind="stable")
    at = np.array(places, np.float64)[order]
    values, bends = values[order].astype(np.float64), np.array(middles)[order]
    if len(at) == 1:
        return np.repeat(values, _STEPS + 1, axis=0).astype(np.float32)
    steps = np.arange(_STEPS + 1, dtype=np.float64)
    after = np.clip(np.searchsorted(at, steps, side="right"), 1, len(at) - 1)
    width = np.maximum(np.diff(at), 1e-9)
    share = np.clip((steps - at[after - 1]) / width[after - 1], 0, 1)
    share = _bent(share, np.clip(bends[after] / 100, 0.01, 0.99))[:, None]
    rise = np.diff(values, axis=0) / width[:, None]
    none = np.zeros((1, values.shape[1]))
    slopes = (np.concatenate([none, rise]) + np.concatenate([rise, none])) / 2
    start, end = values[after - 1], values[after]
    leaving = slopes[after - 1] * width[after - 1, None]
    coming = slopes[after] * width[after - 1, None]
    eased = share * share * (3 - 2 * share)
    curve = (
        start
        + eased * (end - start)
        + share * (1 - share) * ((1 - share) * leaving - share * coming)
    )
    straight = start + share * (end - start)
    ramp = straight + smooth * (curve - straight)
    return as_floats(np.clip(ramp, 0, 1))


def _bent(share: Doubles, middle: Doubles) -> Doubles:
    """Let half of the way be done at `middle`."""
    early = share / (2 * middle)
    late = 1 - (1 - share) / (2 * (1 - middle))
    return np.asarray(np.where(share < middle, early, late))
