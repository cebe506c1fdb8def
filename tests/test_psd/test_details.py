"""Guides, slices, comps, colours, artboards and smart objects in real files."""

import hashlib
import struct
from pathlib import Path
from typing import Any

import pytest
from psd_tools import PSDImage
from psd_tools.api.layers import SmartObjectLayer
from psd_tools.psd import descriptor as theirs

from features.psd.utils import EmbeddedExported
from features.psd.utils.details.canvas import MAX_GUIDES, read_guides, read_slices
from features.psd.utils.details.colors import descriptor_color
from features.psd.utils.details.comps import read_comps
from features.psd.utils.details.descriptor import Descriptor
from features.psd.utils.details.smart import file_name, media_type, read_linked_files
from features.psd.utils.types import Artboard, Guide, Layer, Slice, Swatch
from tests.test_psd.documents import run, structure

EXAMPLE = "psd.js__example.psd"
LOGO = "Aspose.PSD-f__LogoOutside.psd"
PLACED = "Aspose.PSD-f__1_200x200.psdnonlicensedresized_output.psd"


def _layer(corpus: Path, file: str, kind: str) -> Layer:
    layers = structure(corpus / "psd" / file).layers
    return next(layer for layer in layers if layer.kind == kind)


def test_reads_guides(corpus: Path) -> None:
    assert structure(corpus / "psd" / EXAMPLE).guides == [
        Guide("HORIZONTAL", 300.0),
        Guide("VERTICAL", 450.0),
        Guide("VERTICAL", 225.0),
        Guide("VERTICAL", 675.0),
        Guide("HORIZONTAL", 450.0),
        Guide("HORIZONTAL", 150.0),
    ]


def test_reads_layer_comps_with_their_states(corpus: Path) -> None:
    comps = structure(corpus / "psd" / EXAMPLE).layer_comps
    assert [comp.name for comp in comps] == ["Version A", "Version B", "Version C"]
    assert {comp.captures_visibility for comp in comps} == {True}
    assert {comp.captures_position or comp.captures_appearance for comp in comps} == {
        False
    }
    states = {state.index: state.visible for state in comps[0].states}
    assert states == {
        **{0: True, 2: True, 3: True, 4: False},
        **{6: True, 7: True, 8: False, 10: True, 11: True},
    }
    assert [(s.index, s.visible) for s in comps[1].states] == [(0, False), (4, True)]


def test_counts_the_layers_that_use_a_color(corpus: Path) -> None:
    assert structure(corpus / "psd" / EXAMPLE).swatches == [
        Swatch("#137862", 8),
        Swatch("#55606e", 2),
        *(
            Swatch(c, 1)
            for c in ("#0a00b2", "#8a2316", "#a72f20", "#ff0000", "#fffc00")
        ),
    ]


def test_reads_an_artboards_own_frame(corpus: Path) -> None:
    artboard = _layer(corpus, LOGO, "ARTBOARD").artboard
    assert artboard == Artboard(0, 0, 510, 400, None, "#ffffff")


def test_reads_gradients_with_their_stops(corpus: Path) -> None:
    fill = _layer(corpus, "FireMonkeySt__Logo.psd", "FILL").fill
    assert fill == {
        "kind": "gradient",
        "gradient": {
            "kind": "solid",
            "name": "FMS2",
            "smoothness": 1.0,
            "colorStops": [
                {"location": 0.0, "midpoint": 0.5, "color": "#027ad5"},
                {"location": 1.0, "midpoint": 0.5, "color": "#158ccf"},
            ],
            "opacityStops": [
                {"location": 0.0, "midpoint": 0.5, "opacity": 100.0},
                {"location": 1.0, "midpoint": 0.5, "opacity": 100.0},
            ],
        },
        "style": "linear",
        "angle": 90.0,
    }


def test_reads_the_line_around_a_shape(corpus: Path) -> None:
    shape = _layer(corpus, "Magick.NET__layer-styles-sample.psd", "SHAPE")
    assert shape.fill == {"kind": "color", "color": "#1f33ff"}
    assert shape.line and (shape.line["width"], shape.line["alignment"]) == (
        1.0,
        "inside",
    )
    assert shape.line["fill"] == {"kind": "color", "color": "#90acad"}


def test_shared_light_is_resolved(corpus: Path) -> None:
    layers = structure(corpus / "psd" / "psd-tools__masks.psb").layers
    shadow = next(effect for layer in layers for effect in layer.effects)
    angles = [
        effect.settings["angle"]
        for layer in layers
        for effect in layer.effects
        if effect.kind == "drop shadow"
    ]
    assert shadow.kind == "gradient overlay"
    assert angles == [90, 90, 90]


@pytest.mark.parametrize("file", [LOGO, PLACED, "ag-psd__src.psb"])
def test_embedded_files_come_out_as_they_went_in(
    corpus: Path, tmp_path: Path, file: str
) -> None:
    document = structure(corpus / "psd" / file)
    opened = PSDImage.open(corpus / "psd" / file)
    expected = {
        layer.smart_object.unique_id: layer.smart_object.data
        for layer in opened.descendants()
        if isinstance(layer, SmartObjectLayer)
    }
    found = {}
    for message in run(corpus / "psd" / file, tmp_path):
        if isinstance(message, EmbeddedExported):
            data = Path(message.path).read_bytes()
            assert message.sha256 == hashlib.sha256(data).hexdigest()
            assert message.size == len(data)
            for index in message.indexes:
                placed = document.layers[index].smart_object
                assert placed and placed.kind == "EMBEDDED"
                assert (placed.size, placed.media_type) == (
                    message.size,
                    message.content_type,
                )
                found[placed.unique_id] = data
    assert found == expected
    assert len(found) >= 1


def test_places_a_smart_object_by_its_corners(corpus: Path) -> None:
    placed = _layer(corpus, LOGO, "SMART_OBJECT").smart_object
    assert placed and placed.name == "_logo_HP_Electric_Blue_keyline_HEX.png"
    assert placed.corners == [25.0, 24.0, 65.0, 24.0, 65.0, 64.0, 25.0, 64.0]
    assert (placed.width, placed.height, placed.media_type) == (2000, 2000, "image/png")


def test_reads_only_as_many_guides_as_there_are() -> None:
    head = struct.pack(">4I", 1, 576, 576, 2**31)
    guides = struct.pack(">iB", -48, 0) + struct.pack(">iB", 320, 1)
    assert read_guides(memoryview(head + guides + b"\0")) == [
        Guide("VERTICAL", -1.5),
        Guide("HORIZONTAL", 10.0),
    ]
    many = head + struct.pack(">iB", 0, 0) * (MAX_GUIDES + 1)
    assert len(read_guides(memoryview(many))) == MAX_GUIDES


def _text(words: str) -> bytes:
    return struct.pack(">I", len(words)) + words.encode("utf-16-be")


def test_reads_slices_of_a_layer_and_of_a_person() -> None:
    head = struct.pack(">I4i", 6, 0, 0, 30, 40) + _text("page") + struct.pack(">I", 2)
    rest = b"\0" + _text("") + struct.pack(">2I4B", 0, 0, 0, 0, 0, 0)
    words = _text("http://a.example/") + _text("_blank") + _text("note") + _text("alt")
    by_person = struct.pack(">3I", 1, 0, 2) + _text("logo") + struct.pack(">I", 1)
    by_layer = struct.pack(">4I", 2, 0, 1, 7) + _text("") + struct.pack(">I", 1)
    box = struct.pack(">4i", -1, 2, 9, 6)
    block = (
        head + by_person + box + words + rest + by_layer + box + _text("") * 4 + rest
    )
    place = (-1, 2, 10, 4)
    assert read_slices(memoryview(block)) == [
        Slice("logo", "USER", *place, "http://a.example/", "alt", "note"),
        Slice(None, "LAYER", *place, None, None, None),
    ]
    assert read_slices(memoryview(block[:-20])) == []


@pytest.mark.parametrize("version", [7, 8])
def test_reads_slices_that_are_described(version: int) -> None:
    made: list[Any] = [theirs.Descriptor(classID=b"null") for _ in range(3)]
    whole, one, box = made
    for key, side in ((b"Top ", 2), (b"Left", -1), (b"Btom", 6), (b"Rght", 9)):
        box[key] = theirs.Integer(side)
    one[b"origin"] = theirs.Enumerated(b"ESliceOrigin", b"userGenerated")
    one[b"bounds"] = box
    one[b"Nm  "] = theirs.String("徽标")
    one[b"altTag"] = theirs.String("alt")
    whole[b"slices"] = theirs.List([one])
    block = struct.pack(">II", version, 16) + whole.tobytes()
    assert read_slices(memoryview(block)) == [
        Slice("徽标", "USER", -1, 2, 10, 4, None, "alt", None)
    ]


def test_what_is_unreadable_is_not_there() -> None:
    junk = memoryview(b"\xff" * 40)
    assert read_guides(junk[:8]) == []
    assert read_slices(junk) == []
    assert read_comps(junk, []) == []
    assert read_linked_files({b"lnk2": junk}) == {}


@pytest.mark.parametrize(
    ("stored", "name", "media"),
    [
        ("logo.PNG", "logo.PNG", "image/png"),
        ("C:\\work\\ウニ.psb", "ウニ.psb", "image/vnd.adobe.photoshop"),
        ("../../etc/passwd", "passwd", "application/octet-stream"),
        ("a\r\nb\u202e.svg", "ab.svg", "image/svg+xml"),
        ("page.html", "page.html", "application/octet-stream"),
        ("x" * 500 + ".pdf", "x" * 196 + ".pdf", "application/pdf"),
        ("..", None, "application/octet-stream"),
        ("", None, "application/octet-stream"),
    ],
)
def test_names_of_files_are_harmless(stored: str, name: str | None, media: str) -> None:
    assert (file_name(stored), media_type(file_name(stored))) == (name, media)


@pytest.mark.parametrize(
    ("values", "color"),
    [
        ({"Rd": 255.0, "Grn": 127.6, "Bl": -3.0}, "#ff8000"),
        ({"redFloat": 1.0, "greenFloat": 0.5, "blueFloat": 0.0}, "#ff8000"),
        ({"Gry": 100.0}, "#000000"),
        ({"H": 120.0, "Strt": 100.0, "Brgh": 100.0}, "#00ff00"),
        ({"Cyn": 0.0, "Mgnt": 100.0, "Ylw": 100.0, "Blck": 0.0}, "#ff0000"),
        ({"Lmnc": 100.0, "A": 0.0, "B": 0.0}, "#ffffff"),
        ({"Lmnc": 54.29, "A": 80.81, "B": 69.89}, "#ff0000"),
        ({"Nm": 1.0}, None),
    ],
)
def test_colors_of_all_models(values: dict[str, float], color: str | None) -> None:
    assert descriptor_color(Descriptor(values)) == color
