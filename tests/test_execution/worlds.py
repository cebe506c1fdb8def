"""A schema of all that a field can be, and things for it that are often wrong."""

import asyncio
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, Final, Union

import strawberry
from hypothesis import strategies as st
from strawberry.scalars import JSON
from strawberry.types import Info

from schema.scalars import BigInt, EventCursor, strawberry_config


@strawberry.enum
class Colour(Enum):
    """A leaf that is no scalar."""

    RED = "r"
    BLUE = strawberry.enum_value("b", name="NAVY")


@strawberry.interface
class Named:
    """What has a name."""

    name: str


@strawberry.type
class Point:
    """A plain object."""

    x: int
    y: float | None
    tags: list[str]


@strawberry.type
class Thing(Named):
    """An object with a field of each sort."""

    id: strawberry.ID
    size: int | None
    big: BigInt
    ratio: float
    seen: bool
    when: datetime | None
    cursor: EventCursor
    colour: Colour
    colours: list[Colour | None]
    words: list[str] | None
    grid: list[list[int]]
    anything: JSON
    point: Point
    points: list[Point | None]
    child: "Thing | None"
    children: list["Thing"]
    other: "Union[Thing, Other]"

    @strawberry.field
    def twice(self) -> int:
        return self.size * 2  # type: ignore[operator]

    @strawberry.field
    def here(self) -> Point | None:
        return self.point

    @strawberry.field
    async def later(self, info: Info, plus: int = 1) -> int | None:
        await asyncio.sleep(0)
        return self.size + plus  # type: ignore[operator]

    @strawberry.field
    async def later_points(self) -> list[Point]:
        await asyncio.sleep(0)
        return self.points  # type: ignore[return-value]


@strawberry.type
class Other(Named):
    """Another one with a name."""

    flag: bool


@strawberry.type
class Query:
    """What can be asked: all of it comes from the root value."""

    things: list[Thing]
    maybe_things: list[Thing | None] | None
    named: list[Named]
    points: list[Point] | None
    thing: Thing | None
    mixed: list[Annotated[Thing | Other, strawberry.union("Mixed")]] | None


SCHEMA: Final = strawberry.Schema(
    query=Query, types=[Thing, Other], config=strawberry_config()
)


async def _soon(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


class Soon:
    """Stands for a coroutine, which could be awaited but once."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Iterator[Any]:
        return _soon(self.value).__await__()


class Raising:
    """Has no attributes, and says so."""

    def __getattr__(self, name: str) -> Any:
        raise LookupError(name)


_WRONG: Final[st.SearchStrategy[Any]] = st.sampled_from(
    [
        None,
        "",
        "text",
        7,
        -(2**40),
        1.5,
        math.nan,
        True,
        [],
        [1],
        {},
        object,
        Colour.RED,
    ]
) | st.builds(RuntimeError, st.just("raised"))
_STAMP: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def _mostly(right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw what fits nineteen times out of twenty."""
    odd = _WRONG | right.map(Soon)
    return st.integers(0, 39).flatmap(lambda n: odd if n == 0 else right)


_text = st.sampled_from(["", "a", "好"])
_words = st.lists(_mostly(_text), max_size=2)
_small = st.integers(-3, 3)
_colour = st.sampled_from(Colour)
_points = st.builds(
    Point, x=_mostly(_small), y=_mostly(st.floats(0, 1)), tags=_mostly(_words)
)
_others = st.builds(Other, name=_mostly(_text), flag=_mostly(st.booleans()))


def _things(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        Thing,
        name=_mostly(_text),
        id=_mostly(_text),
        size=_mostly(_small),
        big=_mostly(st.just(2**50)),
        ratio=_mostly(st.floats(0, 1)),
        seen=_mostly(st.booleans()),
        when=_mostly(st.just(_STAMP)),
        cursor=_mostly(_text),
        colour=_mostly(_colour),
        colours=_mostly(st.lists(_mostly(_colour), max_size=2)),
        words=_mostly(st.none() | _words),
        grid=_mostly(st.lists(st.lists(_mostly(_small), max_size=2), max_size=2)),
        anything=_mostly(st.just({"a": [1]})),
        point=_mostly(_points),
        points=_mostly(st.lists(_mostly(_points), max_size=3)),
        child=_mostly(inner),
        children=_mostly(st.lists(_mostly(inner), max_size=2)),
        other=_mostly(_others),
    )


things: Final = _things(st.none() | _things(st.none()))
_lists = st.lists(_mostly(things), max_size=3)
roots: Final = st.builds(
    Query,
    things=_mostly(_lists | _lists.map(tuple)),
    maybe_things=_mostly(_lists),
    named=_mostly(st.lists(_mostly(things | _others), max_size=3)),
    points=_mostly(st.lists(_mostly(_points | st.just(Raising())), max_size=3)),
    thing=_mostly(things),
    mixed=_mostly(st.lists(_mostly(things | _others), max_size=3)),
)
