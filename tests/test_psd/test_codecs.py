"""Unpacking: what the library packs comes back, in bands of any height."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psd_tools.compression import compress
from psd_tools.constants import Compression

from features.psd.utils.pixels.codecs import DamagedPixels, open_rows, row_size


@st.composite
def _channels(draw: st.DrawFn) -> tuple[Compression, int, int, int, int, bytes]:
    compression = draw(st.sampled_from(list(Compression)))
    depths = [8, 16, 32] if compression is Compression.ZIP_WITH_PREDICTION else [1, 8]
    depth = draw(st.sampled_from(depths))
    version = draw(st.sampled_from([1, 2]))
    width, height = draw(st.integers(1, 300)), draw(st.integers(1, 12))
    size = row_size(width, depth) * height
    levels = draw(st.sampled_from([1, 3, 256]))
    generator = np.random.default_rng(draw(st.integers(0, 1000)))
    plane = generator.integers(0, levels, size, dtype=np.uint8).tobytes()
    return compression, width, height, depth, version, plane


@given(_channels(), st.integers(1, 5))
def test_unpacks_in_bands(
    channel: tuple[Compression, int, int, int, int, bytes], step: int
) -> None:
    compression, width, height, depth, version, plane = channel
    packed = compress(plane, compression, width, height, depth, version)
    data = memoryview(compression.to_bytes(2) + packed)
    (rows,) = open_rows(data, width, height, depth, version == 2)
    bands = [
        bytes(rows.take(min(step, height - top))) for top in range(0, height, step)
    ]
    assert b"".join(bands) == plane


@given(st.sampled_from(list(Compression)), st.integers(1, 40), st.integers(1, 4))
def test_planes_of_one_stream_are_read_side_by_side(
    compression: Compression, width: int, planes: int
) -> None:
    generator = np.random.default_rng(width)
    stored = generator.integers(0, 256, (planes, 6, width), dtype=np.uint8)
    packed = compress(stored.tobytes(), compression, width, 6 * planes, 8)
    data = memoryview(compression.to_bytes(2) + packed)
    opened = open_rows(data, width, 6, 8, False, planes)
    for half in (stored[:, :3], stored[:, 3:]):
        taken = [bytes(rows.take(3)) for rows in opened]
        assert taken == [plane.tobytes() for plane in half]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "there are no pixel data"),
        (b"\0\0" + bytes(99), "there are too few pixel data"),
        (b"\0\1" + b"\0\2" * 9, "there are too few pixel data"),
        (b"\0\1" + b"\0\1" * 10 + bytes(10), "there are too few pixel data"),
        (b"\0\1" + b"\0\2" * 10 + bytes(19), "there are too few pixel data"),
        (b"\0\2", "there are too few pixel data"),
        (b"\0\4" + bytes(100), "the compression 4 is not known"),
    ],
)
def test_what_cannot_suffice_is_not_opened(data: bytes, reason: str) -> None:
    with pytest.raises(DamagedPixels, match=f"^{reason}$"):
        open_rows(memoryview(data), 10, 10, 8, False)


def test_rows_out_of_step_are_noticed() -> None:
    # The first row packs 4 bytes too many, the second 4 too few.
    rows = b"\xf3\x07", b"\xfb\x09"
    data = b"\0\1" + b"\0\2" * 2 + b"".join(rows)
    (opened,) = open_rows(memoryview(data), 10, 2, 8, False)
    with pytest.raises(DamagedPixels):
        opened.take(2)


def test_deflated_rows_stop_where_the_stream_does() -> None:
    packed = compress(bytes(range(100)), Compression.ZIP, 10, 10, 8)
    (opened,) = open_rows(memoryview(b"\0\2" + packed[:40]), 10, 10, 8, False)
    with pytest.raises(DamagedPixels, match="^deflated data cannot be unpacked$"):
        opened.take(10)
