"""ICC profiles, and LittleCMS' transforms from them to sRGB."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import imagecodecs
import numpy as np
from PIL import Image, ImageCms

from features.psd.utils.pixels.samples import Bytes8, Pixels
from features.psd.utils.words import clean

_INTENT: Final = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS: Final = ImageCms.Flags.BLACKPOINTCOMPENSATION
# LittleCMS' shortcuts are fast; where Lab's colours are clipped they are 40 levels off,
# and CMYK's black is no longer black unless their grid is a fine one.
_EXACT: Final = _FLAGS | ImageCms.Flags.NOOPTIMIZE
_FLAGS_OF: Final = {"LAB": _EXACT, "CMYK": _FLAGS | ImageCms.Flags.HIGHRESPRECALC}
# Pillow's modes, and the same to LittleCMS at 16 bits.
_SPACES: Final = {"L": "gray", "RGB": "rgb", "CMYK": "cmyk", "LAB": "lab"}
# SWOP, as Photoshop has it for CMYK that says nothing; see icc/README.md.
_DEFAULT_CMYK: Final = Path(__file__).parent / "icc" / "CGATS001Compat-v2-micro.icc"

Transform = Callable[[Pixels], Pixels]


@dataclass(frozen=True, eq=False)
class Profile:
    """A profile that LittleCMS can open; `name` is its description."""

    packed: bytes
    opened: ImageCms.ImageCmsProfile
    name: str | None


def open_profile(packed: memoryview | bytes | None) -> Profile | None:
    """Open a profile; None where there is none or it is broken."""
    if packed is None:
        return None
    data = bytes(packed)
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(data))
        name = clean(ImageCms.getProfileDescription(opened)).strip()
    except (OSError, ImageCms.PyCMSError):
        return None
    return Profile(data, opened, name or None)


@cache
def default_cmyk() -> Profile:
    """Open the profile of CMYK documents that have none of their own."""
    profile = open_profile(_DEFAULT_CMYK.read_bytes())
    if profile is None:
        raise ValueError(f"{_DEFAULT_CMYK.name} cannot be opened")
    return profile


@cache
def lab_profile() -> Profile:
    """Make the profile of Photoshop's Lab, whose white is D50."""
    opened = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB", 5000))
    return Profile(opened.tobytes(), opened, None)


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def to_srgb(
    profile: Profile | None, mode: str, *, wide: bool = False
) -> Transform | None:
    """Build the transform to sRGB; None where the profile is for another mode.

    It takes (rows, columns) gray or (rows, columns, channels) pixels, 16 bits where
    `wide`, and returns RGB. `mode` is Pillow's; Lab's a and b are stored from half of
    full scale, CMYK's 0 is no ink. Relative colorimetric, with black points matched.
    """
    if profile is None or not _fits(profile, mode):
        return None
    if wide:
        return lambda pixels: _apply_wide(profile, mode, pixels)
    return lambda pixels: _apply(_build(profile, mode), mode, pixels)


@lru_cache(maxsize=2)
def _fits(profile: Profile, mode: str) -> bool:
    """Tell whether there is a transform: by a coarse one, as a fine one takes 0.1 s."""
    flags = ImageCms.Flags.LOWRESPRECALC
    try:
        ImageCms.buildTransform(profile.opened, _srgb(), mode, "RGB", _INTENT, flags)
    except ImageCms.PyCMSError:
        return False
    return True


@lru_cache(maxsize=2)
def _build(profile: Profile, mode: str) -> ImageCms.ImageCmsTransform:
    flags = _FLAGS_OF.get(mode, _FLAGS)
    return ImageCms.buildTransform(profile.opened, _srgb(), mode, "RGB", _INTENT, flags)


def is_srgb(profile: Profile | None) -> bool:
    """Tell whether RGB in this profile is sRGB itself, give or take a rounding."""
    transform = to_srgb(profile, "RGB")
    if transform is None:
        return True
    steps = np.linspace(0, 255, 18).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(18, 324, 3)
    return int(np.abs(transform(grid).astype(int) - grid).max()) <= 1


def _apply(transform: ImageCms.ImageCmsTransform, mode: str, pixels: Pixels) -> Bytes8:
    height, width = pixels.shape[:2]
    if mode == "LAB":  # Pillow takes a and b signed.
        pixels = pixels ^ np.array([0, 128, 128], np.uint8)
    packed = np.ascontiguousarray(pixels)
    image = Image.frombuffer(mode, (width, height), packed, "raw", mode, 0, 1)
    converted = ImageCms.applyTransform(image, transform)
    if converted is None:
        raise ValueError(f"{mode} was not converted")
    return np.asarray(converted, np.uint8)


def _apply_wide(profile: Profile, mode: str, pixels: Pixels) -> Pixels:
    converted = imagecodecs.cms_transform(
        np.ascontiguousarray(pixels, np.uint16),
        profile.packed,
        _srgb().tobytes(),
        colorspace=_SPACES[mode],
        outcolorspace="rgb",
        intent=int(_INTENT),
        flags=int(_EXACT),
    )
    return np.asarray(converted, np.uint16)
