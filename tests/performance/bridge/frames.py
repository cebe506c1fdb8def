"""WebSocket frames (RFC 6455), as far as both ends of a benchmark need them."""

import json
from collections.abc import Iterator
from typing import Final

TEXT: Final = 0x1
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
_FINAL: Final = 0x80
_MASKED: Final = 0x80
_NO_MASK: Final = bytes(4)  # masking with zeros changes nothing


# An unfragmented frame: its opcode, and where its payload starts and stops.
type Frame = tuple[int, int, int]


def frames(data: bytes) -> Iterator[Frame]:
    """Yield the whole frames of a server that `data` begins with."""
    place, end = 0, len(data)
    while end - place >= 2:
        length, start = data[place + 1], place + 2
        if length >= 126:
            start += 2 if length == 126 else 8
            if start > end:
                return
            length = int.from_bytes(data[place + 2 : start], "big")
        stop = start + length
        if stop > end:
            return
        yield data[place] ^ _FINAL, start, stop
        place = stop


def server_frame(payload: bytes) -> bytes:
    """Return a text frame as a server sends it."""
    return _head(TEXT, len(payload), 0) + payload


def client_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return a frame as a client sends it."""
    return _head(opcode, len(payload), _MASKED) + _NO_MASK + payload


def client_message(message: object) -> bytes:
    """Return a value as JSON in a client's frame."""
    return client_frame(json.dumps(message).encode())


def _head(opcode: int, length: int, mask: int) -> bytes:
    first = _FINAL | opcode
    if length < 126:
        return bytes((first, mask | length))
    if length < 1 << 16:
        return bytes((first, mask | 126)) + length.to_bytes(2, "big")
    return bytes((first, mask | 127)) + length.to_bytes(8, "big")
