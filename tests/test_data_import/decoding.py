"""PostgreSQL's binary COPY format, read by the letter of its documentation."""

import struct
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

from features.data_import.utils.types import ColumnType

_EPOCH = datetime(2000, 1, 1)


def decode_copy(data: bytes, types: list[ColumnType]) -> list[tuple[Any, ...]]:
    """Return rows, without header and trailer; `types` are those of the columns."""
    at = 0
    rows = []
    while at < len(data):
        count = struct.unpack_from(">h", data, at)[0]
        at += 2
        assert count == len(types)
        row = []
        for type in types:
            size = struct.unpack_from(">i", data, at)[0]
            at += 4
            row.append(None if size < 0 else _value(data[at : at + size], type))
            at += max(size, 0)
        rows.append(tuple(row))
    return rows


def _value(data: bytes, type: ColumnType) -> Any:
    match type:
        case ColumnType.TEXT:
            return data.decode()
        case ColumnType.INTEGER:
            return struct.unpack(">q", data)[0]
        case ColumnType.BOOLEAN:
            return {b"\0": False, b"\1": True}[data]
        case ColumnType.DATE:
            return date(2000, 1, 1) + timedelta(days=struct.unpack(">i", data)[0])
        case ColumnType.TIMESTAMP:
            return _EPOCH + timedelta(microseconds=struct.unpack(">q", data)[0])
        case ColumnType.DECIMAL:
            return _decimal(data)


def _decimal(data: bytes) -> Decimal:
    count, weight, sign, _ = struct.unpack_from(">hhHh", data)
    assert sign in (0, 0x4000)
    digits = struct.unpack_from(f">{count}h", data, 8)
    with localcontext(prec=60):
        value = sum(
            (Decimal(digit).scaleb(4 * (weight - i)) for i, digit in enumerate(digits)),
            Decimal(0),
        )
        return -value if sign else value


def instant(text: str) -> datetime:
    """Return an ISO instant as `decode_copy` gives it: in UTC, without a zone."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
