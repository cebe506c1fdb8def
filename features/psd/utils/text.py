"""The words of a text layer and how they are set."""

from contextlib import suppress

from psd_tools.api.typesetting import CharacterStyle, TypeSetting
from psd_tools.psd.engine_data import Dict as EngineDict
from psd_tools.psd.tagged_blocks import TypeToolObjectSetting

from features.psd.utils.types import Text, TextRun

# Photoshop parts paragraphs by CR and lines within one by ETX.
_LINE_BREAKS = str.maketrans({"\r": "\n", "\x03": "\n", "\x00": None})


def read_text(block: memoryview | None) -> Text | None:
    """Read a type tool block (``TySh``); None where it cannot be read.

    Where only the styles are unreadable, the content comes without runs.
    """
    if block is None:
        return None
    try:
        setting = TypeToolObjectSetting.frombytes(bytes(block))
        item = setting.text_data.get(b"Txt ")
        words = str(item.value) if item is not None else ""
    except Exception:
        # A descriptor has countless ways to be broken: the layer only loses its text.
        return None
    runs: list[TextRun] = []
    with suppress(Exception):
        runs = _runs(setting, words)
    return Text(content=words.translate(_LINE_BREAKS), runs=runs)


def _runs(setting: TypeToolObjectSetting, words: str) -> list[TextRun]:
    engine = setting.text_data[b"EngineData"].value
    typesetting = TypeSetting(
        _split_surrogates(words.rstrip("\0")),
        _section(engine, "EngineDict"),
        _section(engine, "ResourceDict"),
    )
    xx, xy, yx, yy = (float(value) for value in setting.transform[:4])
    scale = (yx * yx + yy * yy) ** 0.5
    runs = []
    for run in typesetting.runs:
        style = run.style
        runs.append(
            TextRun(
                text=_join_surrogates(run.text).translate(_LINE_BREAKS),
                font=style.font_name or None,
                size=round(style.font_size * scale, 4),
                color=_color(style),
            )
        )
    return runs


def _section(engine: EngineDict, key: str) -> EngineDict:
    section = engine.get(key)
    return section if isinstance(section, EngineDict) else EngineDict()


def _color(style: CharacterStyle) -> str | None:
    """Return the fill as ``#rrggbb[aa]``; None for gray and CMYK engine colours."""
    values = style.fill_color
    if values is None or len(values) != 4:
        return None
    alpha, *rgb = (round(min(max(value, 0.0), 1.0) * 255) for value in values)
    digits = "".join(f"{value:02x}" for value in rgb)
    return f"#{digits}" if alpha == 255 else f"#{digits}{alpha:02x}"


def _split_surrogates(words: str) -> str:
    """Make one character of each UTF-16 unit, which is what run lengths count."""
    packed = words.encode("utf-16-be", "surrogatepass")
    units = (packed[i : i + 2] for i in range(0, len(packed), 2))
    return "".join(chr(int.from_bytes(unit)) for unit in units)


def _join_surrogates(units: str) -> str:
    return units.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")
