"""Files that are made to hurt, and what each must come to: an error's code, or none."""

import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Final

LIMIT: Final = "LIMIT_EXCEEDED"
CORRUPT: Final = "CORRUPT_FILE"
FINE: Final = ""

Block = tuple[bytes, bytes]
Channel = tuple[int, bytes]

_CANVAS: Final = (8, 8)
_RAW: Final = b"\0\0"


def section(content: bytes, claimed: int | None = None) -> bytes:
    """Put a length of four bytes before a section; `claimed` is a lie."""
    return struct.pack(">I", len(content) if claimed is None else claimed) + content


def block(key: bytes, content: bytes) -> bytes:
    """Make a tagged block."""
    return b"8BIM" + key + section(content)


def layer(
    size: tuple[int, int] = (0, 0),
    channels: Sequence[Channel] = (),
    blocks: bytes = b"",
    lengths: Sequence[int] = (),
) -> tuple[bytes, bytes]:
    """Make a record and its channels' data; `lengths` are lies about those."""
    width, height = size
    record = struct.pack(">4iH", 0, 0, height, width, len(channels))
    for place, (number, data) in enumerate(channels):
        length = lengths[place] if lengths else len(data)
        record += struct.pack(">hI", number, length)
    extra = bytes(8) + b"\1L\0\0" + blocks
    record += b"8BIMnorm\xff\0\0\0" + section(extra)
    return record, b"".join(data for _, data in channels)


def document(
    layers: Sequence[tuple[bytes, bytes]] = (),
    *,
    canvas: tuple[int, int] = _CANVAS,
    channels: int = 3,
    mode: int = 3,
    resources: bytes = b"",
    count: int | None = None,
) -> bytes:
    """Put a file together, with a merged image that fits the canvas of 8 × 8."""
    width, height = canvas
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, channels, height, width, 8, mode)
    number = struct.pack(">h", len(layers) if count is None else count)
    info = number + b"".join(record for record, _ in layers)
    info += b"".join(data for _, data in layers)
    merged = _RAW + bytes(8 * 8 * channels)
    return (
        head + section(b"") + section(resources) + section(section(info + b"\0" * 4))
    ) + merged


def resource(number: int, content: bytes) -> bytes:
    """Make an image resource without a name."""
    return b"8BIM" + struct.pack(">HH", number, 0) + section(content)


def _name(text: str) -> bytes:
    return block(b"luni", struct.pack(">I", len(text)) + text.encode("utf-16-be"))


def _group(kind: int, name: str = "") -> tuple[bytes, bytes]:
    return layer(blocks=block(b"lsct", struct.pack(">I", kind)) + _name(name))


def _long_paths() -> bytes:
    """Each of thousands of layers would tell the names of 90 groups."""
    ends = [_group(3)] * 90
    groups = [_group(1, "名" * 1000)] * 90
    return document([*ends, *[layer()] * 5000, *groups])


def _descriptor(depth: int) -> bytes:
    """Nest descriptors in each other."""
    start = struct.pack(">I", 1) + b"\0\0" + struct.pack(">I4s", 0, b"null")
    inner = start + struct.pack(">I", 1) + struct.pack(">I4s4s", 0, b"Fr  ", b"Objc")
    return struct.pack(">II", 0, 16) + inner * depth


def _list_of_flags(count: int) -> bytes:
    """Make an effects block whose list has more items than it has bytes for."""
    start = struct.pack(">II", 0, 16) + struct.pack(">I", 1) + b"\0\0"
    item = struct.pack(">I4s4sI", 0, b"Lst ", b"VlLs", count)
    return start + struct.pack(">I4sI", 0, b"null", 1) + item + b"bool\1" * 200_000


def _words(engine: bytes, claimed: int | None = None) -> bytes:
    """Make a type tool block whose engine data is given."""
    start = struct.pack(">H6dHI", 1, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 50, 16)
    head = struct.pack(">I", 1) + b"\0\0" + struct.pack(">I4sI", 0, b"TxLr", 1)
    return (
        start
        + head
        + struct.pack(">I", 10)
        + b"EngineDatatdta"
        + section(engine, claimed)
    )


def _bomb(predicted: bool, side: int) -> bytes:
    """Make a layer of zeros, deflated a thousand to one."""
    packer = zlib.compressobj(9)
    row = bytes(side)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    code = b"\0\3" if predicted else b"\0\2"
    one = layer((side, side), [(0, code + packed)])
    return document([one], mode=1, channels=1)


def _of_effects(content: bytes) -> bytes:
    return document([layer(blocks=block(b"lfx2", content))])


def _of_words(content: bytes) -> bytes:
    return document([layer(blocks=block(b"TySh", content))])


def _tiny_with_huge_bounds() -> bytes:
    channels = [(number, b"\0\1\0") for number in (0, 1, 2)]
    return document([layer((30_000, 30_000), channels)] * 2000)


def _many_channels(count: int) -> bytes:
    one = layer((4, 4), [(number, _RAW + bytes(16)) for number in range(count)])
    return document([one])


def _too_many_blocks() -> bytes:
    return document([layer(blocks=block(b"zzzz", b"") * 170_000)] * 2)


INVENTED: Final[dict[str, tuple[Callable[[], bytes], str]]] = {
    "tiny layers with huge bounds": (_tiny_with_huge_bounds, LIMIT),
    "a layer of 56 channels": (lambda: _many_channels(56), FINE),
    "a layer of 65 channels": (lambda: _many_channels(65), CORRUPT),
    "a document of 57 channels": (lambda: document(channels=57), FINE),
    "a document of 58 channels": (lambda: document(channels=58), CORRUPT),
    "a canvas of 30000": (lambda: document(canvas=(30_000, 30_000)), CORRUPT),
    "a canvas of 300000": (lambda: document(canvas=(300_000, 300_000)), LIMIT),
    "10,000 empty layers": (lambda: document([layer()] * 10_000), LIMIT),
    "8,000 empty layers": (lambda: document([layer()] * 8_000), FINE),
    "32,767 layers claimed": (lambda: document([layer()], count=32_767), CORRUPT),
    "32,768 layers claimed": (lambda: document([layer()], count=-32_768), CORRUPT),
    "32,767 layers of 64 channels": (
        lambda: document([layer((1, 1), [(0, b"")] * 64)] * 32_767),
        LIMIT,
    ),
    "a deflated bomb": (lambda: _bomb(False, 20_000), FINE),
    "a predicted bomb": (lambda: _bomb(True, 20_000), FINE),
    "340,000 blocks": (_too_many_blocks, LIMIT),
    "400,000 resources": (
        lambda: document(resources=resource(9999, b"") * 400_000),
        LIMIT,
    ),
    "a resource of 64 MB": (
        lambda: document(resources=resource(1036, bytes(64_000_000))),
        FINE,
    ),
    "a resource that lies": (
        lambda: document(
            resources=b"8BIM" + struct.pack(">HHI", 1039, 0, 2**32 - 1) + b"x"
        ),
        CORRUPT,
    ),
    "a profile of garbage": (
        lambda: document(resources=resource(1039, b"\xff" * 1_000_000)),
        FINE,
    ),
    "a profile that promises": (
        lambda: document(
            resources=resource(
                1039, struct.pack(">I", 2**31) + b"lcms" + b"\4" * 28 + b"acsp" * 9999
            )
        ),
        FINE,
    ),
    "a name of 16 MB": (
        lambda: document([layer(blocks=_name("x" * 8_000_000))]),
        FINE,
    ),
    "a name that lies": (
        lambda: document([layer(blocks=block(b"luni", b"\xff\xff\xff\xffxx"))]),
        FINE,
    ),
    "long paths": (_long_paths, LIMIT),
    "300 nested groups": (
        lambda: document([_group(3)] * 300 + [_group(1)] * 300),
        LIMIT,
    ),
    "groups without a lower end": (lambda: document([_group(1)] * 5_000), FINE),
    "lower ends without a group": (lambda: document([_group(3)] * 7_000), FINE),
    "effects nested 100,000 deep": (lambda: _of_effects(_descriptor(100_000)), FINE),
    "effects of 4 billion items": (
        lambda: _of_effects(_list_of_flags(2**32 - 1)),
        FINE,
    ),
    "effects of 1 million items": (lambda: _of_effects(_list_of_flags(10**6)), FINE),
    "effects of 17 MB": (lambda: _of_effects(bytes(17_000_000)), LIMIT),
    "effects of 7 MB, 20 times": (
        lambda: document([layer(blocks=block(b"lfx2", bytes(7_000_000)))] * 20),
        LIMIT,
    ),
    "words nested in lists": (lambda: _of_words(_words(b"[ " * 1_000_000)), FINE),
    "words nested in tables": (lambda: _of_words(_words(b"<< /a " * 300_000)), FINE),
    "words that lie": (lambda: _of_words(_words(b"<<", 2**32 - 1)), FINE),
    "words of parentheses": (lambda: _of_words(_words(b"(" * 4_000_000)), FINE),
    "a channel that lies": (
        lambda: document([layer((4, 4), [(0, _RAW)], lengths=[2**32 - 1])]),
        CORRUPT,
    ),
    "a record that lies": (
        lambda: document([(layer()[0][:-12] + b"\xff\xff\xff\xff", b"")]),
        CORRUPT,
    ),
}
