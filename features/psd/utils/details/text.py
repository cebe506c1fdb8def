"""The words of a text layer and how they are set."""

from contextlib import suppress
from typing import Final, NamedTuple

from features.psd.utils.details.descriptor import Descriptor, DescriptorReader
from features.psd.utils.details.engine_data import read_engine_data
from features.psd.utils.details.typesetting import Typesetting, line_breaks
from features.psd.utils.types import Text
from features.psd.utils.words import clean

# Larger ones are made to fill memory: a page of text in many styles has some 100 KB.
_MAX_BLOCK: Final = 16 << 20
_SIDES: Final = ("Left", "Top", "Rght", "Btom")


class _Setting(NamedTuple):
    """A type tool block: where the text stands, what it says, how it is bent."""

    transform: list[float]
    text: Descriptor
    warp: str | None


def read_text(block: memoryview | None) -> Text | None:
    """Read a type tool block (``TySh``); None where it cannot be read.

    Where only the styles are unreadable, the content comes without runs.
    """
    if block is None or len(block) > _MAX_BLOCK:
        return None
    try:
        setting = _read(block)
    except Exception:
        # A descriptor has countless ways to be broken: the layer only loses its text.
        return None
    with suppress(Exception):
        return _styled(setting)
    return _plain(setting)


def _read(block: memoryview) -> _Setting:
    reader = DescriptorReader(block, 2)
    transform = [float(part) for part in reader.numbers("6d")]
    reader.take(2)
    text = reader.versioned()
    warp = None
    with suppress(Exception):
        reader.take(2)
        warp = reader.versioned().words("warpStyle")
    finite = all(abs(part) < 1e9 for part in transform)
    return _Setting(transform if finite else [1.0, 0.0, 0.0, 1.0, 0.0, 0.0], text, warp)


def _plain(setting: _Setting) -> Text:
    vertical = setting.text.words("Ornt") == "Vrtc"
    bounds = [setting.text.inner("bounds").number(side) for side in _SIDES]
    known = [side for side in bounds if side is not None]
    warp = (setting.warp or "warpNone").removeprefix("warp").lower()
    words = setting.text.get("Txt")
    return Text(
        content=line_breaks(clean(words)) if isinstance(words, str) else "",
        runs=[],
        orientation="VERTICAL" if vertical else "HORIZONTAL",
        transform=setting.transform,
        box=known if len(known) == len(_SIDES) else None,
        warp=warp if warp not in ("", "none") else None,
    )


def _styled(setting: _Setting) -> Text:
    plain = _plain(setting)
    engine, words = setting.text["EngineData"], setting.text.get("Txt", "")
    assert isinstance(engine, bytes) and isinstance(words, str)
    yx, yy = setting.transform[2:4]
    set_text = Typesetting(
        read_engine_data(engine, until="DocumentResources"),
        words,
        scale=(yx * yx + yy * yy) ** 0.5,
    )
    return Text(
        content=plain.content,
        runs=set_text.runs(),
        paragraphs=set_text.paragraphs(),
        orientation=plain.orientation,
        shape="BOX" if set_text.frame else "POINT",
        transform=plain.transform,
        box=set_text.frame or plain.box,
        warp=plain.warp,
    )
