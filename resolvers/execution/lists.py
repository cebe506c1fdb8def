"""Completing a list of objects without holding everybody else up."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from graphql import GraphQLOutputType, GraphQLResolveInfo
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor import collect_iterator_awaitables
from graphql.pyutils import Path, gather_with_cancel

from resolvers.execution.leaves import UNUSUAL
from resolvers.execution.plans import ObjectPlan

# How many plain fields are completed before others have their turn: some 2 ms.
SLICE: Final = 5000


class ListRun:
    """One list on its way: what graphql-core's `complete_iterable_value` does with it."""

    def __init__(
        self,
        executor: Executor[None],
        plan: ObjectPlan,
        item_type: GraphQLOutputType,
        details: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Sequence[Any],
    ) -> None:
        self._executor = executor
        self._plan = plan
        self._item = (item_type, details, info)
        self._path = path
        self._items = items
        self._results: list[Any] = []
        self._awaited: list[int] = []

    def complete(self) -> Any:
        """Return the completed list, or an awaitable of it."""
        length = max(1, SLICE // max(1, self._plan.weight))
        if len(self._items) > length:
            return self._in_slices(length)
        self._slice(0, len(self._items))
        return self._all() if self._awaited else self._results

    async def _in_slices(self, length: int) -> list[Any]:
        for start in range(0, len(self._items), length):
            if start:
                try:
                    await asyncio.sleep(0)
                except asyncio.CancelledError:
                    self._abandon(self._items[start:])
                    raise
            self._slice(start, start + length)
        return await self._all() if self._awaited else self._results

    def _slice(self, start: int, stop: int) -> None:
        build, append = self._plan.build, self._results.append
        is_plain = self._plan.is_plain
        try:
            for index, item in enumerate(self._items[start:stop], start):
                data = build(item) if is_plain else UNUSUAL
                if data is not UNUSUAL:
                    append(data)
                elif self._long_way(index, item):
                    self._awaited.append(index)
        except Exception:
            self._abandon(self._items[len(self._results) + 1 :])
            raise

    def _long_way(self, index: int, item: Any) -> bool:
        """Complete an item as graphql-core does; tell whether it has to be awaited."""
        executor, path = self._executor, self._path.add_key(index, None)
        if executor.is_awaitable(item):
            self._results.append(
                executor.complete_awaitable_list_item_value(
                    item, *self._item, path, None
                )
            )
            return True
        return executor.complete_list_item_value(
            item, self._results, *self._item, path, None
        )

    async def _all(self) -> list[Any]:
        results, awaited = self._results, self._awaited
        if len(awaited) == 1:
            results[awaited[0]] = await results[awaited[0]]
            return results
        done = await gather_with_cancel(*(results[index] for index in awaited))
        for index, result in zip(awaited, done, strict=True):
            results[index] = result
        return results

    def _abandon(self, rest: Sequence[Any]) -> None:
        """Let what was begun settle, as nobody will await it."""
        left = [self._results[index] for index in self._awaited]
        left += collect_iterator_awaitables(iter(rest), self._executor.is_awaitable)
        if left:
            self._executor.settle_in_background(left)
