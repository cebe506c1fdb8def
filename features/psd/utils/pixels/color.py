"""From a document's colours to sRGB, by its ICC profile where it has one."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from features.psd.utils.file.container import ColorMode, Container, Header, ResourceId
from features.psd.utils.pixels.inks import ink_colors, overprint
from features.psd.utils.pixels.samples import Bytes8, Samples
from features.psd.utils.words import clean

_INTENT: Final = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS: Final = ImageCms.Flags.BLACKPOINTCOMPENSATION
_PLANES: Final = {ColorMode.RGB: 3, ColorMode.CMYK: 4, ColorMode.LAB: 3}
# Pillow's modes, for which a profile must be; others do without one.
_PROFILE_MODES: Final = {
    ColorMode.GRAYSCALE: "L",
    ColorMode.DUOTONE: "L",
    ColorMode.INDEXED: "RGB",
    ColorMode.RGB: "RGB",
    ColorMode.CMYK: "CMYK",
}
# sRGB's primaries adapted to D50, as columns of XYZ: what profiles are told in.
_SRGB_TO_XYZ: Final = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)

Convert = Callable[[list[Samples]], Bytes8]


@dataclass(frozen=True)
class ColorSpace:
    """How a document's colours become sRGB.

    `convert` takes `planes` planes of (rows, width) samples and returns
    (rows, width) gray or (rows, width, 3) RGB bytes. `problems` names what keeps
    the result from being what Photoshop shows.
    """

    planes: int
    convert: Convert
    profile_name: str | None = None
    problems: list[str] = field(default_factory=list)


def color_space(container: Container) -> ColorSpace:
    """Choose the conversion for a document's mode, depth and profile."""
    header = container.header
    packed = container.resources.get(ResourceId.ICC_PROFILE)
    profile, name = _open_profile(packed)
    planes = _PLANES.get(header.mode, 1)
    problems: list[str] = []
    if packed is not None and not _is_usable(profile, header):
        profile, problems = None, ["color profile"]
    if header.mode is ColorMode.MULTICHANNEL:
        planes = header.channels
        info = container.resources.get(ResourceId.DISPLAY_INFO)
        inks = ink_colors(info, planes)
        return ColorSpace(planes, lambda p: overprint(p, inks), name, ["spot inks"])
    if header.mode is ColorMode.INDEXED:
        return ColorSpace(1, _by_palette(container, profile), name, problems)
    if header.depth == 32:
        return ColorSpace(planes, _from_linear(profile), name, problems)
    if header.mode is ColorMode.CMYK and profile is None:
        problems.append("CMYK without a color profile")
    return ColorSpace(planes, _from_bytes(header.mode, profile), name, problems)


def _is_usable(profile: ImageCms.ImageCmsProfile | None, header: Header) -> bool:
    """Tell whether a profile can be opened and is for the document's mode."""
    if profile is None or header.mode not in _PROFILE_MODES or header.depth == 32:
        return profile is not None
    return _transform(profile, _PROFILE_MODES[header.mode]) is not None


def _open_profile(
    packed: memoryview | None,
) -> tuple[ImageCms.ImageCmsProfile | None, str | None]:
    if packed is None:
        return None, None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(bytes(packed)))
        name = clean(ImageCms.getProfileDescription(profile)).strip()
    except (OSError, ImageCms.PyCMSError):
        return None, None
    return profile, name or None


def _from_bytes(mode: ColorMode, profile: ImageCms.ImageCmsProfile | None) -> Convert:
    """Convert 8 bit planes; without a profile RGB and gray are taken as sRGB."""
    if mode is ColorMode.LAB:
        transform = _transform(_lab_profile(), "LAB")
        return lambda planes: _apply(transform, "LAB", _signed_lab(planes))
    if mode is ColorMode.CMYK:
        cmyk = _transform(profile, "CMYK")
        if cmyk is None:
            return _cmyk_by_formula
        return lambda planes: _apply(cmyk, "CMYK", ~_merge(planes))
    if mode is ColorMode.RGB:
        rgb = _transform(profile, "RGB")
        if rgb is None or _is_identity(rgb):
            return _merge
        return lambda planes: _apply(rgb, "RGB", _merge(planes))
    gray = _transform(profile, "L")
    if gray is None or mode is ColorMode.BITMAP:
        return lambda planes: np.asarray(planes[0], np.uint8)
    ramp = np.arange(256, dtype=np.uint8).reshape(1, 256)
    curve = _apply(gray, "L", ramp)[..., 1].reshape(256)
    return lambda planes: np.asarray(cv2.LUT(planes[0], curve), np.uint8)


def _lab_profile() -> ImageCms.ImageCmsProfile:
    """Make the profile of Photoshop's Lab, whose white is D50."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB", 5000))


def _signed_lab(planes: list[Samples]) -> Bytes8:
    """Merge L, a and b; the file stores a and b from 128, Pillow takes them signed."""
    return _merge(planes) ^ np.array([0, 128, 128], np.uint8)


def _merge(planes: list[Samples]) -> Bytes8:
    return np.asarray(cv2.merge(planes), np.uint8)


def _transform(
    profile: ImageCms.ImageCmsProfile | None, mode: str
) -> ImageCms.ImageCmsTransform | None:
    """Build the transform to sRGB; None where the profile is for another mode."""
    if profile is None:
        return None
    try:
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.buildTransform(profile, srgb, mode, "RGB", _INTENT, _FLAGS)
    except ImageCms.PyCMSError:
        return None


def _apply(
    transform: ImageCms.ImageCmsTransform | None, mode: str, pixels: Bytes8
) -> Bytes8:
    if transform is None:
        raise ValueError(f"no transform from {mode}")
    height, width = pixels.shape[:2]
    packed = np.ascontiguousarray(pixels)
    image = Image.frombuffer(mode, (width, height), packed, "raw", mode, 0, 1)
    converted = ImageCms.applyTransform(image, transform)
    if converted is None:
        raise ValueError(f"{mode} was not converted")
    return np.asarray(converted, np.uint8)


def _is_identity(transform: ImageCms.ImageCmsTransform) -> bool:
    """Tell whether the profile is sRGB itself, give or take a rounding."""
    steps = np.linspace(0, 255, 18).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(18, 324, 3)
    change = _apply(transform, "RGB", grid).astype(int) - grid
    return int(np.abs(change).max()) <= 1


def _cmyk_by_formula(planes: list[Samples]) -> Bytes8:
    """Convert stored CMYK, where 255 is no ink, by ink times black."""
    black = planes[3]
    return np.asarray(
        cv2.merge([cv2.multiply(p, black, scale=1 / 255) for p in planes[:3]]),
        np.uint8,
    )


def _by_palette(
    container: Container, profile: ImageCms.ImageCmsProfile | None
) -> Convert:
    table = np.zeros((3, 256), np.uint8)
    stored = np.frombuffer(container.palette[:768], np.uint8)
    table.reshape(-1)[: len(stored)] = stored
    colors = table.T.reshape(1, 256, 3)
    transform = _transform(profile, "RGB")
    if transform is not None:
        colors = _apply(transform, "RGB", colors)
    palette = colors.reshape(256, 3)
    return lambda planes: palette[np.asarray(planes[0], np.uint8)]


def _from_linear(profile: ImageCms.ImageCmsProfile | None) -> Convert:
    """Convert 32 bit channels, which hold linear light in the profile's primaries."""
    to_srgb = np.linalg.inv(_SRGB_TO_XYZ) @ _primaries(profile)
    same = bool(np.allclose(to_srgb, np.eye(3), atol=2e-3))

    def convert(planes: list[Samples]) -> Bytes8:
        if len(planes) == 1:
            return _encode(planes[0])
        light = np.stack(planes, axis=-1).astype(np.float32, copy=False)
        return _encode(light if same else light @ to_srgb.T.astype(np.float32))

    return convert


def _primaries(profile: ImageCms.ImageCmsProfile | None) -> NDArray[np.float64]:
    """Return the profile's primaries as columns of XYZ; sRGB's where it has none."""
    if profile is None:
        return _SRGB_TO_XYZ
    inner = profile.profile
    columns = (inner.red_colorant, inner.green_colorant, inner.blue_colorant)
    if any(column is None for column in columns):
        return _SRGB_TO_XYZ
    return np.array([column[0] for column in columns if column is not None]).T


def _encode(light: Samples) -> Bytes8:
    """Encode linear light by sRGB's curve."""
    steps = np.rint(np.clip(light, 0, 1) * 65535).astype(np.uint16)
    return _CURVE[steps]


def _srgb_curve() -> Bytes8:
    light = np.arange(65536) / 65535
    encoded = np.where(
        light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055
    )
    return np.rint(encoded * 255).astype(np.uint8)


_CURVE: Final = _srgb_curve()
