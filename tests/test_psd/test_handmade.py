"""Law: what psd-tools opens is parsed, to the same layers and the same samples."""

import io
import tempfile
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from hypothesis import given, settings
from numpy.typing import NDArray
from psd_tools import PSDImage
from psd_tools.api.numpy_io import _parse_array
from psd_tools.constants import ColorMode, Compression

from features.psd.utils import (
    FlattenedExported,
    LayerExported,
    Message,
    Structure,
    parse,
)
from features.psd.utils.file.container import read_container
from features.psd.utils.pixels.color import color_space
from tests.test_psd.documents import LIMITS, read_wide
from tests.test_psd.handmade import Plan, Sheet, plans

# The modes whose merged image is stored over white where it is transparent.
OVER_WHITE = (ColorMode.RGB, ColorMode.GRAYSCALE)


def _parsed(data: bytes, folder: Path) -> list[Message]:
    source = folder / "document.psd"
    source.write_bytes(data)
    messages = parse(source, folder, export_layers=True, limits=LIMITS, wide=True)
    return list(messages)


def _expected(data: bytes, planes: NDArray[Any], depth: int) -> NDArray[Any]:
    """Convert what psd-tools unpacked: (height, width, planes), 0 to 1."""
    kinds = {16: (np.uint16, 65535), 32: (np.float32, 1)}
    kind, full = kinds.get(depth, (np.uint8, 255))
    stored = planes if full == 1 else np.rint(planes * full)
    split = [np.ascontiguousarray(plane) for plane in stored.astype(kind).T]
    space = color_space(read_container(memoryview(data)), wide=True)
    return np.asarray(space.convert([plane.T.copy() for plane in split]))


def _split(picture: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any] | None]:
    if picture.ndim == 3 and picture.shape[2] == 4:
        return picture[..., :3], picture[..., 3] / np.iinfo(picture.dtype).max
    return picture, None


def _same(ours: NDArray[Any], theirs: NDArray[Any]) -> bool:
    if ours.ndim > theirs.ndim:  # Gray with transparency is written as RGBA.
        theirs = np.stack([theirs] * 3, axis=-1)
    return np.array_equal(ours, theirs)


@given(plans())
@settings(max_examples=300, deadline=None)
def test_what_psd_tools_opens_is_parsed(plan: Plan) -> None:
    data = plan.write()
    document = PSDImage.open(io.BytesIO(data))
    with tempfile.TemporaryDirectory() as name:
        structure, flattened, *exported = _parsed(data, Path(name))
        assert isinstance(structure, Structure)
        assert isinstance(flattened, FlattenedExported)
        layers = structure.document.layers
        assert [
            (layer.name, layer.left, layer.top, layer.width, layer.height)
            for layer in layers
        ] == [
            (layer.name, layer.left, layer.top, layer.width, layer.height)
            for layer in document
        ]
        _check_merged(plan, data, document, read_wide(Path(flattened.image.path)))
        shown = [layer for layer in layers if layer.width and layer.height]
        assert len(exported) == len(shown)
        for message in exported:
            assert isinstance(message, LayerExported)
            picture = read_wide(Path(message.image.path))
            _check_layer(plan, data, document[message.index], picture)


def _check_layer(plan: Plan, data: bytes, layer: Any, picture: NDArray[Any]) -> None:
    color, cover = _split(picture)
    planes = layer.numpy("color")[..., : plan.planes]
    assert _same(color, _expected(data, planes, plan.depth))
    shape = layer.numpy("shape")
    if shape is None:
        assert cover is None
    else:
        assert cover is not None
        assert np.abs(cover - shape[..., 0]).max() <= (1e-4 if plan.depth > 8 else 1e-6)


def _check_merged(
    plan: Plan, data: bytes, document: PSDImage, picture: NDArray[Any]
) -> None:
    color, cover = _split(picture)
    planes = _merged_planes(document)
    stored = planes[..., plan.planes :]
    planes = planes[..., : plan.planes]
    assert (cover is not None) == plan.transparent
    if cover is None:
        assert _same(color, _expected(data, planes, plan.depth))
        return
    alpha = stored[..., 0]
    assert np.abs(cover - alpha).max() <= (1e-4 if plan.depth > 8 else 1e-6)
    if plan.mode in OVER_WHITE:
        solid = np.maximum(alpha, 0.01)[..., None]
        clean = np.clip((planes + solid - 1) / solid, 0, 1).astype(np.float32)
        expected = _expected(data, clean, plan.depth)
        theirs = np.stack([expected] * 3, -1) if expected.ndim == 2 else expected
        difference = np.abs(color.astype(float) - theirs)
        # Curves are steep where light is linear and there is little of it.
        assert difference[alpha > 0.01].max(initial=0) <= 1


def _merged_planes(document: PSDImage) -> NDArray[Any]:
    """Unpack the merged image as it is stored: (height, width, channels), 0 to 1."""
    header = document._record.header
    packed = document._record.image_data.get_data(header, split=False)
    assert isinstance(packed, bytes)
    depth = cast(Literal[1, 8, 16, 32], header.depth)
    planes = _parse_array(packed, depth, header.width)
    size = header.channels, header.height, header.width
    return planes.reshape(size).transpose(1, 2, 0)


def test_a_merged_image_without_all_its_colors_is_left_out(tmp_path: Path) -> None:
    sheet = Sheet(0, 0, 5, 4, "one", (0, 1, 2), Compression.RLE, seed=1)
    plan = Plan(ColorMode.GRAYSCALE, 8, False, 9, 6, 0, Compression.RAW, sheets=[sheet])
    data = bytearray(plan.write())
    data[24:26] = ColorMode.RGB.to_bytes(2)
    structure, *pictures = _parsed(bytes(data), tmp_path)
    assert isinstance(structure, Structure)
    assert [layer.name for layer in structure.document.layers] == ["one"]
    assert isinstance(pictures[-1], LayerExported)
    assert pictures[-1].index == 0
