"""Every file of the corpus, held to its manifest and to what others read in it."""

import csv
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image
from psd_tools import PSDImage

from features.psd.exceptions import PsdError
from features.psd.utils import (
    EmbeddedExported,
    FlattenedExported,
    Layer,
    LayerExported,
    Message,
    Picture,
    Structure,
)
from features.psd.utils.types import Artboard
from tests.test_psd.documents import pixels, run, structure
from tests.test_psd.outcomes import EXPECTED

PARSED = [name for name, outcome in EXPECTED.items() if isinstance(outcome, int)]
REFUSED = [name for name, outcome in EXPECTED.items() if isinstance(outcome, str)]
# Their embedded thumbnails are Photoshop's own rendering of the same state.
SHOWN_BY_PHOTOSHOP = [
    "Aspose.PSD-f__LogoOutside.psd",
    "Magick.NET__layer-styles-sample.psd",
    "PhotoshopAPI__CMYK_16.psb",
    "PhotoshopAPI__Grayscale_16.psb",
    "PhotoshopAPI__Grayscale_32.psb",
    "ag-psd__indexed_src.psd",
    "kimageformat__mch3-16bits.psb",
    "kimageformat__mch3-8bits.psb",
    "psd-tools__300dpi.psb",
    "psd-tools__clipping-mask2.psd",
    "psd-tools__masks.psb",
    "psd-tools__threshold_16bits_grayscale.psd",
    "psd-tools__threshold_grayscale.psd",
    "psd.js__example.psd",
    "psd.rb__example-nocompat.psd",
    "psd2svg__invert-clipping-mask.psd",
    "psd__bitmap.psd",
    "psd__indexed.psd",
]
# CMYK, duotone, multichannel and Lab are closed to the other reader.
UNKNOWN_TO_THE_OTHER = {
    "Magick.NET__layer-styles-sample.psd",
    "PhotoshopAPI__CMYK_16.psb",
    "TwelveMonkey__fruit-cmyk-MeSa-resource.psd",
    "kimageformat__duotone.psb",
    "kimageformat__mch3-16bits.psb",
    "kimageformat__mch3-8bits.psb",
    "psd-tools__4x4_16bit_lab.psd",
    "psd-tools__4x4_8bit_duotone.psd",
    "psd-tools__4x4_8bit_lab.psd",
}
KINDS = {
    "adjustment": "ADJUSTMENT",
    "artboard": "ARTBOARD",
    "fill": "FILL",
    "group": "GROUP",
    "pixel": "PIXEL",
    "shape": "SHAPE",
    "smartobject": "SMART_OBJECT",
    "type": "TEXT",
}
EFFECTS = {
    "dropShadow": "drop shadow",
    "gradientOverlay": "gradient overlay",
    "patternOverlay": "pattern overlay",
    "satin": "satin",
    "solidFill": "color overlay",
    "stroke": "stroke",
}


@cache
def _trees(corpus: Path) -> dict[str, dict[str, Any]]:
    lines = (corpus / "psd" / "trees.jsonl").read_text().splitlines()
    trees = [json.loads(line) for line in lines]
    return {tree["file"]: tree for tree in trees if tree["ok"]}


def test_the_table_of_outcomes_is_the_manifest(corpus: Path) -> None:
    with (corpus / "psd" / "MANIFEST.csv").open(newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    assert sorted(rows) == sorted(EXPECTED)
    found = {path.name for path in (corpus / "psd").glob("*.ps[db]")}
    assert found == set(EXPECTED)
    for name, row in rows.items():
        if row["opens_in_psdtools"] == "True":
            assert EXPECTED[name] == int(row["layer_count"])
        else:
            assert EXPECTED[name] in ("CORRUPT_FILE", "UNSUPPORTED_FORMAT")


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(corpus: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(PsdError) as error:
        run(corpus / "psd" / name, tmp_path)
    assert error.value.code == EXPECTED[name]
    assert error.value.message.startswith("This file is damaged: its header ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", PARSED)
def test_parses(corpus: Path, tmp_path: Path, name: str) -> None:
    messages = run(corpus / "psd" / name, tmp_path)
    assert isinstance(messages[0], Structure)
    document = messages[0].document
    assert len(document.layers) == EXPECTED[name]
    assert [layer.index for layer in document.layers] == list(
        range(len(document.layers))
    )
    assert isinstance(messages[1], FlattenedExported)
    _check_picture(messages[1].image, document.width, document.height)
    _check_preview(messages[1].preview, messages[1].image)
    _check_layers(document.layers, messages[2:])
    written = {Path(p.path).name for p in _pictures(messages)}
    written |= {Path(e.path).name for e in messages if isinstance(e, EmbeddedExported)}
    assert {path.name for path in tmp_path.iterdir()} == written


def _check_layers(layers: list[Layer], messages: list[Message]) -> None:
    """Each layer but those of fidelity NONE is exported, from the bottom, in its size."""
    exported = [message for message in messages if isinstance(message, LayerExported)]
    embedded = [
        message for message in messages if isinstance(message, EmbeddedExported)
    ]
    assert exported + embedded == messages
    shown = [layer for layer in layers if layer.fidelity != "NONE"]
    assert [message.index for message in exported] == [layer.index for layer in shown]
    for layer, message in zip(shown, exported, strict=True):
        _check_picture(message.image, layer.width, layer.height)
        _check_preview(message.preview, message.image)


def _pictures(messages: list[Message]) -> list[Picture]:
    return [
        picture
        for message in messages
        if isinstance(message, FlattenedExported | LayerExported)
        for picture in (message.image, message.preview)
    ]


def _check_picture(picture: Picture, width: int, height: int) -> None:
    data = Path(picture.path).read_bytes()
    assert picture.content_type == "image/png"
    assert (picture.width, picture.height) == (width, height)
    assert pixels(picture.path).shape[:2] == (height, width)
    assert picture.size == len(data)
    assert picture.sha256 == hashlib.sha256(data).hexdigest()


def _check_preview(preview: Picture, image: Picture) -> None:
    data = Path(preview.path).read_bytes()
    assert preview.content_type == "image/webp"
    assert pixels(preview.path).shape[:2] == (preview.height, preview.width)
    longest = max(image.width, image.height)
    assert max(preview.width, preview.height) == min(longest, 512)
    assert preview.size == len(data)
    assert preview.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("name", sorted(set(PARSED) - UNKNOWN_TO_THE_OTHER))
def test_layers_agree_with_another_reader(corpus: Path, name: str) -> None:
    tree = _trees(corpus)[name]
    ours = [_as_tree(layer) for layer in structure(corpus / "psd" / name).layers]
    assert ours == [_without_the_rest(layer) for layer in tree["layers"]]


def _as_tree(layer: Layer) -> dict[str, Any]:
    is_group = layer.kind in ("GROUP", "ARTBOARD")
    right, bottom = layer.left + layer.width, layer.top + layer.height
    return {
        "name": layer.name,
        "kind": layer.kind,
        "depth": layer.depth,
        "bounds": None if is_group else [layer.left, layer.top, right, bottom],
        "visible": layer.visible,
        "opacity": layer.opacity * 255,
        "blend": layer.blend_mode,
        "clipping": layer.clipped,
        "vectorMask": layer.has_vector_mask,
        "text": layer.text.content if layer.text else None,
        "effects": sorted(one.kind for one in layer.effects if one.enabled),
        "linked": layer.smart_object.unique_id if layer.smart_object else None,
        "artboard": _box(layer.artboard) if layer.artboard else None,
    }


def _box(box: Artboard) -> list[int]:
    return [box.left, box.top, box.left + box.width, box.top + box.height]


def _without_the_rest(layer: dict[str, Any]) -> dict[str, Any]:
    keys = ("name", "depth", "visible", "opacity", "blend", "clipping", "vectorMask")
    bounds = None if layer["kind"] in ("group", "artboard") else layer["bounds"]
    kept = {key: layer[key] for key in (*keys, "text", "linked", "artboard")}
    effects = sorted(EFFECTS[kind] for kind in layer["effects"])
    return kept | {
        "kind": KINDS[layer["kind"]],
        "bounds": bounds,
        "effects": effects,
    }


@pytest.mark.parametrize("name", PARSED)
def test_structures_cross_a_process_border(corpus: Path, name: str) -> None:
    message = Structure(structure(corpus / "psd" / name))
    packed = msgspec.msgpack.encode(message)
    assert msgspec.msgpack.decode(packed, type=Message) == message
    json.loads(msgspec.json.encode(message))


@pytest.mark.parametrize("name", PARSED)
def test_paths_follow_the_parents(corpus: Path, name: str) -> None:
    layers = structure(corpus / "psd" / name).layers
    for layer in layers:
        parent = layers[layer.parent_index] if layer.parent_index is not None else None
        assert layer.path == [*(parent.path if parent else []), layer.name]
        assert layer.depth == (parent.depth + 1 if parent else 0)
        assert parent is None or parent.index < layer.index


@pytest.mark.parametrize("name", SHOWN_BY_PHOTOSHOP)
def test_flattened_looks_as_in_photoshop(
    corpus: Path, tmp_path: Path, name: str
) -> None:
    messages = run(corpus / "psd" / name, tmp_path)
    assert isinstance(messages[1], FlattenedExported)
    thumbnail = PSDImage.open(corpus / "psd" / name).thumbnail()
    assert thumbnail is not None
    with Image.open(messages[1].image.path) as image:
        shown = Image.new("RGBA", image.size, "white")
        shown.alpha_composite(image.convert("RGBA"))
    box = Image.Resampling.BOX
    ours = np.asarray(shown.convert("RGB").resize(thumbnail.size, box), np.float64)
    theirs = np.asarray(thumbnail.convert("RGB"), np.float64)
    # Thumbnails are small JPEGs: sharp edges differ, the average colours must not.
    difference = ours.mean(axis=(0, 1)) - theirs.mean(axis=(0, 1))
    assert np.abs(difference).max() < 2


@pytest.mark.parametrize(
    "name", ["psd.js__example.psd", "psd-tools__masks.psb", "psd__example.psb"]
)
def test_layers_hold_their_own_pixels(corpus: Path, tmp_path: Path, name: str) -> None:
    """8 bit sRGB needs no conversion: what psd-tools unpacks is what is exported."""
    exported = {
        message.index: message.image
        for message in run(corpus / "psd" / name, tmp_path)
        if isinstance(message, LayerExported)
    }
    descendants = list(PSDImage.open(corpus / "psd" / name).descendants())
    assert len(descendants) == EXPECTED[name]
    compared = 0
    for index, layer in enumerate(descendants):
        if index in exported:
            own = layer.topil(apply_icc=False)
            assert own is not None
            assert np.array_equal(pixels(exported[index].path), np.asarray(own))
            compared += 1
    assert compared == len(exported) > 10
