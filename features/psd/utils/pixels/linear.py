"""From the linear light of 32 bit documents to sRGB."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.psd.utils.pixels.profiles import Profile
from features.psd.utils.pixels.samples import Bytes8, Pixels, Samples

# sRGB's primaries adapted to D50, as columns of XYZ: what profiles are told in.
_SRGB_TO_XYZ: Final = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)


def from_linear(
    profile: Profile | None, *, wide: bool
) -> Callable[[list[Samples]], Pixels]:
    """Convert channels that hold linear light in the profile's primaries."""
    to_srgb = np.linalg.inv(_SRGB_TO_XYZ) @ _primaries(profile)
    same = bool(np.allclose(to_srgb, np.eye(3), atol=2e-3))
    encode = _encode_wide if wide else _encode

    def convert(planes: list[Samples]) -> Pixels:
        if len(planes) == 1:
            return encode(planes[0])
        light = np.stack(planes, axis=-1).astype(np.float32, copy=False)
        return encode(light if same else light @ to_srgb.T.astype(np.float32))

    return convert


def _primaries(profile: Profile | None) -> NDArray[np.float64]:
    """Return the profile's primaries as columns of XYZ; sRGB's where it has none."""
    if profile is None:
        return _SRGB_TO_XYZ
    inner = profile.opened.profile
    columns = (inner.red_colorant, inner.green_colorant, inner.blue_colorant)
    if any(column is None for column in columns):
        return _SRGB_TO_XYZ
    return np.array([column[0] for column in columns if column is not None]).T


def _encode(light: Samples) -> Bytes8:
    steps = np.rint(np.clip(light, 0, 1) * 65535).astype(np.uint16)
    return _CURVE[steps]


def _encode_wide(light: Samples) -> Pixels:
    return np.rint(_srgb_curve(np.clip(light, 0, 1)) * 65535).astype(np.uint16)


def _srgb_curve(light: NDArray[np.floating]) -> NDArray[np.floating]:
    """Encode linear light by sRGB's curve, both 0 to 1."""
    curved = 1.055 * np.power(light, 1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, curved)


_CURVE: Final[Bytes8] = np.rint(_srgb_curve(np.arange(65536) / 65535) * 255).astype(
    np.uint8
)
