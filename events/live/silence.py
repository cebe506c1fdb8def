"""The silence check: what PostgreSQL says was published is held against what was sent.

One statement for all watched jobs; see docs/contract/event-log.md, "Reading".
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Final

import nats.errors
from loguru import logger

from core.outages import is_outage, outages
from events.heads import JobHeads
from events.live.watchers import Watcher, Watchers
from events.log import EventLog

CHECK_SECONDS: Final = 30.0
CHECK_DELAY_SECONDS: Final = 0.02

type Passed = Callable[[int, int], Awaitable[bool]]


class SilenceCheck:
    """Tells watchers where their jobs stand, once the hub has passed the log's end."""

    def __init__(
        self, heads: JobHeads, log: EventLog, watchers: Watchers, passed: Passed
    ) -> None:
        self._heads = heads
        self._log = log
        self._watchers = watchers
        self._passed = passed
        self._wanted = asyncio.Event()
        self._waiting: set[Watcher] = set()
        self._is_for_all = False

    def request(self, watcher: Watcher | None) -> None:
        """Check one watcher soon, or all of them."""
        if watcher is None:
            self._is_for_all = True
        else:
            self._waiting.add(watcher)
        self._wanted.set()

    async def run(self) -> None:
        """Check when asked, and all of them every CHECK_SECONDS."""
        loop = asyncio.get_running_loop()
        due = loop.time() + CHECK_SECONDS
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._wanted.wait()
            if loop.time() >= due or self._is_for_all:
                self._is_for_all = True
                due = loop.time() + CHECK_SECONDS
            await asyncio.sleep(CHECK_DELAY_SECONDS)
            await self._check_safely(self._taken())

    def _taken(self) -> Iterable[Watcher]:
        watchers = self._watchers if self._is_for_all else self._waiting
        self._waiting, self._is_for_all = set(), False
        self._wanted.clear()
        return watchers

    async def _check_safely(self, watchers: Iterable[Watcher]) -> None:
        try:
            await self._check(watchers)
        except (nats.errors.Error, TimeoutError, OSError) as error:
            logger.debug("the silence check waits for NATS: {!r}", error)
        except Exception as error:  # the next check is due
            if is_outage(error):
                outages.met("the silence check", error)
            else:
                logger.warning("the silence check failed: {!r}", error)

    async def _check(self, watchers: Iterable[Watcher]) -> None:
        watched: dict[str, list[Watcher]] = {}
        for watcher in watchers:
            for job_id in watcher.checked_jobs():
                watched.setdefault(job_id, []).append(watcher)
        if not watched:
            return
        heads = await self._heads.heads(list(watched))
        state = await self._log.state()
        if not await self._passed(state.creation, state.last):
            self._again(watched.values())
            return
        for job_id, watching in watched.items():
            for watcher in watching:
                if watcher in self._watchers:
                    watcher.on_head(job_id, heads.get(job_id))

    def _again(self, watched: Iterable[list[Watcher]]) -> None:
        for watching in watched:
            for watcher in watching:
                self.request(watcher)
