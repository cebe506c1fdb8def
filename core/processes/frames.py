"""The border between owner and child: one byte of kind, four of length, the body."""

import asyncio
import struct
from enum import IntEnum
from socket import MSG_WAITALL, socket
from typing import Final

_HEADER: Final = struct.Struct(">BI")


class Kind(IntEnum):
    """What a frame's body is."""

    SETUP = 1
    """To the child: pickled (sys.path, modules to import)."""
    CALL = 2
    """To the child: pickled (function, args, kwargs)."""
    READY = 3
    """From the child, empty: the modules are imported."""
    ITEM = 4
    """From the child: a msgpack value that the function yielded."""
    DONE = 5
    """From the child, empty: the function has ended."""
    ERROR = 6
    """From the child: an exception, as `dump_error` writes it."""


Frame = tuple[Kind, bytes]


def header(kind: Kind, body: bytes) -> bytes:
    """Make the five bytes that go before a body."""
    return _HEADER.pack(kind, len(body))


async def receive(reader: asyncio.StreamReader) -> Frame:
    """Read a frame on the owner's side; asyncio.IncompleteReadError at the end."""
    kind, size = _HEADER.unpack(await reader.readexactly(_HEADER.size))
    return Kind(kind), await reader.readexactly(size) if size else b""


def read_blocking(connection: socket) -> Frame:
    """Read a frame on the child's side; EOFError at the end."""
    kind, size = _HEADER.unpack(_read_exactly(connection, _HEADER.size))
    return Kind(kind), _read_exactly(connection, size) if size else b""


def write_blocking(connection: socket, kind: Kind, body: bytes = b"") -> None:
    """Write a frame on the child's side; waits while the owner does not read."""
    connection.sendall(header(kind, body))
    connection.sendall(body)


def _read_exactly(connection: socket, size: int) -> bytes:
    body = connection.recv(size, MSG_WAITALL)
    while len(body) < size:
        part = connection.recv(size - len(body), MSG_WAITALL)
        if not part:
            raise EOFError
        body += part
    return body
