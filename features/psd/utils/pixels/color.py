"""From a document's colours to sRGB, by its ICC profile where it has one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np

from features.psd.utils.file.container import ColorMode, Container, Header, ResourceId
from features.psd.utils.pixels.inks import ink_colors, overprint
from features.psd.utils.pixels.linear import from_linear
from features.psd.utils.pixels.profiles import (
    Profile,
    default_cmyk,
    is_srgb,
    lab_profile,
    open_profile,
    to_srgb,
)
from features.psd.utils.pixels.samples import Pixels, Samples, as_pixels, to_integers

_PLANES: Final = {ColorMode.RGB: 3, ColorMode.CMYK: 4, ColorMode.LAB: 3}
# Pillow's modes, for which a profile must be; others do without one.
_PROFILE_MODES: Final = {
    ColorMode.GRAYSCALE: "L",
    ColorMode.DUOTONE: "L",
    ColorMode.INDEXED: "RGB",
    ColorMode.RGB: "RGB",
    ColorMode.CMYK: "CMYK",
}
# Photoshop has no others at 32 bits; what others write there is no light.
_LINEAR: Final = (ColorMode.RGB, ColorMode.GRAYSCALE, ColorMode.DUOTONE)

Convert = Callable[[list[Samples]], Pixels]


@dataclass(frozen=True)
class ColorSpace:
    """How a document's colours become sRGB.

    `convert` takes `planes` planes of (rows, width) samples and returns
    (rows, width) gray or (rows, width, 3) RGB, of 16 bits where `wide`, else of 8.
    `problems` names what keeps the result from being what Photoshop shows.
    """

    planes: int
    convert: Convert
    profile_name: str | None = None
    problems: list[str] = field(default_factory=list)
    wide: bool = False


def color_space(container: Container, *, wide: bool = False) -> ColorSpace:
    """Choose the conversion for a document's mode, depth and profile.

    `wide` asks for 16 bits of documents that have 16 or 32.
    """
    header = container.header
    wide = wide and header.depth >= 16
    packed = container.resources.get(ResourceId.ICC_PROFILE)
    profile = open_profile(packed)
    name = profile.name if profile is not None else None
    problems: list[str] = []
    if packed is not None and not _is_usable(profile, header):
        profile, problems = None, ["color profile"]
    planes = _PLANES.get(header.mode, 1)
    if header.mode is ColorMode.MULTICHANNEL:
        planes, problems = header.channels, ["spot inks"]
    elif header.mode is ColorMode.CMYK and profile is None:
        problems.append("CMYK without a color profile")
    return ColorSpace(
        planes, _conversion(container, profile, wide), name, problems, wide
    )


def _conversion(container: Container, profile: Profile | None, wide: bool) -> Convert:
    header = container.header
    if header.mode is ColorMode.MULTICHANNEL:
        info = container.resources.get(ResourceId.DISPLAY_INFO)
        inks = ink_colors(info, header.channels)
        return lambda planes: overprint(planes, inks, wide=wide)
    if header.mode is ColorMode.INDEXED and header.depth == 8:
        return _by_palette(container, profile)
    if header.depth == 32 and header.mode in _LINEAR:
        return from_linear(profile, wide=wide)
    return _from_integers(header.mode, profile, wide)


def _is_usable(profile: Profile | None, header: Header) -> bool:
    """Tell whether a profile can be opened and is for the document's mode."""
    if profile is None or header.mode not in _PROFILE_MODES or header.depth == 32:
        return profile is not None
    return to_srgb(profile, _PROFILE_MODES[header.mode]) is not None


def _from_integers(mode: ColorMode, profile: Profile | None, wide: bool) -> Convert:
    """Convert integers; without a profile RGB and gray are taken as sRGB."""
    if mode is ColorMode.LAB:
        return _by_transform(lab_profile(), "LAB", wide)
    if mode is ColorMode.CMYK:
        return _by_transform(profile or default_cmyk(), "CMYK", wide)
    if mode is ColorMode.RGB:
        if is_srgb(profile):
            return lambda planes: _merge(planes, wide)
        return _by_transform(profile, "RGB", wide)
    gray = to_srgb(profile, "L", wide=wide)
    if gray is None or mode not in _PROFILE_MODES:
        return lambda planes: to_integers(planes[0], wide=wide)
    levels = 65536 if wide else 256
    ramp = as_pixels(np.arange(levels).reshape(-1, 256), wide)
    curve = gray(ramp)[..., 1].reshape(levels)
    return lambda planes: curve[planes[0]] if wide else _look_up(planes[0], curve)


def _by_transform(profile: Profile | None, mode: str, wide: bool) -> Convert:
    transform = to_srgb(profile, mode, wide=wide)
    if transform is None:
        raise ValueError(f"the profile is not for {mode}")
    if mode == "CMYK":  # The file stores what the inks leave of the paper's white.
        return lambda planes: transform(~_merge(planes, wide))
    return lambda planes: transform(_merge(planes, wide))


def _merge(planes: list[Samples], wide: bool) -> Pixels:
    return as_pixels(cv2.merge([to_integers(p, wide=wide) for p in planes]), wide)


def _look_up(samples: Samples, curve: Pixels) -> Pixels:
    return np.asarray(cv2.LUT(samples, curve), np.uint8)


def _by_palette(container: Container, profile: Profile | None) -> Convert:
    table = np.zeros((3, 256), np.uint8)
    stored = np.frombuffer(container.palette[:768], np.uint8)
    table.reshape(-1)[: len(stored)] = stored
    colors: Pixels = table.T.reshape(1, 256, 3)
    transform = to_srgb(profile, "RGB")
    if transform is not None:
        colors = transform(colors)
    palette = colors.reshape(256, 3)
    return lambda planes: palette[np.asarray(planes[0], np.uint8)]
