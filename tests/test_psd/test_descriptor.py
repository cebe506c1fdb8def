"""Descriptors: what psd-tools writes is read, and no bytes do harm."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psd_tools.psd import descriptor as theirs
from psd_tools.terminology import Unit

from features.psd.utils.details.descriptor import Descriptor, DescriptorReader
from features.psd.utils.details.effects import Light, read_effects
from features.psd.utils.details.text import read_text

KEYS = st.text("abcXYZ01", min_size=1, max_size=12)
WORDS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12
)
REFERRED: list[Any] = [theirs.Identifier(7), theirs.Name("", b"null", "x")]
FLOATS = st.floats(allow_nan=False)
LEAVES = st.one_of(
    st.booleans().map(lambda value: (theirs.Bool(value), value)),
    st.integers(-(2**31), 2**31 - 1).map(lambda value: (theirs.Integer(value), value)),
    st.integers(-(2**63), 2**63 - 1).map(
        lambda value: (theirs.LargeInteger(value), value)
    ),
    FLOATS.map(lambda value: (theirs.Double(value), value)),
    FLOATS.map(lambda value: (theirs.UnitFloat(value, unit=Unit.Pixels), value)),
    WORDS.map(lambda value: (theirs.String(value), value)),
    KEYS.map(lambda value: (theirs.Enumerated(b"kind", value.encode()), value)),
    st.binary(max_size=9).map(lambda value: (theirs.RawData(value), value)),
    KEYS.map(lambda value: (theirs.Class1("", value.encode()), None)),
    KEYS.map(lambda value: (theirs.Reference(REFERRED), None)),
)


def _listed(pairs: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    return theirs.List([one for one, _ in pairs]), [value for _, value in pairs]


def _named(pairs: dict[str, tuple[Any, Any]]) -> tuple[Any, Any]:
    found = theirs.Descriptor(name="n", classID=b"null")
    for key, (value, _) in pairs.items():
        found[key.encode()] = value
    return found, {key: value for key, (_, value) in pairs.items()}


TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4).map(_listed)
    | st.dictionaries(KEYS, inner, max_size=4).map(_named),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, TREES, max_size=5).map(_named))
def test_what_another_writes_is_read(tree: tuple[Any, Any]) -> None:
    written, expected = tree
    reader = DescriptorReader(struct.pack(">I", 16) + written.tobytes())
    found = reader.versioned()
    assert (found, found.kind) == (expected, "null")
    assert reader.position == len(reader.data)


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_say_nothing(data: bytes) -> None:
    assert read_text(memoryview(data)) is None
    assert read_effects({b"lfx2": memoryview(data)}, Light()) == []


def _nested(levels: int) -> bytes:
    key = struct.pack(">I", 0) + b"abcd"
    head = struct.pack(">I", 0) + key + struct.pack(">I", 1)
    return struct.pack(">I", 16) + (head + key + b"Objc") * levels


def _lists(levels: int) -> bytes:
    key = struct.pack(">I", 0) + b"abcd"
    head = struct.pack(">II", 16, 0) + key + struct.pack(">I", 1) + key
    return head + (b"VlLs" + struct.pack(">I", 1)) * levels


@pytest.mark.parametrize("make", [_nested, _lists])
def test_deep_nesting_is_refused(make: Any) -> None:
    with pytest.raises(ValueError, match="nested too deep"):
        DescriptorReader(make(100_000)).versioned()


def test_too_many_values_are_refused() -> None:
    key = struct.pack(">I", 0) + b"abcd"
    head = struct.pack(">II", 16, 0) + key + struct.pack(">I", 1) + key
    data = head + b"VlLs" + struct.pack(">I", 300_000) + b"bool\1" * 300_000
    with pytest.raises(ValueError, match="too many values"):
        DescriptorReader(data).versioned()


def test_what_is_of_another_type_is_not_there() -> None:
    found = Descriptor(a=True, b=1, c=1.5, d="x", e=[1, "y"], f=float("inf"))
    assert [found.number(key) for key in "abcdef"] == [None, 1, 1.5, None, None, None]
    assert [found.integer(key) for key in "abc"] == [None, 1, None]
    assert [found.flag(key) for key in "ab"] == [True, None]
    assert [found.words(key) for key in "ad"] == [None, "x"]
    assert (found.numbers("e"), found.inners("e"), found.inner("e")) == ([], [], {})
