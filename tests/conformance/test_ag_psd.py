"""ag-psd writes, we read: what its writer was told is what is told of the file."""

import base64
import itertools
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.psd.utils import Document, EmbeddedExported, Layer, TextParagraph
from features.psd.utils.types import Artboard, Guide, LayerCompState, Slice
from tests.conformance.node import HERE, node
from tests.test_psd.documents import run, structure

type Write = Callable[..., Path]

PLACED = "20953ddb-9391-11ec-b4f1-c15674f50bc4"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
MODES = (
    *("normal", "dissolve", "darken", "multiply", "color burn", "linear burn"),
    *("darker color", "lighten", "screen", "color dodge", "linear dodge"),
    *("lighter color", "overlay", "soft light", "hard light", "vivid light"),
    *("linear light", "pin light", "hard mix", "difference", "exclusion"),
    *("subtract", "divide", "hue", "saturation", "color", "luminosity"),
)
NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40
)
SIDES = st.integers(-500, 500)


@pytest.fixture(scope="module")
def write(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Write]:
    """Give a function that writes a described document and returns its path."""
    folder = tmp_path_factory.mktemp("ag-psd")
    numbers = itertools.count()
    with subprocess.Popen(
        [node(), HERE / "ag_psd.mjs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:

        def written(document: dict[str, Any], *, psb: bool = False) -> Path:
            assert writer.stdin and writer.stdout
            path = folder / f"{next(numbers)}.psd"
            wanted = {"path": str(path), "psb": psb, "document": document}
            print(json.dumps(wanted), file=writer.stdin, flush=True)
            assert writer.stdout.readline().strip() == str(path)
            return path

        yield written
        assert writer.stdin
        writer.stdin.close()


@st.composite
def _layers(draw: st.DrawFn, depth: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": draw(NAMES),
        "opacity": draw(st.integers(0, 255)) / 255,
        "hidden": draw(st.booleans()),
        "blendMode": draw(st.sampled_from(MODES)),
    }
    if depth < 3 and draw(st.integers(0, 3)) == 0:
        inner = _layers(depth=depth + 1)
        return found | {"children": draw(st.lists(inner, max_size=3))}
    return found | {
        "left": draw(SIDES),
        "top": draw(SIDES),
        "width": draw(st.integers(1, 20)),
        "height": draw(st.integers(1, 20)),
        "clipping": draw(st.booleans()),
    }


GUIDES = st.fixed_dictionaries(
    {
        "location": st.integers(-(2**20), 2**20).map(lambda place: place / 32),
        "direction": st.sampled_from(["horizontal", "vertical"]),
    }
)
DOCUMENTS = st.fixed_dictionaries(
    {
        # Of narrower canvases the other cuts the merged image short.
        "width": st.integers(8, 30),
        "height": st.integers(8, 30),
        "children": st.lists(_layers(), min_size=1, max_size=5),
        "guides": st.lists(GUIDES, max_size=5),
    }
)


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(document=DOCUMENTS, psb=st.booleans())
def test_any_document_is_read_as_it_was_described(
    write: Write, document: dict[str, Any], psb: bool
) -> None:
    guides = document.pop("guides")
    document["imageResources"] = {"gridAndGuidesInformation": {"guides": guides}}
    found = structure(write(document, psb=psb))
    assert (found.width, found.height) == (document["width"], document["height"])
    assert found.is_large == psb
    assert [_told(layer) for layer in found.layers] == [
        told for layer in document["children"] for told in _described(layer, [])
    ]
    assert found.guides == [
        Guide(guide["direction"].upper(), guide["location"]) for guide in guides
    ]


def _told(layer: Layer) -> dict[str, Any]:
    box = [layer.left, layer.top, layer.width, layer.height]
    is_group = layer.kind == "GROUP"
    return {
        "path": layer.path,
        "opacity": round(layer.opacity * 255),
        "visible": layer.visible,
        "blendMode": layer.blend_mode,
        "clipped": False if is_group else layer.clipped,
        "box": None if is_group else box,
    }


def _described(layer: dict[str, Any], above: list[str]) -> Iterator[dict[str, Any]]:
    path = [*above, layer["name"]]
    children = layer.get("children")
    sides = ("left", "top", "width", "height")
    yield {
        "path": path,
        "opacity": round(layer["opacity"] * 255),
        "visible": not layer["hidden"],
        "blendMode": layer["blendMode"],
        "clipped": layer.get("clipping", False),
        "box": None if children is not None else [layer[side] for side in sides],
    }
    for child in children or ():
        yield from _described(child, path)


PAGE: dict[str, Any] = {
    "width": 60,
    "height": 50,
    "imageResources": {
        "globalAngle": 77,
        "slices": [
            {
                "bounds": {"left": 0, "top": 0, "right": 60, "bottom": 50},
                "groupName": "page",
                "slices": [
                    {
                        "id": 1,
                        "groupId": 0,
                        "origin": "userGenerated",
                        "associatedLayerId": 0,
                        "name": "徽标",
                        "type": "image",
                        "bounds": {"left": 3, "top": 4, "right": 20, "bottom": 10},
                        "url": "https://example.com/",
                        "target": "_blank",
                        "message": "",
                        "altTag": "the logo",
                        "cellTextIsHTML": False,
                        "cellText": "",
                        "horizontalAlignment": "default",
                        "verticalAlignment": "default",
                        "backgroundColorType": "none",
                        "backgroundColor": {"r": 0, "g": 0, "b": 0, "a": 0},
                        "topOutset": 0,
                        "leftOutset": 0,
                        "bottomOutset": 0,
                        "rightOutset": 0,
                    }
                ],
            }
        ],
        "layerComps": {
            "list": [
                {"id": 5, "name": "Day", "comment": "bright", "capturedInfo": 3},
                {"id": 9, "name": "Night", "capturedInfo": 4},
            ],
            "lastApplied": 9,
        },
    },
    "linkedFiles": [
        {
            "id": PLACED,
            "name": "C:\\work\\ロゴ.svg",
            "type": "svg",
            "base64": base64.b64encode(SVG).decode(),
        }
    ],
    "children": [
        {
            **{"id": 3, "name": "placed", "left": 0, "top": 0, "width": 8, "height": 8},
            "placedLayer": {
                "id": PLACED,
                "type": "vector",
                "transform": [0, 0, 8, 0, 8, 8, 0, 8],
                "width": 16,
                "height": 16,
            },
            "comps": {
                "settings": [
                    {"enabled": False, "offset": {"x": 3, "y": -4}, "compList": [5]},
                    {"enabled": True, "compList": [9]},
                ]
            },
        },
        {
            **{"name": "again", "left": 9, "top": 0, "width": 4, "height": 4},
            "placedLayer": {
                "id": PLACED,
                "type": "vector",
                "transform": [9, 0, 13, 0, 13, 4, 9, 4],
                "width": 16,
                "height": 16,
            },
        },
        {
            **{"name": "words", "left": 5, "top": 5, "width": 9, "height": 9},
            "text": {
                "text": "Big 🤣\rsmall",
                "transform": [0, 2, -2, 0, 10, 20],
                "orientation": "vertical",
                "shapeType": "box",
                "boxBounds": [0, 0, 30, 12],
                "style": {
                    "font": {"name": "MyriadPro-Regular"},
                    "fontSize": 10,
                    "fillColor": {"r": 255, "g": 0, "b": 0},
                },
                "styleRuns": [
                    {
                        "length": 7,
                        "style": {
                            "fauxBold": True,
                            "underline": True,
                            "fontCaps": 2,
                            "tracking": 50,
                            "autoLeading": False,
                            "leading": 14,
                        },
                    },
                    {
                        "length": 5,
                        "style": {
                            "font": {"name": "Arial-BoldMT"},
                            "fontSize": 6,
                            "fauxItalic": True,
                            "fillColor": {"r": 0, "g": 0, "b": 255},
                        },
                    },
                ],
                "paragraphStyleRuns": [
                    {"length": 7, "style": {"justification": "center"}},
                    {
                        "length": 5,
                        "style": {"justification": "justify-all", "startIndent": 4},
                    },
                ],
            },
            "effects": {
                "dropShadow": [
                    {
                        "enabled": True,
                        "useGlobalLight": True,
                        "angle": 10,
                        "distance": {"units": "Pixels", "value": 7},
                        "size": {"units": "Pixels", "value": 3},
                        "color": {"r": 0, "g": 255, "b": 0},
                        "opacity": 0.5,
                        "blendMode": "linear burn",
                    }
                ],
                "gradientOverlay": [
                    {
                        "enabled": True,
                        "blendMode": "normal",
                        "opacity": 1,
                        "type": "radial",
                        "angle": 45,
                        "scale": 0.8,
                        "gradient": {
                            "name": "two",
                            "type": "solid",
                            "smoothness": 1,
                            "colorStops": [
                                {
                                    "color": {"r": 255, "g": 0, "b": 0},
                                    "location": 0,
                                    "midpoint": 0.5,
                                },
                                {
                                    "color": {"r": 0, "g": 0, "b": 255},
                                    "location": 1,
                                    "midpoint": 0.25,
                                },
                            ],
                            "opacityStops": [
                                {"opacity": 0.5, "location": 0, "midpoint": 0.5},
                                {"opacity": 1, "location": 0.5, "midpoint": 0.5},
                            ],
                        },
                    }
                ],
            },
        },
        {
            "name": "board",
            "children": [],
            "artboard": {
                "rect": {"left": 1, "top": 2, "right": 31, "bottom": 42},
                "presetName": "iPhone X",
                "backgroundType": 4,
                "color": {"r": 1, "g": 2, "b": 3},
            },
        },
    ],
}


@pytest.fixture(scope="module")
def page(write: Write) -> Path:
    """Write a page that has all that is told of."""
    return write(PAGE)


@pytest.fixture(scope="module")
def document(page: Path) -> Document:
    """Read the page."""
    return structure(page)


def _named(document: Document, name: str) -> Layer:
    return next(layer for layer in document.layers if layer.name == name)


def test_text_is_read_with_its_runs(document: Document) -> None:
    text = _named(document, "words").text
    assert text is not None
    assert (text.content, text.orientation, text.shape, text.box) == (
        "Big 🤣\nsmall",
        "VERTICAL",
        "BOX",
        [0.0, 0.0, 30.0, 12.0],
    )
    assert text.transform == [0.0, 2.0, -2.0, 0.0, 10.0, 20.0]
    big, small = text.runs
    assert (big.text, big.font, big.size, big.color) == (
        *("Big 🤣\n", "MyriadPro-Regular", 20.0, "#ff0000"),
    )
    assert (big.faux_bold, big.underline, big.caps) == (True, True, "ALL_CAPS")
    assert (big.tracking, big.leading) == (50.0, 28.0)
    assert (small.text, small.font, small.size, small.color) == (
        *("small", "Arial-BoldMT", 12.0, "#0000ff"),
    )
    assert (small.faux_bold, small.faux_italic, small.leading) == (False, True, None)
    assert text.paragraphs == [
        TextParagraph("Big 🤣", "CENTER"),
        TextParagraph("small", "JUSTIFY_ALL", start_indent=4.0),
    ]
    assert document.fonts == ["Arial-BoldMT", "MyriadPro-Regular"]


def test_effects_are_read_with_their_settings(document: Document) -> None:
    shadow, overlay = _named(document, "words").effects
    assert (shadow.kind, shadow.enabled) == ("drop shadow", True)
    told = {"blendMode": "linear burn", "opacity": 50.0, "color": "#00ff00"}
    lit = {"useGlobalLight": True, "angle": 77, "distance": 7.0, "size": 3.0}
    assert shadow.settings.items() >= (told | lit).items()
    assert overlay.kind == "gradient overlay"
    assert overlay.settings["gradient"]["colorStops"] == [
        {"location": 0.0, "midpoint": 0.5, "color": "#ff0000"},
        {"location": 1.0, "midpoint": 0.25, "color": "#0000ff"},
    ]
    assert overlay.settings["gradient"]["opacityStops"] == [
        {"location": 0.0, "midpoint": 0.5, "opacity": 50.0},
        {"location": 0.5, "midpoint": 0.5, "opacity": 100.0},
    ]
    placed = {"style": "radial", "angle": 45.0, "scale": 80.0}
    assert overlay.settings.items() >= placed.items()


def test_slices_comps_and_artboards_are_read(document: Document) -> None:
    assert document.slices == [
        Slice(*("徽标", "USER", 3, 4, 17, 6, "https://example.com/", "the logo", None))
    ]
    day, night = document.layer_comps
    assert (day.name, day.comment, day.is_applied) == ("Day", "bright", False)
    assert (day.captures_visibility, day.captures_position) == (True, True)
    assert day.states == [LayerCompState(0, False, 3.0, -4.0)]
    assert (night.name, night.comment, night.is_applied) == ("Night", None, True)
    assert (night.captures_visibility, night.captures_appearance) == (False, True)
    assert night.states == [LayerCompState(0, True, None, None)]
    artboard = _named(document, "board").artboard
    assert artboard == Artboard(1, 2, 30, 40, "iPhone X", "#010203")
    colors = [(swatch.color, swatch.layer_count) for swatch in document.swatches]
    assert colors == [
        (color, 1) for color in ("#0000ff", "#00ff00", "#010203", "#ff0000")
    ]


def test_two_smart_objects_share_one_embedded_file(page: Path, tmp_path: Path) -> None:
    document = structure(page)
    first, second = document.layers[0].smart_object, document.layers[1].smart_object
    assert first and second
    assert first.unique_id == second.unique_id == PLACED
    assert (first.kind, first.name, first.media_type, first.size) == (
        *("EMBEDDED", "ロゴ.svg", "image/svg+xml", len(SVG)),
    )
    assert (first.width, first.height) == (16.0, 16.0)
    assert second.corners == [9.0, 0.0, 13.0, 0.0, 13.0, 4.0, 9.0, 4.0]
    (file,) = (one for one in run(page, tmp_path) if isinstance(one, EmbeddedExported))
    assert (file.indexes, Path(file.path).read_bytes()) == ([0, 1], SVG)
