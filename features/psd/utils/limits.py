"""What is checked before any pixel is unpacked."""

from typing import Final

from features.psd.exceptions import over_limit
from features.psd.utils.file.container import Container, Header
from features.psd.utils.file.kinds import has_pixels
from features.psd.utils.file.records import Record
from features.psd.utils.pixels.codecs import row_size
from features.psd.utils.types import Limits

# PackBits reaches 64 to 1 and the merged image is always there, so that even plain
# colours in deflated layers stay below this; what is above is made to fill memory.
_MAX_EXPANSION: Final = 500
_ALWAYS_ALLOWED: Final = 512 * 1024 * 1024
# Read into objects of some twenty times the size, while a long text has 100 KB.
_DESCRIBING: Final = (b"TySh", b"lfx2", b"lmfx", b"lfxs", b"lrFX")
_MAX_DESCRIPTION: Final = 16 * 1024 * 1024
_MAX_DESCRIPTIONS: Final = 128 * 1024 * 1024


def check_canvas(header: Header, limits: Limits) -> None:
    """Raise PsdError LIMIT_EXCEEDED on a canvas with too long a side."""
    if max(header.width, header.height) > limits.max_side:
        raise over_limit(
            f"The canvas is {header.width} × {header.height} pixels, and no side may "
            f"have more than {limits.max_side}. Make the image smaller."
        )


def check_pixels(
    container: Container, records: list[Record], file_size: int, limits: Limits
) -> None:
    """Raise PsdError LIMIT_EXCEEDED on pictures too large, one by one or together."""
    header = container.header
    pixels = header.width * header.height
    unpacked = row_size(header.width, header.depth) * header.height * header.channels
    for record in records:
        if not has_pixels(record):
            continue
        if max(record.width, record.height) > limits.max_side:
            raise over_limit(
                f"The layer “{record.name}” is {record.width} × {record.height} "
                f"pixels, and no side may have more than {limits.max_side}. "
                "Crop the layer."
            )
        pixels += record.width * record.height
        row = row_size(record.width, header.depth)
        unpacked += row * record.height * len(record.channels)
    if pixels > limits.max_pixels:
        raise over_limit(
            f"The canvas and the layers together have {pixels} pixels, and "
            f"{limits.max_pixels} are allowed. Make the image smaller or merge layers."
        )
    if unpacked > max(file_size * _MAX_EXPANSION, _ALWAYS_ALLOWED):
        raise over_limit(
            f"The pictures in this document would unpack to {unpacked / 1e9:.1f} GB from a file of "
            f"{file_size / 1e6:.1f} MB, which no drawn document does. "
            "Save it again in Photoshop."
        )


def check_descriptions(records: list[Record]) -> None:
    """Raise PsdError LIMIT_EXCEEDED on texts and effects too long, alone or together."""
    total = 0
    for record in records:
        sizes = [len(record.blocks.get(key, b"")) for key in _DESCRIBING]
        total += sum(sizes)
        if max(sizes) > _MAX_DESCRIPTION:
            raise over_limit(
                f"The text or the effects of the layer “{record.name}” take "
                f"{max(sizes) / 1e6:.1f} MB. Shorten the text, or rasterize the layer."
            )
    if total > _MAX_DESCRIPTIONS:
        raise over_limit(
            f"The texts and effects of this document take {total / 1e6:.1f} MB. "
            "Rasterize some layers, or split the document."
        )
