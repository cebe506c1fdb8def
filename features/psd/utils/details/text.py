"""The words of a text layer and how they are set."""

from contextlib import suppress
from itertools import groupby
from operator import itemgetter

from psd_tools.api.typesetting import CharacterStyle, TypeSetting
from psd_tools.psd.engine_data import Dict as EngineDict
from psd_tools.psd.tagged_blocks import TypeToolObjectSetting

from features.psd.utils.types import Text, TextRun
from features.psd.utils.words import clean

# Photoshop parts paragraphs by CR and lines within one by ETX.
_LINE_BREAKS = str.maketrans({"\r": "\n", "\x03": "\n"})


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
    return Text(content=_words(words), runs=runs)


def _runs(setting: TypeToolObjectSetting, words: str) -> list[TextRun]:
    engine = setting.text_data[b"EngineData"].value
    typesetting = TypeSetting(
        _split_surrogates(words.rstrip("\0")),
        _section(engine, "EngineDict"),
        _section(engine, "ResourceDict"),
    )
    _, _, yx, yy = (float(value) for value in setting.transform[:4])
    scale = (yx * yx + yy * yy) ** 0.5
    styled = ((_style(run.style, scale), run.text) for run in typesetting.runs)
    return [
        TextRun(_words("".join(text for _, text in runs)), *style)
        for style, runs in groupby(styled, key=itemgetter(0))
    ]


def _style(style: CharacterStyle, scale: float) -> tuple[str | None, float, str | None]:
    return (
        clean(style.font_name) or None,
        round(style.font_size * scale, 4),
        _color(style),
    )


def _words(stored: str) -> str:
    return clean(stored).translate(_LINE_BREAKS)


def _section(engine: EngineDict, key: str) -> EngineDict:
    section = engine.get(key)
    return section if isinstance(section, EngineDict) else EngineDict()


def _color(style: CharacterStyle) -> str | None:
    """Return the fill, which is alpha and 1 gray, 3 RGB or 4 CMYK parts, 0 to 1."""
    values = [min(max(value, 0.0), 1.0) for value in style.fill_color or ()]
    match values:
        case [alpha, gray]:
            parts = [gray] * 3
        case [alpha, *parts] if len(parts) == 3:
            pass
        case [alpha, *inks, black] if len(inks) == 3:
            parts = [(1 - ink) * (1 - black) for ink in inks]
        case _:
            return None
    shown = parts if alpha == 1 else [*parts, alpha]
    return "#" + "".join(f"{round(part * 255):02x}" for part in shown)


def _split_surrogates(words: str) -> str:
    """Make one character of each UTF-16 unit, which is what run lengths count."""
    packed = words.encode("utf-16-be", "surrogatepass")
    units = (packed[i : i + 2] for i in range(0, len(packed), 2))
    return "".join(chr(int.from_bytes(unit)) for unit in units)
