"""One call that is shared by several processes, as far as they are free."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import Any

from core.processes.pool import ProcessPool


async def share[T](
    pool: ProcessPool,
    function: Callable[..., Iterator[T]],
    helper: Callable[..., Iterator[T]],
    take: Callable[[T], Awaitable[None]],
    *,
    helpers: int,
    result_type: Any,
    timeout: float,
) -> None:
    """Run `function`, and `helper` in up to `helpers` spare processes; `take` all items.

    Helpers start when the function has yielded its first item, which is taken before
    all others; items are taken one at a time. Whatever ends one of the processes, or
    `take`, ends them all and is raised, as `ProcessPool.stream` says.
    """
    turn = asyncio.Lock()

    async def take_all(items: AsyncGenerator[T, None]) -> None:
        async with aclosing(items):
            async for item in items:
                async with turn:
                    await take(item)

    async def lead(group: asyncio.TaskGroup) -> None:
        items = pool.stream(function, result_type=result_type, timeout=timeout)
        async with aclosing(items):
            first = await anext(items, None)
            if first is None:
                return
            async with turn:
                for _ in range(helpers):
                    help = pool.assist(helper, result_type=result_type, timeout=timeout)
                    group.create_task(take_all(help))
                await take(first)
            await take_all(items)

    try:
        async with asyncio.TaskGroup() as group:
            await lead(group)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from errors
