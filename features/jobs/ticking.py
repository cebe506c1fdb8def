"""Telling how far work is while it waits for something that tells nothing by itself."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from features.jobs.run import JobRun, Report

TICK_SECONDS: Final = 0.3


class Ticker:
    """Reports a run's progress several times a second, whatever the work waits for."""

    def __init__(self, run: JobRun, report: Callable[[], Report]) -> None:
        self._run = run
        self._report = report
        self._ticks: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Report during the block; a claim that is lost ends it with ClaimLost."""
        try:
            async with asyncio.TaskGroup() as group:
                self._ticks = group.create_task(self._tick())
                yield
                await self.stop()
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def stop(self) -> None:
        """Report no more: what comes now is the end."""
        if self._ticks is not None:
            self._ticks.cancel()
            await asyncio.wait({self._ticks})

    async def _tick(self) -> None:
        while True:
            await self._run.progress(self._report())
            await asyncio.sleep(TICK_SECONDS)
