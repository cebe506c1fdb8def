"""EngineData: the notation in which Photoshop's text engine keeps its settings."""

import re
from typing import Final

_MAX_DEPTH: Final = 64
_MAX_TOKENS: Final = 2_000_000
_BOM: Final = b"\xfe\xff"
_ESCAPED: Final = re.compile(rb"\\(.)", re.S)
# Possessive, so that no bytes make it try twice.
_TOKEN: Final = re.compile(
    rb"\s*+(?:/(?P<name>[^\s\[\]<>()/]*+)"
    rb"|(?P<number>-?(?:\d++(?:\.\d*+)?|\.\d++))(?![^\s\]>])"
    rb"|(?P<mark><<|>>|\[|\])|\((?P<text>(?:[^\\)]++|\\.)*+)\)"
    rb"|(?P<other>[^\s\[\]<>()/]++)|(?P<endless>\(.*+)|(?P<stray>.))",
    re.S,
)

type EngineValue = (
    bool | int | float | str | list[EngineValue] | dict[str, EngineValue] | None
)


class _Builder:
    """Puts values where they belong: the innermost list, or under the last name."""

    def __init__(self) -> None:
        self.root: dict[str, EngineValue] = {}
        self._open: list[list[EngineValue] | dict[str, EngineValue]] = [self.root]
        self.names: list[str | None] = [None]

    @property
    def depth(self) -> int:
        """How many lists and dictionaries are open around the next value."""
        return len(self._open) - 1

    def add(self, value: EngineValue) -> None:
        """Add one value; one that stands in a dictionary without a name is dropped."""
        inner = self._open[-1]
        if isinstance(inner, list):
            inner.append(value)
        elif (name := self.names[-1]) is not None:
            inner[name] = value
            self.names[-1] = None

    def begin(self, value: list[EngineValue] | dict[str, EngineValue]) -> None:
        """Add a list or a dictionary and go into it."""
        if self.depth == 0 and self.names[-1] is None and isinstance(value, dict):
            value = self.root  # the brackets around all
        else:
            self.add(value)
        if self.depth >= _MAX_DEPTH:
            raise ValueError("engine data is nested too deep")
        self._open.append(value)
        self.names.append(None)

    def end(self) -> None:
        """Leave the innermost list or dictionary."""
        if self.depth:
            self._open.pop()
            self.names.pop()


def read_engine_data(data: bytes, until: str | None = None) -> dict[str, EngineValue]:
    """Read EngineData into plain values; what stands in no notation is None.

    Reading ends at the name `until` of the outermost dictionary. ValueError where it
    is nested too deep or has too many parts.
    """
    builder = _Builder()
    # Each match begins where the one before ended: nothing is looked at twice.
    for number, token in enumerate(_TOKEN.finditer(data)):
        if number > _MAX_TOKENS:
            raise ValueError("engine data has too many parts")
        kind = token.lastgroup
        raw = token[kind] if kind else b""
        if kind in ("endless", "stray"):
            continue
        if kind == "name":
            name = raw.decode("latin-1")
            if name == until and builder.depth <= 1:
                break
            builder.names[-1] = name
        elif kind == "number":
            builder.add(float(raw) if b"." in raw else int(raw))
        elif kind == "text":
            builder.add(_text(raw))
        elif kind == "other":
            builder.add(raw == b"true" if raw in (b"true", b"false") else None)
        elif raw == b"<<":
            builder.begin({})
        elif raw == b"[":
            builder.begin([])
        else:
            builder.end()
    return builder.root


def _text(raw: bytes) -> str:
    if b"\\" in raw:
        raw = _ESCAPED.sub(rb"\1", raw)
    if raw.startswith(_BOM):
        return raw[2:].decode("utf-16-be", "surrogatepass")
    return raw.decode("latin-1")
