"""The engine on small documents made on the spot."""

import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from psd_tools import PSDImage
from psd_tools.constants import Compression

from core.errors import ErrorCode
from features.psd.exceptions import PsdError
from features.psd.utils import (
    FlattenedExported,
    LayerDamaged,
    LayerExported,
    Limits,
    Structure,
    parse,
)
from tests.test_psd.documents import (
    LIMITS,
    noise,
    pixels,
    run,
    saved,
    small_document,
    structure,
)


def _write(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "document.psd"
    path.write_bytes(data)
    return path


def test_tells_the_structure_first_then_pictures_from_the_bottom(
    tmp_path: Path,
) -> None:
    messages = run(_write(tmp_path, saved(small_document())), tmp_path)
    kinds = [type(message) for message in messages]
    assert kinds == [Structure, FlattenedExported, *[LayerExported] * 3]
    exported = [m for m in messages if isinstance(m, LayerExported)]
    assert [message.index for message in exported] == [0, 2, 3]
    names = [Path(message.image.path).name for message in exported]
    assert names == ["layer-00000.png", "layer-00002.png", "layer-00003.png"]
    expected = [noise(40, 30), noise(8, 6, 1), noise(5, 7, 2)]
    for message, image in zip(exported, expected, strict=True):
        assert np.array_equal(pixels(message.image.path), np.asarray(image))


def test_reads_names_places_and_looks(tmp_path: Path) -> None:
    document = structure(_write(tmp_path, saved(small_document())))
    assert (document.width, document.height) == (40, 30)
    assert (document.color_mode, document.bit_depth) == ("RGB", 8)
    assert not document.is_large
    bottom, group, one, two = document.layers
    assert (bottom.name, bottom.kind, bottom.fidelity) == ("背景", "PIXEL", "EXACT")
    assert (group.kind, group.blend_mode, group.fidelity) == (
        "GROUP",
        "pass through",
        "NONE",
    )
    assert (one.parent_index, one.path, one.depth) == (1, ["Group", "one"], 1)
    assert (two.visible, two.opacity, two.blend_mode) == (False, 0.2, "linear dodge")
    assert (one.left, one.top, one.width, one.height) == (-3, 5, 8, 6)
    # The smallest box around both, the hidden one included.
    assert (group.left, group.top, group.width, group.height) == (-3, 5, 38, 22)


def test_an_empty_group_has_no_bounds(tmp_path: Path) -> None:
    document = PSDImage.new("RGB", (10, 10))
    document.create_group(name="empty")
    (group,) = structure(_write(tmp_path, saved(document))).layers
    assert (group.left, group.top, group.width, group.height) == (0, 0, 0, 0)


def test_without_layers_only_the_structure_is_told(tmp_path: Path) -> None:
    path = _write(tmp_path, saved(small_document()))
    out = tmp_path / "out"
    out.mkdir()
    messages = list(parse(path, out, export_layers=False, limits=LIMITS))
    assert [type(message) for message in messages] == [Structure]
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("depth", [8, 16, 32])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_reads_every_depth_and_compression(
    tmp_path: Path, mode: str, depth: int
) -> None:
    if (mode, depth) == ("CMYK", 32):
        depth = 16
    document = PSDImage.new(mode, (20, 10), depth=depth)  # type: ignore[arg-type]
    for compression in Compression:
        document.create_pixel_layer(
            noise(20, 10).convert("RGB"), compression=compression
        )
    messages = run(_write(tmp_path, saved(document)), tmp_path)
    exported = [m for m in messages if isinstance(m, LayerExported)]
    pictures = [pixels(message.image.path) for message in exported]
    assert len(pictures) == 4
    for picture in pictures:
        assert picture.shape[:2] == (10, 20)
        assert np.array_equal(picture, pictures[0])


def test_a_damaged_layer_costs_only_itself(tmp_path: Path) -> None:
    document = small_document()
    data = saved(document)
    middle = document[1][0]  # type: ignore[index]
    packed = middle._channels[1].data
    assert data.count(packed) == 1
    counts = struct.pack(">6H", *[0] * 6)
    path = _write(tmp_path, data.replace(packed, counts + packed[12:]))
    out = tmp_path / "out"
    out.mkdir()
    messages = run(path, out)
    assert [type(m) for m in messages[1:]] == [
        FlattenedExported,
        LayerExported,
        LayerDamaged,
        LayerExported,
    ]
    assert messages[3] == LayerDamaged(2, "damaged pixels")
    assert not [path for path in out.iterdir() if "00002" in path.name]


def test_a_layer_damaged_half_way_leaves_no_file(tmp_path: Path) -> None:
    document = PSDImage.new("RGB", (10, 10))
    image = noise(1024, 1024)
    layer = document.create_pixel_layer(image, compression=Compression.ZIP)
    data = saved(document)
    packed = layer._channels[1].data
    half = len(packed) // 2
    path = _write(tmp_path, data.replace(packed, packed[:half] + bytes(half + 1)))
    out = tmp_path / "out"
    out.mkdir()
    messages = run(path, out)
    assert messages[2:] == [LayerDamaged(0, "damaged pixels")]
    assert {path.name for path in out.iterdir()} == {
        "flattened.png",
        "flattened-preview.webp",
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"max_side": 39},
            "The canvas is 40 × 30 pixels, and no side may have more than 39. "
            "Make the image smaller.",
        ),
        (
            {"max_layers": 3},
            "This document has more than 3 layers. "
            "Merge some of them, or split the document.",
        ),
        (
            {"max_pixels": 2482},
            "The canvas and the layers together have 2483 pixels, and 2482 are "
            "allowed. Make the image smaller or merge layers.",
        ),
        (
            {"max_depth": 0},
            "Groups in this document are nested more than 0 levels deep. "
            "Flatten some of them.",
        ),
    ],
)
def test_limits(tmp_path: Path, changes: dict[str, int], message: str) -> None:
    path = _write(tmp_path, saved(small_document()))
    exact = {"max_side": 40, "max_layers": 4, "max_pixels": 2483, "max_depth": 1}
    assert len(run(path, tmp_path, Limits(**exact))) == 5
    with pytest.raises(PsdError) as error:
        run(path, tmp_path, Limits(**(exact | changes)))
    assert error.value.code == ErrorCode.LIMIT_EXCEEDED
    assert error.value.message == message


def test_a_layer_larger_than_a_side_may_be(tmp_path: Path) -> None:
    document = PSDImage.new("RGB", (10, 10))
    document.create_pixel_layer(noise(30, 2), name="wide")
    limits = Limits(max_side=20, max_layers=10, max_pixels=1000)
    with pytest.raises(PsdError) as error:
        run(_write(tmp_path, saved(document)), tmp_path, limits)
    assert error.value.message == (
        "The layer “wide” is 30 × 2 pixels, and no side may have more than 20. "
        "Crop the layer."
    )


def test_errors_cross_a_process_border() -> None:
    error = PsdError(ErrorCode.CORRUPT_FILE, "It is broken.")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.code, again.message) == (
        PsdError,
        ErrorCode.CORRUPT_FILE,
        "It is broken.",
    )


def test_trouble_with_the_folder_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    path = _write(tmp_path, saved(small_document()))
    with pytest.raises(FileNotFoundError):
        run(path, tmp_path / "missing")
