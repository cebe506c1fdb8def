"""Text layers as Photoshop keeps them: the type tool's block with its engine data."""

import io
from typing import Any, Final

from psd_tools.psd import engine_data
from psd_tools.psd.descriptor import (
    DescriptorBlock,
    Double,
    Enumerated,
    Integer,
    RawData,
    String,
    UnitFloat,
)
from psd_tools.psd.tagged_blocks import TypeToolObjectSetting
from psd_tools.terminology import Unit

from workers.demo.descriptors import Items, descriptor, filled
from workers.demo.design import Picture, Run

_IDENTITY: Final = (1.0, 0.0, 0.0, 1.0)
_AXES: Final = {"Axis": [1.0, 0.0, 1.0], "XY": [0.0, 0.0]}
_SCRIPT_SIZES: Final = {
    "SuperscriptSize": 0.583,
    "SuperscriptPosition": 0.333,
    "SubscriptSize": 0.583,
    "SubscriptPosition": 0.333,
    "SmallCapSize": 0.7,
}


def type_tool(layer: Picture) -> TypeToolObjectSetting:
    """Describe a text layer's words, fonts, sizes and colours (point type)."""
    width, height = layer.image.size
    above = float(layer.baseline - layer.top)
    box = {
        "Left": _points(0),
        "Top": _points(-above),
        "Rght": _points(width),
        "Btom": _points(height - above),
    }
    items: Items = [
        (b"Txt ", String(layer.text)),
        (b"textGridding", Enumerated(b"textGridding", b"None")),
        (b"Ornt", Enumerated(b"Ornt", b"Hrzn")),
        (b"AntA", Enumerated(b"Annt", b"antiAliasSharp")),
        (b"bounds", descriptor(b"bounds", **box)),
        (b"boundingBox", descriptor(b"boundingBox", **box)),
        (b"TextIndex", Integer(0)),
        (b"EngineData", _raw(_engine_data(layer.runs))),
    ]
    return TypeToolObjectSetting(
        transform=(*_IDENTITY, float(layer.left), float(layer.baseline)),
        text_version=50,
        text_data=filled(DescriptorBlock(classID=b"TxLr"), items),
        warp=_no_warp(),
    )


def _no_warp() -> DescriptorBlock:
    items: Items = [
        (b"warpStyle", Enumerated(b"warpStyle", b"warpNone")),
        (b"warpValue", Double(0.0)),
        (b"warpPerspective", Double(0.0)),
        (b"warpPerspectiveOther", Double(0.0)),
        (b"warpRotate", Enumerated(b"Ornt", b"Hrzn")),
    ]
    return filled(DescriptorBlock(classID=b"warp"), items)


def _points(value: float) -> UnitFloat:
    return UnitFloat(float(value), Unit.Points)


def _engine_data(runs: tuple[Run, ...]) -> engine_data.EngineData:
    fonts = list(dict.fromkeys(run.font for run in runs))
    text = "".join(run.text for run in runs) + "\r"
    lengths = [len(run.text) for run in runs]
    lengths[-1] += 1
    styles = [_style(run, fonts) for run in runs]
    resources = _resources(fonts, styles[0])
    tree = {
        "EngineDict": {
            "Editor": {"Text": text},
            "ParagraphRun": _paragraphs(text),
            "StyleRun": {
                "DefaultRunData": {"StyleSheet": {"StyleSheetData": {}}},
                "RunArray": [
                    {"StyleSheet": {"StyleSheetData": style}} for style in styles
                ],
                "RunLengthArray": lengths,
                "IsJoinable": 2,
            },
            "AntiAlias": 4,
            "UseFractionalGlyphWidths": True,
            "Rendered": _rendered(),
        },
        "ResourceDict": resources,
        "DocumentResources": resources,
    }
    return _put(engine_data.EngineData(), tree)


def _style(run: Run, fonts: list[str]) -> dict[str, Any]:
    color = [1.0, *(round(part / 255, 5) for part in run.color)]
    return {
        "Font": fonts.index(run.font),
        "FontSize": float(run.size),
        "FauxBold": False,
        "FauxItalic": False,
        "AutoLeading": True,
        "Tracking": 0,
        "Strikethrough": run.strikethrough,
        "FillColor": {"Type": 1, "Values": color},
    }


def _paragraphs(text: str) -> dict[str, Any]:
    lengths = [len(line) + 1 for line in text.split("\r")[:-1]]
    sheet = {
        "ParagraphSheet": {
            "DefaultStyleSheet": 0,
            "Properties": {"Justification": 0, "AutoLeading": 1.4},
        },
        "Adjustments": _AXES,
    }
    return {
        "DefaultRunData": sheet,
        "RunArray": [sheet] * len(lengths),
        "RunLengthArray": lengths,
        "IsJoinable": 1,
    }


def _rendered() -> dict[str, Any]:
    base = {
        "ShapeType": 0,
        "TransformPoint0": [1.0, 0.0],
        "TransformPoint1": [0.0, 1.0],
        "TransformPoint2": [0.0, 0.0],
    }
    photoshop = {"ShapeType": 0, "PointBase": [0.0, 0.0], "Base": base}
    shape = {
        "ShapeType": 0,
        "Procession": 0,
        "Lines": {"WritingDirection": 0, "Children": []},
        "Cookie": {"Photoshop": photoshop},
    }
    return {"Version": 1, "Shapes": {"WritingDirection": 0, "Children": [shape]}}


def _resources(fonts: list[str], style: dict[str, Any]) -> dict[str, Any]:
    return {
        "TheNormalStyleSheet": 0,
        "TheNormalParagraphSheet": 0,
        "ParagraphSheetSet": [
            {
                "Name": "Normal RGB",
                "DefaultStyleSheet": 0,
                "Properties": {"Justification": 0},
            }
        ],
        "StyleSheetSet": [{"Name": "Normal RGB", "StyleSheetData": style}],
        "FontSet": [
            {"Name": name, "Script": 25, "FontType": 1, "Synthetic": 0}
            for name in fonts
        ],
        **_SCRIPT_SIZES,
    }


def _put[Block: engine_data.Dict](block: Block, tree: dict[str, Any]) -> Block:
    for key, value in tree.items():
        block[key] = _value(value)
    return block


def _value(value: Any) -> Any:
    """Turn plain data into engine data; bool before int, whose subclass it is."""
    if isinstance(value, dict):
        return _put(engine_data.Dict(), value)
    if isinstance(value, list):
        items = engine_data.List()
        items.extend(_value(item) for item in value)
        return items
    if isinstance(value, bool):
        return engine_data.Bool(value)
    if isinstance(value, int):
        return engine_data.Integer(value)
    if isinstance(value, float):
        return engine_data.Float(value)
    return engine_data.String(value)


def _raw(data: engine_data.EngineData) -> RawData:
    file = io.BytesIO()
    data.write(file)
    return RawData(file.getvalue())
