"""Layer records as they are stored: bounds, channels, flags and tagged blocks."""

from dataclasses import dataclass, field

from features.psd.exceptions import corrupt
from features.psd.utils.file.container import Container
from features.psd.utils.file.cursor import Cursor
from features.psd.utils.words import clean

_MERGED_ALPHA_KEYS = frozenset({b"Mtrn", b"Mt16", b"Mt32"})
_MASK_IS_RENDERED_PATH = 0x08
_FARTHEST = 1 << 29
# Photoshop cuts names to 255 characters.
_LONGEST_NAME = 1000


@dataclass
class Record:
    """One layer record. `channels` maps a channel's id to its packed bytes.

    Ids count the colours from 0; -1 is transparency, -2 and -3 are masks. `mask` is
    what is said of the masks, as stored.
    """

    top: int
    left: int
    bottom: int
    right: int
    lengths: list[tuple[int, int]]
    blend_key: bytes
    opacity: int
    clipped: bool
    flags: int
    name: str = ""
    has_mask: bool = False
    mask: bytes = b""
    blends_by_range: bool = False
    blocks: dict[bytes, memoryview] = field(default_factory=dict)
    channels: dict[int, memoryview] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Pixels across, 0 where the box is turned inside out."""
        return max(self.right - self.left, 0)

    @property
    def height(self) -> int:
        """Pixels down, 0 where the box is turned inside out."""
        return max(self.bottom - self.top, 0)

    @property
    def visible(self) -> bool:
        """The layer's own eye."""
        return not self.flags & 0x02

    @property
    def pixels_irrelevant(self) -> bool:
        """Whether the pixels are derived from something else, such as a path."""
        return bool(self.flags & 0x10)

    @property
    def section(self) -> int:
        """The section divider's type: 0 none, 1 and 2 a group, 3 its lower end."""
        setting = self.section_setting
        return int.from_bytes(setting[:4]) if setting is not None else 0

    @property
    def section_setting(self) -> memoryview | None:
        """The section divider's content, a nested one first."""
        return self.blocks.get(b"lsdk", self.blocks.get(b"lsct"))


@dataclass(frozen=True)
class LayerSection:
    """All layer records, from the bottom, and whether the merged image has alpha.

    `blocks` are the document's own tagged blocks, the first of each key.
    """

    records: list[Record]
    merged_alpha: bool
    blocks: dict[bytes, memoryview] = field(default_factory=dict)


def read_layers(container: Container) -> LayerSection:
    """Read the records of all layers and find their channels.

    16 and 32 bit documents keep them in a block of their own. Raises PsdError
    CORRUPT_FILE where a record or a channel does not fit into its section.
    """
    cursor = container.layers
    if not cursor.left:
        return LayerSection([], False)
    layers = cursor.section("the layers", "Q" if cursor.large else "I")
    if cursor.left >= 4 and not cursor.at_block():
        cursor.section("the layer mask settings")
    for key, content in cursor.blocks():
        container.blocks.setdefault(key, content)
        if key in (b"Lr16", b"Lr32"):
            where, large = "the layers", cursor.large
            layers = Cursor(content, 0, len(content), where, large, cursor.parts)
    return _read_layer_info(layers, container.blocks)


def _read_layer_info(cursor: Cursor, blocks: dict[bytes, memoryview]) -> LayerSection:
    alpha = not _MERGED_ALPHA_KEYS.isdisjoint(blocks)
    if cursor.left < 2:
        return LayerSection([], alpha, blocks)
    (count,) = cursor.read("h")
    records = [_read_record(cursor) for _ in range(abs(count))]
    for record in records:
        for channel, length in record.lengths:
            record.channels[channel] = cursor.take(length)
    return LayerSection(records, alpha or count < 0, blocks)


def _read_record(cursor: Cursor) -> Record:
    top, left, bottom, right, channels = cursor.read("4iH")
    if max(abs(side) for side in (top, left, bottom, right)) > _FARTHEST:
        raise corrupt("one of its layers has impossible bounds")
    if channels > 64:
        raise corrupt(f"one of its layers claims to have {channels} channels")
    cursor.parts.count(1 + channels)
    fmt = "hQ" if cursor.large else "hI"
    lengths = []
    for _ in range(channels):
        channel, length = cursor.read(fmt)
        lengths.append((channel, length))
    if bytes(cursor.take(4)) != b"8BIM":
        raise corrupt("the list of its layers cannot be read")
    blend_key = bytes(cursor.take(4))
    opacity, clipping, flags = cursor.read("BBBx")
    record = Record(
        *(top, left, bottom, right),
        lengths=lengths,
        blend_key=blend_key,
        opacity=opacity,
        clipped=bool(clipping),
        flags=flags,
    )
    _read_extra(record, cursor.section("a layer's settings"))
    return record


def _read_extra(record: Record, cursor: Cursor) -> None:
    mask = cursor.section("a layer's mask")
    record.mask = bytes(mask.take(mask.left))
    record.has_mask = _has_mask(record)
    ranges = cursor.section("a layer's blending ranges")
    packed = bytes(ranges.take(ranges.left))
    record.blends_by_range = packed != b"\0\0\xff\xff" * (len(packed) // 4)
    (size,) = cursor.read("B")
    record.name = clean(bytes(cursor.take(size)).decode("mac_roman"))
    cursor.skip(min(-(size + 1) % 4, cursor.left))
    for key, content in cursor.blocks():
        record.blocks.setdefault(key, content)
    if b"luni" in record.blocks:
        record.name = _unicode_name(record.blocks[b"luni"], record.name)


def _has_mask(record: Record) -> bool:
    """Tell whether there is a painted mask: a vector mask alone leaves one, too."""
    mask = record.mask
    if len(mask) < 18:
        return False
    if any(channel == -3 for channel, _ in record.lengths):
        return True
    return not mask[17] & _MASK_IS_RENDERED_PATH


def _unicode_name(content: memoryview, fallback: str) -> str:
    count = int.from_bytes(content[:4])
    if len(content) < 4 + 2 * count:
        return fallback
    end = 4 + 2 * min(count, _LONGEST_NAME)
    return clean(bytes(content[4:end]).decode("utf-16-be", "replace"))
