"""The graph's own scalars."""

import re
from datetime import UTC, datetime
from typing import Any, Final, NewType

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig

BigInt = NewType("BigInt", int)
EventCursor = NewType("EventCursor", str)

_RFC3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?"
)
MAX_SAFE_INTEGER: Final = 2**53 - 1


def _write_datetime(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _read_datetime(value: Any) -> datetime:
    try:
        if not _RFC3339.fullmatch(value):
            raise ValueError(value)
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise GraphQLError(f"Not an RFC 3339 date and time: {value!r}") from None
    raise GraphQLError(f"The offset from UTC is missing: {value!r}")


def _big_int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise GraphQLError(f"Not an integer: {value!r}")
    if not abs(value) <= MAX_SAFE_INTEGER or value != int(value):
        raise GraphQLError(f"Not an integer within +-(2^53 - 1): {value!r}")
    return int(value)


def _cursor(value: Any) -> str:
    if not isinstance(value, str):
        raise GraphQLError("An event cursor is a string.")
    return value


def strawberry_config() -> StrawberryConfig:
    """Return the schema's configuration, which names the scalars."""
    return StrawberryConfig(
        scalar_map={
            datetime: strawberry.scalar(
                name="DateTime",
                description="RFC 3339, always UTC",
                serialize=_write_datetime,
                parse_value=_read_datetime,
            ),
            BigInt: strawberry.scalar(
                name="BigInt",
                description="An integer within +-(2^53 - 1), as a JSON number.",
                serialize=_big_int,
                parse_value=_big_int,
            ),
            EventCursor: strawberry.scalar(
                name="EventCursor",
                description="Opaque position in the event log. Not a page's cursor.",
                serialize=str,
                parse_value=_cursor,
            ),
        },
    )
