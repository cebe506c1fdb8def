"""Engine data: what psd-tools writes is read, and no bytes do harm."""

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psd_tools import PSDImage
from psd_tools.constants import Tag
from psd_tools.psd import engine_data as theirs

from features.psd.utils.details.engine_data import read_engine_data

NAMES = st.text("abcXYZ019_", min_size=1, max_size=8)
# Eight digits behind the point is what is written.
FLOATS = st.integers(-(10**10), 10**10).map(lambda number: number / 2**8)
LEAVES = st.booleans() | st.integers(-(2**40), 2**40) | FLOATS | st.text(max_size=12)


def _deeper(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.dictionaries(NAMES, inner, max_size=4)
    # The other writes lists of dictionaries and of all else, but no mixed ones.
    return named | st.lists(named, max_size=4) | st.lists(LEAVES, max_size=4)


VALUES = st.recursive(LEAVES, _deeper, max_leaves=20)


def _element(value: Any) -> Any:
    match value:
        case bool():
            return theirs.Bool(value)
        case int():
            return theirs.Integer(value)
        case float():
            return theirs.Float(value)
        case str():
            return theirs.String(value)
        case list():
            return theirs.List([_element(one) for one in value])
    found = theirs.Dict()
    for name, inner in value.items():
        found[name] = _element(inner)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, theirs.Dict):
        return {key.value: _plain(value[key]) for key in value}
    if isinstance(value, theirs.List):
        return [_plain(one) for one in value]
    return value.value


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_what_another_writes_is_read(value: dict[str, Any]) -> None:
    written = io.BytesIO()
    _element(value).write(written)
    assert read_engine_data(written.getvalue()) == value


@pytest.mark.parametrize(
    "name", ["psd-tools__masks.psb", "psd__example.psb", "ag-psd__src.psb"]
)
def test_real_files_are_read_as_another_reads_them(corpus: Path, name: str) -> None:
    compared = 0
    for layer in PSDImage.open(corpus / "psd" / name).descendants():
        if layer.kind == "type":
            setting = layer.tagged_blocks.get_data(Tag.TYPE_TOOL_OBJECT_SETTING)
            engine = setting.text_data[b"EngineData"].value
            written = io.BytesIO()
            engine.write(written)
            assert read_engine_data(written.getvalue()) == _plain(engine)
            compared += 1
    assert compared > 0


@given(st.binary(max_size=300) | st.text("<>[]()/\\ab1.- \0", max_size=300))
def test_no_bytes_do_more_than_say_nothing(data: bytes | str) -> None:
    packed = data.encode() if isinstance(data, str) else data
    assert isinstance(read_engine_data(packed), dict)


def test_reading_ends_where_it_is_told_to() -> None:
    data = b"<< /A << /Stop 1 >> /Stop << /B 2 >> /C 3 >>"
    assert read_engine_data(data, until="Stop") == {"A": {"Stop": 1}}


@pytest.mark.parametrize("mark", [b"<</a", b"["], ids=["dictionaries", "lists"])
def test_deep_nesting_is_refused(mark: bytes) -> None:
    with pytest.raises(ValueError, match="nested too deep"):
        read_engine_data(b"<</a" + mark * 100_000)


def test_escapes_are_of_bytes() -> None:
    # The low byte of U+5C28 is a bracket, the high one a backslash.
    text = "\u5c28(\\)"
    packed = text.encode("utf-16-be")
    for byte in (b"\\", b"(", b")"):
        packed = packed.replace(byte, b"\\" + byte)
    assert read_engine_data(b"<</T (\xfe\xff" + packed + b")>>") == {"T": text}
