"""Smart objects, and the files that are embedded for them."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from features.psd.utils.details.descriptor import Descriptor, DescriptorReader
from features.psd.utils.types import SmartObject
from features.psd.utils.words import clean

LINKED_BLOCKS: Final = (b"lnkD", b"lnk2", b"lnk3", b"lnkE")
_OTHER: Final = "application/octet-stream"
# What stands before the bytes of an embedded file is much shorter.
_MAX_HEAD: Final = 1 << 20
_MAX_NAME: Final = 200
_KINDS: Final = {b"liFD": "EMBEDDED", b"liFE": "LINKED", b"liFA": "LINKED"}
_MEDIA_TYPES: Final = {
    ".ai": "application/postscript",
    ".bmp": "image/bmp",
    ".eps": "application/postscript",
    ".gif": "image/gif",
    ".heic": "image/heic",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".mp4": "video/mp4",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".psb": "image/vnd.adobe.photoshop",
    ".psd": "image/vnd.adobe.photoshop",
    ".svg": "image/svg+xml",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
}


class LinkedFile(NamedTuple):
    """A file that smart objects show; `data` where it is embedded."""

    unique_id: str
    kind: str
    name: str | None
    media_type: str
    size: int | None
    data: memoryview | None


def read_linked_files(blocks: Mapping[bytes, memoryview]) -> dict[str, LinkedFile]:
    """Read the linked files of a document's global blocks, by unique id.

    Bytes are not copied. What is unreadable ends its block; the first of an id counts.
    """
    found: dict[str, LinkedFile] = {}
    for key in LINKED_BLOCKS:
        with suppress(Exception):
            for record in _records(blocks.get(key, memoryview(b""))):
                file = _linked_file(record)
                found.setdefault(file.unique_id, file)
    return found


def read_smart_object(
    blocks: Mapping[bytes, memoryview], files: Mapping[str, LinkedFile]
) -> SmartObject | None:
    """Read what a layer places; None where it is no smart object or unreadable."""
    for key in (b"SoLd", b"SoLE"):
        if key in blocks:
            with suppress(Exception):
                return _described(blocks[key], files)
    for key in (b"PlLd", b"plLd"):
        if key in blocks:
            with suppress(Exception):
                return _packed(blocks[key], files)
    return None


def _records(block: memoryview) -> Iterator[memoryview]:
    position = 0
    while position + 8 < len(block):
        size = int.from_bytes(block[position : position + 8])
        position += 8
        if size > len(block) - position:
            return
        yield block[position : position + size]
        position += size + -size % 4


def _linked_file(record: memoryview) -> LinkedFile:
    reader = DescriptorReader(record[:_MAX_HEAD])
    kind = reader.take(4)
    version = reader.u32()
    unique_id = _pascal(reader)
    name = file_name(reader.text())
    reader.take(8)
    size = int(reader.numbers("Q")[0])
    if reader.take(1) != b"\0":
        reader.versioned()
    data = None
    if kind == b"liFE":
        reader.versioned()
        reader.take(16 if version > 3 else 0)
        size = int(reader.numbers("Q")[0])
    elif kind == b"liFD":
        data = record[reader.position : reader.position + size]
        if len(data) < size:
            raise ValueError("cut short")
    known = size if kind != b"liFA" else None
    return LinkedFile(unique_id, _KINDS[kind], name, media_type(name), known, data)


def _pascal(reader: DescriptorReader) -> str:
    return clean(reader.take(reader.take(1)[0]).decode("mac_roman"))


def file_name(stored: str) -> str | None:
    """Return what a file is called without folders and without what names cannot hold."""
    name = clean(stored).replace("\\", "/").rpartition("/")[2]
    name = "".join(one for one in name if one.isprintable()).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if dot and len(ending) < 20:
        name = stem[: _MAX_NAME - len(ending) - 1] + dot + ending
    return name[:_MAX_NAME] or None


def media_type(name: str | None) -> str:
    """Return the media type of what designers embed, by the name's ending."""
    return _MEDIA_TYPES.get(PurePosixPath(name or "").suffix.lower(), _OTHER)


def _described(block: memoryview, files: Mapping[str, LinkedFile]) -> SmartObject:
    reader = DescriptorReader(block, 8)
    whole = reader.versioned()
    size = whole.inner("Sz")
    corners = whole.numbers("Trnf")
    return _smart_object(whole.words("Idnt") or "", size, corners, files)


def _packed(block: memoryview, files: Mapping[str, LinkedFile]) -> SmartObject:
    reader = DescriptorReader(block, 8)
    unique_id = _pascal(reader)
    reader.take(16)
    return _smart_object(unique_id, Descriptor(), list(reader.numbers("8d")), files)


def _smart_object(
    unique_id: str,
    size: Descriptor,
    corners: list[float],
    files: Mapping[str, LinkedFile],
) -> SmartObject:
    file = files.get(unique_id)
    finite = len(corners) == 8 and all(abs(one) < 1e9 for one in corners)
    return SmartObject(
        unique_id=unique_id,
        kind=file.kind if file else "MISSING",
        name=file.name if file else None,
        media_type=file.media_type if file else None,
        size=file.size if file else None,
        width=size.number("Wdth"),
        height=size.number("Hght"),
        corners=corners if finite else [],
    )
