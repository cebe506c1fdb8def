"""Relay's connections, by key: `after` names the last row seen, not a number of rows."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
import strawberry

from core.errors import AppError, ErrorCode

MAX_PAGE: Final = 100

type TimeKey = tuple[datetime, str]
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_Id = Annotated[str, msgspec.Meta(pattern="^[a-z]+_[0-9a-f]{32}\\Z")]
_Index = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
_RowNumber = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
_time_keys = msgspec.json.Decoder(tuple[_Moment, _Id])
_indexes: msgspec.json.Decoder[int] = msgspec.json.Decoder(_Index)
_numbers: msgspec.json.Decoder[int] = msgspec.json.Decoder(_RowNumber)
_cells = msgspec.json.Decoder(tuple[_RowNumber, _Index])


@strawberry.type
class PageInfo:
    """Where a page lies in its list."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


def _cursor(self: "Edge[Any]") -> str:
    return _write(self.key)


@strawberry.type
class Edge[T]:
    """One row and its place in the list."""

    key: strawberry.Private[object]
    cursor: str = strawberry.field(resolver=_cursor)
    node: T


@strawberry.type
class Connection[T]:
    """One page of a list."""

    edges: list[Edge[T]]
    page_info: PageInfo
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field
    def nodes(self) -> list[T]:
        """The page's rows alone."""
        return [edge.node for edge in self.edges]

    @strawberry.field
    async def total_count(self) -> int:
        """How many rows the whole list has."""
        return await self.count()


def check_first(first: int, most: int = MAX_PAGE) -> None:
    """Raise BAD_USER_INPUT where a page's size is not 0 to `most`."""
    if not 0 <= first <= most:
        raise AppError(
            ErrorCode.BAD_USER_INPUT, f"`first` must be 0 to {most}; it is {first}."
        )


def connect[Row, T](
    rows: Sequence[Row],
    first: int,
    *,
    after: str | None,
    key: Callable[[Row], object],
    node: Callable[[Row], T],
    count: Callable[[], Awaitable[int]],
) -> Connection[T]:
    """Make a page of at most `first` rows from up to one more than that."""
    edges, page_info = slice_edges(rows, first, after=after, key=key, node=node)
    return Connection(edges=edges, page_info=page_info, count=count)


def slice_edges[Row, T](
    rows: Sequence[Row],
    first: int,
    *,
    after: str | None,
    key: Callable[[Row], object],
    node: Callable[[Row], T],
) -> tuple[list[Edge[T]], PageInfo]:
    """Make a page's edges as `connect` does, for a list that is not counted."""
    edges = [Edge(key=key(row), node=node(row)) for row in rows[:first]]
    page_info = PageInfo(
        has_next_page=len(rows) > first,
        has_previous_page=after is not None,
        start_cursor=_write(edges[0].key) if edges else None,
        end_cursor=_write(edges[-1].key) if edges else None,
    )
    return edges, page_info


def read_time_key(after: str | None) -> TimeKey | None:
    """Read the cursor of a list that is ordered by time and id."""
    if after is None:
        return None
    moment, row_id = _read(after, _time_keys)
    try:
        return moment.astimezone(UTC), row_id
    except OverflowError:
        raise _no_cursor() from None


def read_index(after: str | None) -> int:
    """Read the cursor of a list that is ordered by index; -1 for its beginning."""
    return -1 if after is None else _read(after, _indexes)


def read_row_number(after: str | None) -> int:
    """Read the cursor of a list that is ordered by rows' numbers; 0 for its beginning."""
    return 0 if after is None else _read(after, _numbers)


def read_cell(after: str | None) -> tuple[int, int] | None:
    """Read the cursor of a list that is ordered by row and position in it."""
    return None if after is None else _read(after, _cells)


def _write(key: object) -> str:
    return urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def _read[T](cursor: str, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        data = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        return decoder.decode(data)
    except (ValueError, binascii.Error, msgspec.DecodeError):
        raise _no_cursor() from None


def _no_cursor() -> AppError:
    return AppError(ErrorCode.BAD_USER_INPUT, "`after` is not a cursor of this list.")
