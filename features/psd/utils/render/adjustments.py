"""Adjustment layers: what each does to colours (rows, width, 3) from 0 to 1.

They work on sRGB bytes here. Kinds that Photoshop computes by rules it does not tell
are not in here and stay undrawn.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray
from psd_tools.psd import adjustments as stored
from psd_tools.psd.descriptor import DescriptorBlock

from features.psd.utils.file.container import ColorMode
from features.psd.utils.render.blend import Floats, luminosity_of
from features.psd.utils.render.descriptors import to_json
from features.psd.utils.render.settings import flag, number

Adjust = Callable[[Floats], Floats]
Doubles = NDArray[np.float64]

_LEVELS: Final = np.arange(256, dtype=np.float64)


@dataclass(frozen=True)
class Adjustment:
    """What a layer does, and whether that is an approximation of Photoshop's."""

    adjust: Adjust
    approximate: bool = False


def read_adjustment(
    blocks: dict[bytes, memoryview], mode: ColorMode
) -> Adjustment | None:
    """Read an adjustment layer; None where it cannot be read or is not drawn."""
    for key, read in _READERS.items():
        if key in blocks:
            with suppress(Exception):
                return read(blocks, mode)
            return None
    return None


def _invert(blocks: dict[bytes, memoryview], mode: ColorMode) -> Adjustment:
    return Adjustment(lambda color: 1 - color)


def _threshold(blocks: dict[bytes, memoryview], mode: ColorMode) -> Adjustment:
    level = int.from_bytes(blocks[b"thrs"][:2])

    def adjust(color: Floats) -> Floats:
        # Whole levels: what lies on the threshold is white.
        luma = np.rint(luminosity_of(color) * 255)
        return np.repeat((luma >= level).astype(np.float32), 3, axis=2)

    return Adjustment(adjust)


def _posterize(blocks: dict[bytes, memoryview], mode: ColorMode) -> Adjustment:
    levels = min(max(int.from_bytes(blocks[b"post"][:2]), 2), 255)
    steps = np.floor(_LEVELS * levels / 256) / (levels - 1) * 255
    return Adjustment(_by_tables([steps] * 3))


def _levels(blocks: dict[bytes, memoryview], mode: ColorMode) -> Adjustment:
    records = list(stored.Levels.frombytes(bytes(blocks[b"levl"])))
    master, *channels = [_level_table(record) for record in records[:4]]
    if mode is ColorMode.GRAYSCALE:
        # A gray document's only channel comes first among them.
        return Adjustment(_by_tables([channels[0][_index(master)]] * 3), True)
    return Adjustment(_by_tables([master[_index(table)] for table in channels]))


def _level_table(record: stored.LevelRecord) -> Doubles:
    low, high = record.input_floor, max(record.input_ceiling, record.input_floor + 1)
    gamma = min(max(record.gamma / 100, 0.01), 9.99)
    share = np.clip((_LEVELS - low) / (high - low), 0, 1) ** (1 / gamma)
    return np.rint(share * (record.output_ceiling - record.output_floor)) + float(
        record.output_floor
    )


def _curves(blocks: dict[bytes, memoryview], mode: ColorMode) -> Adjustment:
    curves = stored.Curves.frombytes(bytes(blocks[b"curv"]))
    tables = {0: _LEVELS, 1: _LEVELS, 2: _LEVELS, 3: _LEVELS}
    for item in cast(Iterable[stored.CurvesExtraItem], curves.extra or ()):
        if item.channel_id in tables:
            tables[item.channel_id] = _curve_table(item.points, curves.is_map)
    if mode is ColorMode.GRAYSCALE:
        return Adjustment(_by_tables([tables[0][_index(tables[1])]] * 3), True)
    channels = [tables[i] for i in (1, 2, 3)]
    return Adjustment(_by_tables([tables[0][_index(table)] for table in channels]))


def _curve_table(points: list[tuple[int, int]], is_map: bool) -> Doubles:
    if is_map:
        return np.array(points, np.float64).reshape(-1)[:256]
    ordered = {point[1]: point[0] for point in sorted(points, key=lambda p: p[1])}
    x, y = np.array(list(ordered), float), np.array(list(ordered.values()), float)
    if len(x) < 2:
        return np.full(256, y[0])
    return np.clip(np.rint(_spline(x, y, np.clip(_LEVELS, x[0], x[-1]))), 0, 255)


def _spline(x: Doubles, y: Doubles, at: Doubles) -> Doubles:
    """Evaluate the natural cubic spline through some points."""
    step = np.diff(x)
    matrix = np.diag(np.concatenate(([1.0], 2 * (step[:-1] + step[1:]), [1.0])))
    inner = np.arange(1, len(x) - 1)
    matrix[inner, inner - 1], matrix[inner, inner + 1] = step[:-1], step[1:]
    bend = np.concatenate(([0.0], 6 * np.diff(np.diff(y) / step), [0.0]))
    curve = np.linalg.solve(matrix, bend)
    left = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    h, a, b = step[left], x[left + 1] - at, at - x[left]
    cubic = (curve[left] * a**3 + curve[left + 1] * b**3) / (6 * h)
    from_left = (y[left] / h - curve[left] * h / 6) * a
    return np.asarray(
        cubic + from_left + (y[left + 1] / h - curve[left + 1] * h / 6) * b
    )


def _exposure(blocks: dict[bytes, memoryview], mode: ColorMode) -> Adjustment:
    exposure = stored.Exposure.frombytes(bytes(blocks[b"expA"]))
    gain = 2.0 ** min(max(exposure.exposure, -20), 20)
    gamma = min(max(exposure.gamma, 0.01), 9.99)
    light = (_LEVELS / 255) ** 2.2 * gain + exposure.offset
    table = np.clip(light, 0, 1) ** (1 / gamma / 2.2) * 255
    return Adjustment(_by_tables([table] * 3), approximate=True)


def _brightness(blocks: dict[bytes, memoryview], mode: ColorMode) -> Adjustment | None:
    """Draw the legacy kind; the newer one alone where it changes nothing."""
    if b"CgEd" in blocks:
        settings = to_json(DescriptorBlock.frombytes(bytes(blocks[b"CgEd"])))
        brightness, contrast = number(settings, "Brgh"), number(settings, "Cntr")
        if not flag(settings, "useLegacy"):
            same = not brightness and not contrast
            return Adjustment(lambda color: color) if same else None
        mean = number(settings, "means", default=127)
    else:
        block = stored.BrightnessContrast.frombytes(bytes(blocks[b"brit"]))
        brightness, contrast, mean = block.brightness, block.contrast, block.mean
    return Adjustment(_by_tables([_contrast_table(brightness, contrast, mean)] * 3))


def _contrast_table(brightness: float, contrast: float, mean: float) -> Doubles:
    contrast = min(max(contrast, -100), 100)
    slope = 1 + contrast / 100 if contrast < 0 else 1 / max(1 - contrast / 100, 1 / 255)
    return np.clip((_LEVELS + brightness - mean) * slope + mean, 0, 255)


def _gradient_map(blocks: dict[bytes, memoryview], mode: ColorMode) -> Adjustment:
    gradient = stored.GradientMap.frombytes(bytes(blocks[b"grdm"]))
    stops = sorted(gradient.color_stops, key=lambda stop: stop.location)
    if any(stop.mode != 0 for stop in stops) or len(stops) < 2:
        raise ValueError("a gradient of other than RGB stops")
    places = np.array([stop.location for stop in stops], float)
    places, first = np.unique(places, return_index=True)
    colors = np.array([stop.color[:3] for stop in stops], float)[first] / 65535
    steps = np.arange(4097)
    channels = [np.interp(steps, places, colors[:, i]) for i in range(3)]
    table = np.stack(channels, axis=-1).astype(np.float32)
    if gradient.is_reversed:
        table = table[::-1]

    def adjust(color: Floats) -> Floats:
        place = np.rint(luminosity_of(color)[..., 0] * 4096).astype(np.intp)
        return table[np.clip(place, 0, 4096)]

    return Adjustment(adjust, approximate=True)


def _mixer(blocks: dict[bytes, memoryview], mode: ColorMode) -> Adjustment:
    mixer = stored.ChannelMixer.frombytes(bytes(blocks[b"mixr"]))
    if mode is not ColorMode.RGB:
        raise ValueError("mixes channels that are not there any more")
    rows = np.array(mixer.data, float).reshape(-1, 5)[: 1 if mixer.monochrome else 3]
    matrix = np.repeat(rows, 3, axis=0) if mixer.monochrome else rows
    weights = (matrix[:, :3] / 100).astype(np.float32)
    constant = (matrix[:, 4] / 100).astype(np.float32)
    return Adjustment(lambda color: np.clip(color @ weights.T + constant, 0, 1))


def _index(table: Doubles) -> NDArray[np.intp]:
    return np.clip(np.rint(table), 0, 255).astype(np.intp)


def _by_tables(tables: list[Doubles]) -> Adjust:
    """Look each channel up in its table of 256 levels, between levels linearly."""
    curves = [np.clip(table, 0, 255) / 255 for table in tables]
    levels = _LEVELS / 255

    def adjust(color: Floats) -> Floats:
        channels = [np.interp(color[..., i], levels, curves[i]) for i in range(3)]
        return np.stack(channels, axis=-1).astype(np.float32)

    return adjust


_READERS: Final[
    dict[bytes, Callable[[dict[bytes, memoryview], ColorMode], Adjustment | None]]
] = {
    b"nvrt": _invert,
    b"thrs": _threshold,
    b"post": _posterize,
    b"levl": _levels,
    b"curv": _curves,
    b"expA": _exposure,
    b"CgEd": _brightness,
    b"brit": _brightness,
    b"grdm": _gradient_map,
    b"mixr": _mixer,
}
