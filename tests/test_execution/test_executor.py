"""Queries, events and their answers as they leave."""

import asyncio
import json
import math
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import strawberry
from graphql import ExecutionResult, GraphQLError
from strawberry.scalars import JSON
from strawberry.types import Info

from core.errors import AppError, ErrorCode
from resolvers.execution import lists
from resolvers.execution.documents import Documents, Prepared
from resolvers.execution.encoding import encoded, encoded_errors
from resolvers.execution.executor import execute, failure, source
from resolvers.execution.request import OperationRequest


@strawberry.type
class Row:
    """One of many."""

    number: int
    text: str


class Rows:
    """A root value with many of them."""

    def __init__(self, length: int) -> None:
        self.rows = [Row(number=number, text=str(number)) for number in range(length)]


@strawberry.type
class Query:
    """What can be asked."""

    rows: list[Row]

    @strawberry.field
    def now(self, by: int = 1) -> int:
        return by

    @strawberry.field
    async def later(self, info: Info) -> JSON:
        await asyncio.sleep(0)
        return JSON(info._raw_info.operation_extensions)  # type: ignore[attr-defined]

    @strawberry.field
    def broken(self) -> int | None:
        raise RuntimeError("a secret")


@strawberry.type
class Mutation:
    """What can be done."""

    @strawberry.mutation
    async def add(self, info: Info, number: int) -> list[int]:
        await asyncio.sleep(0.001 / number)
        info.context.append(number)
        return list(info.context)


@strawberry.type
class Subscription:
    """What can be watched."""

    @strawberry.subscription
    async def count(self, to: int) -> AsyncGenerator[int, None]:
        for number in range(to):
            yield number
        raise AppError(ErrorCode.NOT_FOUND, "There are no more.")

    @strawberry.subscription
    async def never(self) -> AsyncGenerator[int, None]:
        raise AssertionError("not reached")
        yield 1


SCHEMA = strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription)
DOCUMENTS = Documents(SCHEMA._schema)


def prepared(document: str, **variables: Any) -> Prepared:
    """Make an operation of the schema above ready."""
    return DOCUMENTS.prepare(OperationRequest(document, variables, None, {"a": 1}))


def test_what_awaits_nothing_is_answered_at_once() -> None:
    result = execute(prepared("query ($n: Int!) { now(by: $n) n: now }", n=3), None)
    assert result == ExecutionResult({"now": 3, "n": 1}, None)


async def test_extensions_reach_the_resolvers() -> None:
    result = execute(prepared("{ later now }"), None)
    assert not isinstance(result, ExecutionResult)
    assert await result == ExecutionResult({"later": {"a": 1}, "now": 1}, None)


async def test_mutations_run_one_behind_the_other() -> None:
    running = execute(prepared("mutation { a: add(number: 1) b: add(number: 9) }"), [])
    assert not isinstance(running, ExecutionResult)
    assert (await running).data == {"a": [1], "b": [1, 9]}


async def test_each_event_is_executed_by_itself() -> None:
    counting = prepared("subscription ($to: Int!) { n: count(to: $to) }", to=3)
    seen, ended = [], None
    try:
        async for event in await source(counting, None):
            seen.append(execute(counting, None, event))
    except AppError as error:
        ended = failure(error)
    assert seen == [ExecutionResult({"n": number}, None) for number in range(3)]
    assert ended is not None
    assert json.loads(encoded_errors([ended])) == [
        {"message": "There are no more.", "extensions": {"code": "NOT_FOUND"}}
    ]
    # What is memoised for an operation does not grow with its events.
    assert len(counting.fields.below) == 0


def test_an_internal_error_is_masked() -> None:
    result = execute(prepared("{ broken now }"), None)
    assert isinstance(result, ExecutionResult)
    answer = json.loads(encoded(result))
    assert answer["data"] == {"broken": None, "now": 1}
    (error,) = answer["errors"]
    assert error["message"] == "Something went wrong on our side."
    assert error["path"] == ["broken"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret" not in json.dumps(answer)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("好", '"好"'),
        ("\ud800", '"\\ud800"'),
        (2**70, str(2**70)),
        (math.nan, "null"),
        ({"a": [1.5, True, None]}, '{"a":[1.5,true,null]}'),
    ],
)
def test_what_json_can_say_is_sent(value: Any, sent: str) -> None:
    body = encoded(ExecutionResult({"x": value}, None))
    assert body == f'{{"data":{{"x":{sent}}}}}'.encode()


def _deep() -> list[Any]:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    return deep


@pytest.mark.parametrize("value", [object(), {1: object()}, _deep(), [2**70, object()]])
def test_what_json_cannot_say_is_an_internal_error(value: Any) -> None:
    answer = json.loads(encoded(ExecutionResult({"x": value}, None)))
    assert answer["data"] is None
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"


def test_an_errors_text_may_hold_half_a_pair() -> None:
    body = encoded_errors([GraphQLError("\ud800")])
    assert json.loads(body)[0]["message"] == "\ud800"


@pytest.fixture
def short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rest behind every 500 fields."""
    monkeypatch.setattr(lists, "SLICE", 500)


@pytest.mark.usefixtures("short_slices")
async def test_a_long_list_lets_others_through() -> None:
    turns: list[int] = []

    async def other() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    long = prepared("{ rows { number text } }")
    whole = execute(long, None, Rows(1000))
    assert not isinstance(whole, ExecutionResult)
    beside = asyncio.create_task(other())
    result = await whole
    beside.cancel()
    assert result.data is not None
    assert result.data["rows"][999] == {"number": 999, "text": "999"}
    # 2000 fields in slices of 500: three rests between them.
    assert len(turns) == 3


@pytest.mark.usefixtures("short_slices")
async def test_a_short_list_is_completed_at_once() -> None:
    result = execute(prepared("{ rows { number text } }"), None, Rows(250))
    assert isinstance(result, ExecutionResult)
    assert result.data is not None
    assert len(result.data["rows"]) == 250


def test_plain_rows_never_go_the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    went: list[int] = []
    long_way = lists.ListRun._long_way

    def counted(run: lists.ListRun, index: int, item: Any) -> bool:
        went.append(index)
        return long_way(run, index, item)

    monkeypatch.setattr(lists.ListRun, "_long_way", counted)
    rows = Rows(5)
    rows.rows[3].number = "3"  # type: ignore[assignment]
    result = execute(prepared("{ rows { n: number text __typename } }"), None, rows)
    assert isinstance(result, ExecutionResult)
    assert result.data is not None
    assert [row["n"] for row in result.data["rows"]] == [0, 1, 2, 3, 4]
    assert went == [3]
