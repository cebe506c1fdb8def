"""How many pixels exports have: exact counts, and what is refused."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import AppError, ErrorCode
from features.psd.utils.exporting import Options, check_options, check_sizes
from features.psd.utils.exporting.geometry import Geometry, geometry_of

SIDES = st.integers(1, 3000)
FITS = st.sampled_from(["CONTAIN", "COVER", "STRETCH"])


@pytest.mark.parametrize(
    ("options", "scale", "size"),
    [
        (Options(), 1.0, (40, 30)),
        (Options(), 2.0, (80, 60)),
        (Options(), 3.0, (120, 90)),
        (Options(), 1.25, (50, 38)),
        (Options(), 0.01, (1, 1)),
        (Options(padding=3), 1.0, (46, 36)),
        (Options(padding=3), 2.0, (92, 72)),
        (Options(padding=3), 0.5, (24, 19)),
        (Options(width=20), 1.0, (20, 15)),
        (Options(width=20), 2.0, (40, 30)),
        (Options(height=20), 1.0, (27, 20)),
        (Options(width=100, height=30), 1.0, (40, 30)),
        (Options(width=100, height=30, fit="COVER"), 1.0, (100, 30)),
        (Options(width=100, height=30, fit="STRETCH"), 2.0, (200, 60)),
        (Options(width=100, height=30, fit="COVER", padding=2), 1.0, (104, 34)),
    ],
)
def test_sizes_are_counted_exactly(
    options: Options, scale: float, size: tuple[int, int]
) -> None:
    assert geometry_of((40, 30), options, scale).finished == size


def test_what_covers_is_cut_before_it_is_scaled() -> None:
    options = Options(width=1000, height=1000, fit="COVER")
    cut = Geometry(crop=(10, 10), scaled=(1000, 1000), padding=0)
    assert geometry_of((10, 10_000), options, 1.0) == cut


@example(83, 1, 55, 1, "COVER", 1.9)
@example(83, 1, 55, 1, "CONTAIN", 1.9)
@given(SIDES, SIDES, SIDES, SIDES, FITS, st.floats(0.01, 4))
def test_a_size_holds_whatever_the_source(
    width: int, height: int, wide: int, high: int, fit: str, scale: float
) -> None:
    options = Options(width=wide, height=high, fit=fit)
    geometry = geometry_of((width, height), options, scale)
    whole = geometry_of((wide, high), Options(), scale).finished
    assert 1 <= geometry.crop[0] <= width and 1 <= geometry.crop[1] <= height
    if fit == "CONTAIN":
        assert geometry.crop == (width, height)
        inside = [own <= most for own, most in zip(geometry.scaled, whole, strict=True)]
        assert all(inside)
        assert any(
            own == most for own, most in zip(geometry.scaled, whole, strict=True)
        )
    else:
        assert geometry.scaled == whole


@pytest.mark.parametrize(
    ("options", "field", "message"),
    [
        (
            Options(scales=()),
            "scales",
            "An export has 1 to 5 scales; these are 0.",
        ),
        (
            Options(scales=(1, 2, 3, 4, 0.5, 0.25)),
            "scales",
            "An export has 1 to 5 scales; these are 6.",
        ),
        (Options(scales=(1, 5)), "scales", "A scale must be 0.01 to 4; one is 5."),
        (Options(scales=(0,)), "scales", "A scale must be 0.01 to 4; one is 0."),
        (
            Options(scales=(float("nan"),)),
            "scales",
            "A scale must be 0.01 to 4; one is nan.",
        ),
        (Options(scales=(1, 1)), "scales", "Each scale must be named once."),
        (Options(width=0), "width", "width must be 1 to 30000; it is 0."),
        (
            Options(height=16_384, format="WEBP"),
            "height",
            "height must be 1 to 16383; it is 16384.",
        ),
        (Options(quality=0), "quality", "quality must be 1 to 100; it is 0."),
        (Options(padding=1001), "padding", "padding must be 0 to 1000; it is 1001."),
        (
            Options(background="red"),
            "background",
            "A background is a colour like '#ffffff'; it is 'red'.",
        ),
    ],
)
def test_options_that_cannot_be_are_told(
    options: Options, field: str, message: str
) -> None:
    with pytest.raises(AppError) as told:
        check_options(options)
    assert (told.value.code, told.value.field) == (ErrorCode.INVALID, ("input", field))
    assert told.value.message == message


@pytest.mark.parametrize(
    ("options", "source", "number", "message"),
    [
        (
            Options(scales=(4,)),
            (8000, 10),
            1,
            "“hero” at scale 4 would be 32000 × 40 pixels, and no side of a PNG may "
            "have more than 30000. Ask for a smaller scale or size.",
        ),
        (
            Options(scales=(2,)),
            (6000, 6000),
            1,
            "“hero” at scale 2 would be 12000 × 12000 pixels, and a PNG may have "
            "100000000 in all. Ask for a smaller scale or size.",
        ),
        (
            Options(),
            (10_000, 10_000),
            11,
            "The pictures together would have 1100000000 pixels, and 1000000000 are "
            "allowed. Export fewer layers or scales at once.",
        ),
    ],
)
def test_pictures_that_are_too_large_are_told(
    options: Options, source: tuple[int, int], number: int, message: str
) -> None:
    with pytest.raises(AppError) as told:
        check_sizes(options, [("hero", source)] * number)
    assert told.value.code == ErrorCode.LIMIT_EXCEEDED
    assert told.value.message == message


def test_as_much_as_is_allowed_passes() -> None:
    check_options(Options(scales=(0.01, 1, 2, 3, 4), quality=1, padding=1000))
    check_sizes(Options(), [("hero", (10_000, 10_000)), ("empty", (0, 7))] * 10)
