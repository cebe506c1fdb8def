"""Working on several things in one go: what comes while a go is under way waits for it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Final

from core.outages import Outage, is_outage

MOST_AT_ONCE: Final = 64
GATHER_SECONDS: Final = 0.005

type Work[Item, Answer] = Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]]


class Grouping[Item, Answer]:
    """Hands items to `work` as groups, one after the other.

    A single item is worked on at once. Where a group fails as a whole, each of its
    items is tried by itself, so that none suffers from another; where an outage is the
    reason, the group fails, with all that wait behind it, as each would meet the same.
    An answer that is an exception is raised to the item's caller alone.
    """

    def __init__(self, work: Work[Item, Answer | Exception]) -> None:
        self._work = work
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._drain: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> Answer:
        """Return the item's answer; an item that waits is dropped with its caller."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._drain is None or self._drain.done():
            # Nobody's in particular: its log lines are not of the first caller's job.
            self._drain = asyncio.create_task(self._work_on_all(), context=Context())
        return await future

    async def _work_on_all(self) -> None:
        while self._waiting:
            group = self._waiting[:MOST_AT_ONCE]
            del self._waiting[:MOST_AT_ONCE]
            await self._answer(group)
            if self._waiting:
                await asyncio.sleep(GATHER_SECONDS)

    async def _answer(self, group: list[tuple[Item, asyncio.Future[Answer]]]) -> None:
        group = [(item, future) for item, future in group if not future.done()]
        if not group:
            return
        answers: Sequence[Answer | Exception]
        try:
            answers = await self._work([item for item, _ in group])
        except Exception as error:
            if is_outage(error):
                self._fail_all(group, error)
                return
            if len(group) > 1:
                for member in group:
                    await self._answer([member])
                return
            answers = [error]
        except BaseException:
            for _, future in group:
                future.cancel()
            raise
        for (_, future), answer in zip(group, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def _fail_all(
        self, group: list[tuple[Item, asyncio.Future[Answer]]], error: Exception
    ) -> None:
        waiting, self._waiting = [*group, *self._waiting], []
        for _, future in waiting:
            if future.done():
                continue
            if len(waiting) == 1:
                future.set_exception(error)
                return
            # One for each: whoever is raised an exception writes on it.
            outage = Outage(str(error))
            outage.__cause__ = error
            future.set_exception(outage)
