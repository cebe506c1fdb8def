"""Adjustments: each held to what its dialog says of levels."""

import struct

import numpy as np
import pytest
from psd_tools.psd.adjustments import BrightnessContrast

from features.psd.utils.file.container import ColorMode
from features.psd.utils.render.adjustments import Adjustment, read_adjustment
from features.psd.utils.render.blend import Floats

RAMP: Floats = np.repeat(np.arange(256, dtype=np.float32)[None, :, None] / 255, 3, 2)


def _read(key: bytes, block: bytes) -> Adjustment:
    found = read_adjustment({key: memoryview(block)}, ColorMode.RGB)
    assert found is not None
    return found


def _levels_of(adjustment: Adjustment) -> list[int]:
    levels: list[int] = (
        np.rint(adjustment.adjust(RAMP)[0, :, 0] * 255).astype(int).tolist()
    )
    return levels


def test_invert() -> None:
    assert _levels_of(_read(b"nvrt", b"")) == list(range(255, -1, -1))


@pytest.mark.parametrize("level", [1, 128, 255])
def test_threshold(level: int) -> None:
    shown = _levels_of(_read(b"thrs", struct.pack(">HH", level, 0)))
    assert shown == [255 if i >= level else 0 for i in range(256)]


def test_posterize() -> None:
    shown = _levels_of(_read(b"post", struct.pack(">HH", 4, 0)))
    assert shown == [0] * 64 + [85] * 64 + [170] * 64 + [255] * 64


def _levels_block(*master: int) -> bytes:
    plain = struct.pack(">5h", 0, 255, 0, 255, 100)
    return struct.pack(">H", 2) + struct.pack(">5h", *master) + plain * 28


def test_levels() -> None:
    adjustment = _read(b"levl", _levels_block(50, 200, 0, 255, 100))
    expected = np.clip(np.rint((np.arange(256) - 50) / 150 * 255), 0, 255)
    assert _levels_of(adjustment) == expected.astype(int).tolist()
    assert not adjustment.approximate


def test_plain_levels_change_nothing() -> None:
    assert _levels_of(_read(b"levl", _levels_block(0, 255, 0, 255, 100))) == list(
        range(256)
    )


def test_legacy_brightness() -> None:
    block = BrightnessContrast(brightness=20, contrast=0, mean=127, lab_only=0)
    shown = _levels_of(_read(b"brit", block.tobytes()))
    assert shown == [min(i + 20, 255) for i in range(256)]


@pytest.mark.parametrize("key", [b"levl", b"curv", b"grdm", b"mixr", b"expA"])
def test_what_cannot_be_read_is_not_drawn(key: bytes) -> None:
    assert read_adjustment({key: memoryview(b"\0")}, ColorMode.RGB) is None


def test_unknown_kinds_are_not_drawn() -> None:
    assert read_adjustment({b"selc": memoryview(b"")}, ColorMode.RGB) is None
