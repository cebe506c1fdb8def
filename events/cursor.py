"""The event cursor: an opaque, checksummed place in the event log.

It grants nothing, names no caller and never expires; rights are checked when it is
used. See docs/contract/event-log.md, "Cursor".
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Annotated, Final
from zlib import crc32

import msgspec

from core.errors import AppError, ErrorCode
from core.validators import is_id

MAX_CHARACTERS: Final = 400
_CHECKSUM_BYTES: Final = 4
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)

# What PostgreSQL and NATS take. Anybody can make a checksum: it guards against damage.
type Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
type Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Position(msgspec.Struct, frozen=True, array_like=True):
    """A place in the stream: its creation, a sequence, and that message's time.

    `time` is null where no message has been seen at `sequence`. Both times are
    microseconds since 1970.
    """

    creation: Number
    sequence: Number
    time: Number | None


class EventCursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a client stands: when that was, in the stream, and within one job."""

    made_at: Moment
    position: Position | None = None
    job_id: str | None = None
    job_seq: Number = 0


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(EventCursor)


def encode_cursor(cursor: EventCursor) -> str:
    """Return the cursor's text: URL-safe base64 without padding."""
    data = _encoder.encode(cursor)
    checksum = crc32(data).to_bytes(_CHECKSUM_BYTES, "big")
    return urlsafe_b64encode(checksum + data).rstrip(b"=").decode()


def decode_cursor(text: str) -> EventCursor:
    """Read a cursor's text; AppError BAD_USER_INPUT where it is damaged or forged."""
    try:
        if len(text) > MAX_CHARACTERS:
            raise ValueError("too long")
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        checksum, data = raw[:_CHECKSUM_BYTES], raw[_CHECKSUM_BYTES:]
        if crc32(data).to_bytes(_CHECKSUM_BYTES, "big") != checksum:
            raise ValueError("checksum")
        cursor = _decoder.decode(data)
        if encode_cursor(cursor) != text:
            raise ValueError("not as it was written")
        if cursor.made_at < _EARLIEST:
            raise ValueError("before all times")
        if cursor.job_id is not None and not is_id("job", cursor.job_id):
            raise ValueError("no job's id")
    except (ValueError, OverflowError, msgspec.DecodeError) as error:
        raise AppError(
            ErrorCode.BAD_USER_INPUT,
            "This event cursor is damaged. Pass one exactly as it was received, "
            "or none for a fresh start.",
        ) from error
    return cursor
