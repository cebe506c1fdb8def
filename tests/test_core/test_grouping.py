"""What comes at once is worked on in one go, each item as if it were alone."""

import asyncio
from collections.abc import Sequence

import pytest

from core.grouping import MOST_AT_ONCE, Grouping
from core.outages import Outage


class Works:
    """Doubles numbers; the groups are noted. Each go waits until it is let through."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.gate = asyncio.Semaphore(0)

    async def __call__(self, items: Sequence[int]) -> list[int | Exception]:
        self.groups.append(list(items))
        await self.gate.acquire()
        if 13 in items:
            raise ArithmeticError(f"a group of {len(items)}")
        return [LookupError("seven") if item == 7 else 2 * item for item in items]

    def let_through(self, goes: int) -> None:
        """Let so many goes end."""
        for _ in range(goes):
            self.gate.release()


async def test_what_comes_meanwhile_is_one_group() -> None:
    works = Works()
    double = Grouping(works)
    first = asyncio.create_task(double(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert works.groups == [[1]]  # it waits for nobody
    others = [asyncio.create_task(double(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    works.let_through(2)
    assert await asyncio.gather(first, *others) == [2, 4, 6, 8]
    assert works.groups == [[1], [2, 3, 4]]


async def test_an_answer_that_is_an_exception_hurts_its_caller_alone() -> None:
    works = Works()
    works.let_through(1)
    double = Grouping(works)
    answers = await asyncio.gather(
        *(double(number) for number in (6, 7, 8)), return_exceptions=True
    )
    assert [answers[0], answers[2]] == [12, 16]
    assert isinstance(answers[1], LookupError)
    assert works.groups == [[6, 7, 8]]


async def test_a_group_that_fails_is_tried_one_by_one() -> None:
    works = Works()
    works.let_through(4)
    double = Grouping(works)
    answers = await asyncio.gather(
        *(double(number) for number in (12, 13, 14)), return_exceptions=True
    )
    assert [answers[0], answers[2]] == [24, 28]
    assert str(answers[1]) == "a group of 1"
    assert works.groups == [[12, 13, 14], [12], [13], [14]]


async def test_an_outage_fails_the_group_and_all_that_wait_at_once() -> None:
    goes: list[int] = []
    away = ConnectionResetError("gone")

    async def work(items: Sequence[int]) -> list[int | Exception]:
        goes.append(len(items))
        await asyncio.sleep(0)
        if len(goes) == 2:
            raise away
        return [*items]

    double = Grouping(work)
    numbers = range(MOST_AT_ONCE + 3)
    first = asyncio.create_task(double(0))
    await asyncio.sleep(0)
    answers = await asyncio.gather(*map(double, numbers), return_exceptions=True)
    assert await first == 0
    assert goes == [1, MOST_AT_ONCE]
    assert {type(answer) for answer in answers} == {Outage}
    assert len({id(answer) for answer in answers}) == len(numbers)
    for answer in answers:
        assert isinstance(answer, Outage) and answer.__cause__ is away
    assert await double(5) == 5  # it goes on


async def test_a_group_is_bounded() -> None:
    works = Works()
    works.let_through(2)
    double = Grouping(works)
    numbers = range(100, 101 + MOST_AT_ONCE)
    answers = await asyncio.gather(*map(double, numbers))
    assert answers == [2 * number for number in numbers]
    assert [len(group) for group in works.groups] == [MOST_AT_ONCE, 1]


async def test_an_item_is_dropped_with_its_caller_while_it_waits() -> None:
    works = Works()
    double = Grouping(works)
    first = asyncio.create_task(double(1))
    await asyncio.sleep(0)
    given_up = asyncio.create_task(double(2))
    third = asyncio.create_task(double(3))
    await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    works.let_through(2)
    assert list(await asyncio.gather(first, third)) == [2, 6]
    assert works.groups == [[1], [3]]


async def test_nobody_waits_for_a_group_that_was_cancelled() -> None:
    async def work(items: Sequence[int]) -> list[int | Exception]:
        raise asyncio.CancelledError

    double = Grouping(work)
    with pytest.raises(asyncio.CancelledError):
        await double(1)
    with pytest.raises(asyncio.CancelledError):
        await double(2)
