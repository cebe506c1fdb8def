"""The backlog in PostgreSQL, read at most every few seconds, whoever scrapes."""

import asyncio
from typing import Final

from loguru import logger

from core.outages import is_outage, outages
from features.jobs.backlog import Backlog, BacklogService

KEPT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 2.0


class LatestBacklog:
    """Remembers the last answer, and also that there was none."""

    def __init__(self, service: BacklogService) -> None:
        self._service = service
        self._reading = asyncio.Lock()
        self._until = 0.0
        self._found: Backlog | None = None

    async def read(self) -> Backlog | None:
        """Return the backlog of some seconds ago; None: PostgreSQL did not tell."""
        loop = asyncio.get_running_loop()
        async with self._reading:
            if loop.time() >= self._until:
                self._found = await self._read_now()
                self._until = loop.time() + KEPT_SECONDS
            return self._found

    async def _read_now(self) -> Backlog | None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._service.read()
        except Exception as error:
            if is_outage(error):
                outages.met("/metrics", error)
            else:
                logger.warning("the backlog cannot be read: {!r}", error)
            return None
