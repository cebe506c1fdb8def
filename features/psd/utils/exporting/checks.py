"""What an export may ask for, checked before it starts."""

import re
from collections.abc import Iterable
from typing import Final

from core.errors import AppError, ErrorCode
from core.validators import check_between
from features.psd.utils.exporting.geometry import (
    MAX_PIXELS,
    MAX_SIDES,
    Size,
    fault_of,
    geometry_of,
)
from features.psd.utils.exporting.types import Options

MAX_LAYERS: Final = 1000
MAX_SCALES: Final = 5
MIN_SCALE, MAX_SCALE = 0.01, 4.0
MAX_PADDING: Final = 1000
_COLOR: Final = re.compile(r"#[0-9a-fA-F]{6}")


def check_options(options: Options) -> None:
    """Raise AppError INVALID or LIMIT_EXCEEDED, with the field at fault."""
    _check_scales(options.scales)
    for name, side in (("width", options.width), ("height", options.height)):
        if side is not None:
            check_between(side, 1, MAX_SIDES[options.format], name, ("input", name))
    check_between(options.quality, 1, 100, "quality", ("input", "quality"))
    check_between(options.padding, 0, MAX_PADDING, "padding", ("input", "padding"))
    if options.background is not None and not _COLOR.fullmatch(options.background):
        raise _invalid(
            "background",
            f"A background is a colour like '#ffffff'; it is {options.background!r}.",
        )


def check_sizes(options: Options, subjects: Iterable[tuple[str, Size]]) -> None:
    """Raise AppError LIMIT_EXCEEDED where pictures of named sources are too large.

    Effects may make a layer larger than its box, so that is checked again when it
    is drawn.
    """
    total = 0
    for name, source in subjects:
        if 0 in source:
            continue
        for scale in options.scales:
            geometry = geometry_of(source, options, scale)
            if fault := fault_of(geometry, options.format):
                raise _over_limit(f"“{name}” at scale {scale:g} {fault}")
            total += geometry.pixels
    if total > MAX_PIXELS:
        raise _over_limit(
            f"The pictures together would have {total} pixels, and {MAX_PIXELS} are "
            "allowed. Export fewer layers or scales at once."
        )


def _check_scales(scales: tuple[float, ...]) -> None:
    if not 1 <= len(scales) <= MAX_SCALES:
        raise _invalid(
            "scales",
            f"An export has 1 to {MAX_SCALES} scales; these are {len(scales)}.",
        )
    for scale in scales:
        if not MIN_SCALE <= scale <= MAX_SCALE:
            raise _invalid(
                "scales",
                f"A scale must be {MIN_SCALE:g} to {MAX_SCALE:g}; one is {scale:g}.",
            )
    if len(set(scales)) < len(scales):
        raise _invalid("scales", "Each scale must be named once.")


def _invalid(field: str, message: str) -> AppError:
    return AppError(ErrorCode.INVALID, message, field=("input", field))


def _over_limit(message: str) -> AppError:
    return AppError(ErrorCode.LIMIT_EXCEEDED, message, field=("input",))
