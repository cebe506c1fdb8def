"""The sections of a PSD or PSB: header, palette, resources, layers, merged image."""

import struct
from dataclasses import dataclass, field
from enum import IntEnum

from features.psd.exceptions import corrupt, cut_short, unsupported
from features.psd.utils.file.cursor import Cursor

_OTHER_FORMATS = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a ZIP archive",
    b"RIFF": "a RIFF file such as WebP",
    b"II*\x00": "a TIFF picture",
    b"MM\x00*": "a TIFF picture",
}


class ColorMode(IntEnum):
    """Colour modes by their number in the header."""

    BITMAP = 0
    GRAYSCALE = 1
    INDEXED = 2
    RGB = 3
    CMYK = 4
    MULTICHANNEL = 7
    DUOTONE = 8
    LAB = 9


class ResourceId(IntEnum):
    """The image resources that are read."""

    RESOLUTION = 1005
    GUIDES = 1032
    GLOBAL_ANGLE = 1037
    ICC_PROFILE = 1039
    TRANSPARENCY_INDEX = 1047
    GLOBAL_ALTITUDE = 1049
    SLICES = 1050
    ALPHA_IDENTIFIERS = 1053
    VERSION_INFO = 1057
    LAYER_COMPS = 1065
    DISPLAY_INFO = 1077


@dataclass(frozen=True)
class Header:
    """The first 26 bytes; `depth` in bits per channel."""

    large: bool
    channels: int
    height: int
    width: int
    depth: int
    mode: ColorMode


@dataclass(frozen=True)
class Container:
    """A file cut into its sections, nothing unpacked.

    `palette` is the colour mode data, `layers` the layer and mask section,
    `merged` all that follows it: compression and planes of the merged image. `blocks`
    are the document's own tagged blocks, which are found along with the layers.
    """

    header: Header
    palette: memoryview
    resources: dict[int, memoryview]
    layers: Cursor
    merged: memoryview
    blocks: dict[bytes, memoryview] = field(default_factory=dict)

    @property
    def has_merged_image(self) -> bool:
        """Whether the writer stored a real merged image (else a blank one)."""
        info = self.resources.get(ResourceId.VERSION_INFO)
        return info is None or len(info) < 5 or bool(info[4])

    @property
    def dpi(self) -> float | None:
        """Horizontal resolution in pixels per inch."""
        info = self.resources.get(ResourceId.RESOLUTION)
        if info is None or len(info) < 4:
            return None
        (fixed,) = struct.unpack(">I", info[:4])
        return round(fixed / 65536, 4) or None

    def number(self, resource: ResourceId) -> int | None:
        """Return a resource that is one number of 4 bytes, such as GLOBAL_ANGLE."""
        stored = self.resources.get(resource)
        return int.from_bytes(stored[:4], signed=True) if stored is not None else None


def read_container(data: memoryview) -> Container:
    """Read the header and find the sections.

    Raises PsdError: UNSUPPORTED_FORMAT where it is no PSD, CORRUPT_FILE where a
    section is missing or does not fit.
    """
    header = _read_header(data)
    cursor = Cursor(data, 26, len(data), "the header", header.large)
    palette = cursor.section("the color mode data")
    resources = cursor.section("the image resources")
    layers = cursor.section("the layers", "Q" if header.large else "I")
    if cursor.left < 2:
        raise cut_short("the file, before the merged image")
    return Container(
        header=header,
        palette=palette.take(palette.left),
        resources=_read_resources(resources),
        layers=layers,
        merged=cursor.take(cursor.left),
    )


def _read_header(data: memoryview) -> Header:
    if not len(data):
        raise corrupt("it is empty")
    if bytes(data[:4]) != b"8BPS":
        raise unsupported(f"This is not a Photoshop file{_what(bytes(data[:4]))}.")
    if len(data) < 26:
        raise cut_short("the header")
    version, channels, height, width, depth, mode = struct.unpack(
        ">H6xHIIHH", data[4:26]
    )
    if version not in (1, 2):
        raise unsupported(
            f"This file is of version {version} of Photoshop's format, "
            "and only 1 (PSD) and 2 (PSB) are known."
        )
    if mode not in set(ColorMode):
        raise corrupt(f"its header names a color mode ({mode}) that does not exist")
    header = Header(version == 2, channels, height, width, depth, ColorMode(mode))
    _check_header(header)
    return header


def _check_header(header: Header) -> None:
    # Photoshop ties some to certain modes; other writers do not.
    if header.depth not in (1, 8, 16, 32):
        raise corrupt(
            f"its header says {header.depth} bits per channel, and 1, 8, 16 and 32 "
            "are known"
        )
    if not 1 <= header.channels <= 57:
        raise corrupt(f"its header says {header.channels} channels")
    if not header.width or not header.height:
        raise corrupt(f"its canvas is {header.width} × {header.height} pixels")


def _what(start: bytes) -> str:
    for signature, name in _OTHER_FORMATS.items():
        if start.startswith(signature[:4]):
            return f": it is {name}"
    return ""


def _read_resources(cursor: Cursor) -> dict[int, memoryview]:
    """Read the resources; what follows a foreign signature is not looked at."""
    found: dict[int, memoryview] = {}
    while cursor.left >= 12:
        signature = bytes(cursor.take(4))
        if signature not in (b"8BIM", b"MeSa", b"AgHg", b"PHUT", b"DCSR"):
            break
        cursor.parts.count()
        number, name_size = cursor.read("HB")
        cursor.skip(name_size + (name_size + 1) % 2)
        (size,) = cursor.read("I")
        content = cursor.take(size)
        cursor.skip(min(size % 2, cursor.left))
        if signature == b"8BIM":
            found.setdefault(number, content)
    return found
