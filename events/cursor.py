"""The event cursor: an opaque, checksummed place in the event log.

It grants nothing, names no caller and never expires; rights are checked when it is
used. See docs/contract/event-log.md, "Cursor".
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Final
from zlib import crc32

import msgspec

from core.errors import AppError, ErrorCode

_CHECKSUM_BYTES: Final = 4


class Position(msgspec.Struct, frozen=True, array_like=True):
    """A place in the stream: its creation, a sequence, and that message's time.

    `time` is null where no message has been seen at `sequence`. Both times are
    microseconds since 1970.
    """

    creation: int
    sequence: int
    time: int | None


class EventCursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a client stands: when that was, in the stream, and within one job."""

    made_at: datetime
    position: Position | None = None
    job_id: str | None = None
    job_seq: int = 0


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(EventCursor)


def encode_cursor(cursor: EventCursor) -> str:
    """Return the cursor's text: URL-safe base64 without padding."""
    data = _encoder.encode(cursor)
    checksum = crc32(data).to_bytes(_CHECKSUM_BYTES, "big")
    return urlsafe_b64encode(checksum + data).rstrip(b"=").decode()


def decode_cursor(text: str) -> EventCursor:
    """Read a cursor's text; AppError BAD_USER_INPUT where it is damaged."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        checksum, data = raw[:_CHECKSUM_BYTES], raw[_CHECKSUM_BYTES:]
        if crc32(data).to_bytes(_CHECKSUM_BYTES, "big") != checksum:
            raise ValueError("checksum")
        cursor = _decoder.decode(data)
        if encode_cursor(cursor) != text:
            raise ValueError("not as it was written")
    except (ValueError, OverflowError, msgspec.DecodeError) as error:
        raise AppError(
            ErrorCode.BAD_USER_INPUT,
            "This event cursor is damaged. Pass one exactly as it was received, "
            "or none for a fresh start.",
        ) from error
    return cursor
