"""Cursors that nobody was given: anybody can make a checksum."""

from base64 import urlsafe_b64encode
from typing import Any
from zlib import crc32

import msgspec


def forged(*parts: Any) -> str:
    """Write whatever as a cursor, with a checksum that is right."""
    data = msgspec.msgpack.encode(parts)
    checksum = crc32(data).to_bytes(4, "big")
    return urlsafe_b64encode(checksum + data).rstrip(b"=").decode()
