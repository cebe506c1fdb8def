"""Texts, effects, masks and fidelity in real files."""

import json
from pathlib import Path

import pytest
from psd_tools import PSDImage
from psd_tools.constants import BlendMode, EffectOSType, Tag
from psd_tools.psd.descriptor import RawData
from psd_tools.psd.effects_layer import BevelInfo, EffectsLayer, ShadowInfo

from features.psd.utils import Effect, Layer, TextParagraph, TextRun
from features.psd.utils.details.effects import Light, read_effects
from features.psd.utils.details.text import read_text
from features.psd.utils.words import clean
from tests.test_psd.documents import structure


def _named(corpus: Path, file: str, name: str) -> Layer:
    layers = structure(corpus / "psd" / file).layers
    return next(layer for layer in layers if layer.name == name)


def test_reads_text_with_its_runs(corpus: Path) -> None:
    texts = [
        layer.text
        for layer in structure(corpus / "psd" / "psd__example.psb").layers
        if layer.text
    ]
    nanum, emoji = "NanumBarunGothicOTF", "AppleColorEmoji"
    korean = "한글텍스트\n나눔바른고딕"
    told = {text.content: text.runs for text in texts}
    leading = 66.6667
    assert told[korean] == [TextRun(korean, nanum, 12.0, "#000000", leading=leading)]
    assert told["🤣"] == [TextRun("🤣", emoji, 12.0, "#000000")]
    assert len(texts) == 4


def test_sizes_include_the_layers_scaling(corpus: Path) -> None:
    text = _named(corpus, "FireMonkeySt__Logo.psd", "huo").text
    assert text and text.content == "huo"
    assert text.runs == [TextRun("huo", "Consolas-Bold", 133.3333, "#fdfbf7")]
    assert (text.shape, text.orientation, text.warp) == ("POINT", "HORIZONTAL", None)
    assert text.transform == pytest.approx([1, 0, 0, 1, 20.5, 173.25])


def test_reads_how_paragraphs_are_set(corpus: Path) -> None:
    text = _named(corpus, "psd-tools__masks.psb", "replaced").text
    assert text and text.paragraphs == [TextParagraph("replaced", "CENTER")]
    assert (text.shape, text.box) == ("BOX", [0.0, 0.0, 279.45313, 138.44141])
    assert [(run.leading, run.caps) for run in text.runs] == [(36.0, "NORMAL")]


def test_several_fonts_are_listed_once(corpus: Path) -> None:
    document = structure(corpus / "psd" / "Aspose.PSD-f__LogoOutside.psd")
    assert document.fonts == ["FormaDJRDisplay-Regular", "MyriadPro-Regular"]


def test_unreadable_text_is_no_text() -> None:
    assert read_text(memoryview(b"\0\1 no descriptor")) is None


def test_unreadable_styles_leave_the_words(corpus: Path) -> None:
    document = PSDImage.open(corpus / "psd" / "psd.js__example.psd")
    layer = next(layer for layer in document.descendants() if layer.kind == "type")
    setting = layer.tagged_blocks.get_data(Tag.TYPE_TOOL_OBJECT_SETTING)
    setting.text_data[b"EngineData"] = RawData(b"<< /broken")
    text = read_text(memoryview(setting.tobytes()))
    assert text and (text.content, text.runs) == ("Make a change and save.", [])
    assert text.transform == [1.0, 0.0, 0.0, 1.0, 456.0, 459.0]


def test_reads_effects_in_words(corpus: Path) -> None:
    layer = _named(corpus, "psd-tools__masks.psb", "Rectangle 2")
    shadow, stroke = layer.effects
    assert (shadow.kind, shadow.enabled) == ("drop shadow", True)
    assert shadow.settings["color"] == "#000000"
    assert shadow.settings["blendMode"] == "multiply"
    assert shadow.settings["size"] == 100.0
    assert (stroke.kind, stroke.enabled) == ("stroke", True)
    assert stroke.settings["position"] == "outside"
    assert json.loads(json.dumps(stroke.settings)) == stroke.settings
    assert (layer.fidelity, layer.unsupported) == (
        "APPROXIMATE",
        ["drop shadow", "stroke"],
    )


def test_effects_that_are_switched_off_change_nothing(corpus: Path) -> None:
    layers = structure(corpus / "psd" / "ag-psd__src.psb").layers
    (layer,) = (layer for layer in layers if layer.effects)
    enabled = {effect.kind: effect.enabled for effect in layer.effects}
    assert enabled == {
        "outer glow": False,
        "stroke": True,
        "inner glow": False,
        "bevel & emboss": False,
        "satin": False,
    }
    assert layer.unsupported == ["stroke"]


def test_unreadable_effects_are_none() -> None:
    assert read_effects({b"lfx2": memoryview(b"junk")}, Light()) == []
    assert read_effects({b"lrFX": memoryview(b"junk")}, Light()) == []


def test_a_path_alone_is_no_layer_mask(corpus: Path) -> None:
    shape = _named(corpus, "psd-tools__clipping-mask2.psd", "Ellipse 1")
    assert (shape.has_vector_mask, shape.has_mask) == (True, False)
    both = _named(corpus, "psd-tools__clipping-mask2.psd", "Rounded Rectangle 2")
    assert (both.has_vector_mask, both.has_mask) == (True, True)


@pytest.mark.parametrize(
    ("file", "kind", "fidelity", "unsupported"),
    [
        ("psd-tools__threshold_grayscale.psd", "ADJUSTMENT", "NONE", ["threshold"]),
        ("psd2svg__invert-clipping-mask.psd", "ADJUSTMENT", "NONE", ["invert"]),
        ("psd-tools__4x4_16bit_lab.psd", "FILL", "NONE", ["gradient fill"]),
        (
            "psd-tools__300dpi.psb",
            "SHAPE",
            "NONE",
            ["solid color fill", "vector shape"],
        ),
        (
            "psd-tools__4x4_8bit_duotone.psd",
            "FILL",
            "APPROXIMATE",
            ["duotone inks"],
        ),
    ],
)
def test_what_is_not_drawn_is_named(
    corpus: Path, file: str, kind: str, fidelity: str, unsupported: list[str]
) -> None:
    layers = structure(corpus / "psd" / file).layers
    found = [layer for layer in layers if layer.kind == kind]
    assert {layer.fidelity for layer in found} == {fidelity}
    assert {tuple(layer.unsupported) for layer in found} == {tuple(unsupported)}


def test_colors_without_a_profile_are_named(corpus: Path) -> None:
    file = "TwelveMonkey__fruit-cmyk-MeSa-resource.psd"
    layers = structure(corpus / "psd" / file).layers
    shown = [layer for layer in layers if layer.fidelity != "NONE"]
    assert [layer.fidelity for layer in shown] == ["APPROXIMATE"] * 3
    for layer in shown:
        assert layer.unsupported[-1] == "CMYK without a color profile"


def test_strings_are_fit_for_a_database() -> None:
    assert clean("a\0b\ud83e c\U0001f923") == "ab� c🤣"


def test_reads_the_effects_of_photoshop_5() -> None:
    shadow = ShadowInfo(enabled=1, blend_mode=BlendMode.MULTIPLY, opacity=191)
    block = EffectsLayer()
    block[EffectOSType.DROP_SHADOW] = shadow
    block[EffectOSType.INNER_SHADOW] = ShadowInfo(enabled=0)
    block[EffectOSType.BEVEL] = BevelInfo(enabled=1)
    settings = {"blendMode": "multiply", "opacity": 74.9}
    assert read_effects({b"lrFX": memoryview(block.tobytes())}, Light()) == [
        Effect("drop shadow", True, settings),
        Effect("bevel & emboss", True, {}),
    ]
