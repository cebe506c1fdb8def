"""Photoshop's descriptors as plain values, bounded in depth and number.

psd-tools reads them, too, at ten times the cost: texts and effects are the better
part of what reading a document's structure takes.
"""

import struct
from collections.abc import Callable
from typing import Final

from features.psd.utils.words import clean

_MAX_DEPTH: Final = 32
_MAX_VALUES: Final = 200_000

type Value = bool | int | float | str | bytes | list[Value] | Descriptor | None


class Descriptor(dict[str, Value]):
    """Values by key, spaces at keys' ends dropped; `kind` is the class' id.

    Enumerations are the words or codes in them, units are left out, references None.
    The accessors give None for what is not there or of another type.
    """

    kind: str = ""

    def number(self, key: str) -> float | None:
        """Return a finite number."""
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return float(value) if abs(value) < 1e15 else None

    def integer(self, key: str) -> int | None:
        """Return a whole number."""
        value = self.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def words(self, key: str) -> str | None:
        """Return a text or the code of an enumeration."""
        value = self.get(key)
        return clean(value) if isinstance(value, str) else None

    def flag(self, key: str) -> bool | None:
        """Return a truth value."""
        value = self.get(key)
        return value if isinstance(value, bool) else None

    def inner(self, key: str) -> "Descriptor":
        """Return a descriptor in this one, or an empty one."""
        value = self.get(key)
        return value if isinstance(value, Descriptor) else Descriptor()

    def inners(self, key: str) -> "list[Descriptor]":
        """Return the descriptors of a list, or none."""
        value = self.get(key)
        items = value if isinstance(value, list) else []
        return [item for item in items if isinstance(item, Descriptor)]

    def numbers(self, key: str) -> list[float]:
        """Return the numbers of a list, or none where one of them is something else."""
        value = self.get(key)
        items = value if isinstance(value, list) else []
        found = [item for item in items if isinstance(item, int | float)]
        return [float(item) for item in found] if len(found) == len(items) else []


class DescriptorReader:
    """Reads values one after the other from `data`, beginning at `position`.

    ValueError, struct.error or IndexError where bytes are no descriptor or it has too
    many values or levels.
    """

    def __init__(self, data: memoryview | bytes, position: int = 0) -> None:
        self.data = bytes(data)
        self.position = position
        self._left = _MAX_VALUES

    def versioned(self) -> Descriptor:
        """Read a descriptor with its version (16) before it."""
        if (version := self.u32()) != 16:
            raise ValueError(f"descriptor of version {version}")
        return self.descriptor(0)

    def descriptor(self, depth: int) -> Descriptor:
        """Read a descriptor's name, class and values."""
        if depth > _MAX_DEPTH:
            raise ValueError("descriptors are nested too deep")
        found = Descriptor()
        self.text()
        found.kind = self.key()
        for _ in range(self.u32()):
            key = self.key()
            found[key] = self._value(depth + 1)
        return found

    def numbers(self, fmt: str) -> tuple[float, ...]:
        """Unpack big-endian numbers."""
        layout = struct.Struct(">" + fmt)
        values = layout.unpack_from(self.data, self.position)
        self.position += layout.size
        return values

    def u32(self) -> int:
        """Read an unsigned number of 4 bytes."""
        start = self.position
        self.position = end = start + 4
        if end > len(self.data):
            raise ValueError("cut short")
        return int.from_bytes(self.data[start:end])

    def take(self, size: int) -> bytes:
        """Read `size` bytes."""
        start = self.position
        self.position = end = start + size
        if end > len(self.data):
            raise ValueError("cut short")
        return self.data[start:end]

    def text(self) -> str:
        """Read a text of UTF-16 with its length before it; NULs at its end dropped."""
        count = self.u32()
        packed = self.take(2 * count) if count else b""
        return packed.decode("utf-16-be", "surrogatepass").rstrip("\0")

    def key(self) -> str:
        """Read an id of 4 or more letters."""
        return self.take(self.u32() or 4).decode("latin-1").rstrip()

    def _value(self, depth: int) -> Value:
        self._left -= 1
        if self._left < 0:
            raise ValueError("a descriptor has too many values")
        kind = self.take(4)
        if kind in (b"Objc", b"GlbO"):
            return self.descriptor(depth)
        if kind == b"ObAr":
            self.u32()
            return self.descriptor(depth)
        if kind == b"VlLs":
            return self._list(depth)
        if kind == b"obj ":
            self._skip_reference()
            return None
        return _READERS[kind](self)

    def _list(self, depth: int) -> list[Value]:
        if depth > _MAX_DEPTH:
            raise ValueError("lists are nested too deep")
        return [self._value(depth + 1) for _ in range(self.u32())]

    def _skip_reference(self) -> None:
        for _ in range(self.u32()):
            kind = self.take(4)
            if kind in (b"Idnt", b"indx"):
                self.u32()
                continue
            self.text()
            self.key()
            match kind:
                case b"prop":
                    self.key()
                case b"Enmr":
                    self.key()
                    self.key()
                case b"rele":
                    self.u32()
                case b"name":
                    self.text()
                case b"Clss":
                    pass
                case _:
                    raise ValueError(f"reference of kind {kind!r}")


def _enumerated(reader: DescriptorReader) -> str:
    reader.key()
    return reader.key()


def _unit(reader: DescriptorReader) -> float:
    reader.take(4)
    return reader.numbers("d")[0]


def _units(reader: DescriptorReader) -> list[Value]:
    reader.take(4)
    packed = reader.take(8 * reader.u32())
    return list(struct.unpack(f">{len(packed) // 8}d", packed))


def _class(reader: DescriptorReader) -> None:
    reader.text()
    reader.key()


def _raw(reader: DescriptorReader) -> bytes:
    return reader.take(reader.u32())


def _packed(fmt: str) -> Callable[[DescriptorReader], Value]:
    return lambda reader: reader.numbers(fmt)[0]


_READERS: Final[dict[bytes, Callable[[DescriptorReader], Value]]] = {
    b"TEXT": DescriptorReader.text,
    b"alis": _raw,
    b"bool": lambda reader: reader.take(1) != b"\0",
    b"comp": _packed("q"),
    b"doub": _packed("d"),
    b"enum": _enumerated,
    b"long": _packed("i"),
    b"tdta": _raw,
    b"Pth ": _raw,
    b"UnFl": _units,
    b"UntF": _unit,
    b"Clss": _class,
    b"GlbC": _class,
    b"type": _class,
}
