"""A client that drops and resumes, and judges all that it is given."""

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from typing import Final, Protocol

from events.cursor import EventCursor
from events.heads import JobHead
from events.live.hub import Hub
from events.schemas import JobBody
from tests.test_events.bodies import Rows
from tests.test_events.reading import resumed

LOSSES: Final = 0.15
PACES: Final = (0.0, 0.0, 0.0, 0.01, 0.3)
ROOMS: Final = (1, 3, 1000)
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Violation(AssertionError):
    """A client was shown what the contract forbids."""


class SlowRows(Rows):
    """Rows that take their time, before and behind the reading."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance

    async def _wait(self) -> None:
        await asyncio.sleep(self._chance.choice((0, 0, 0.002, 0.03)))

    async def body(self, job_id: str) -> JobBody | None:
        """Return the row as it stood at some moment of the call."""
        await self._wait()
        job = await super().body(job_id)
        await self._wait()
        return job

    async def heads(self, job_ids: Sequence[str]) -> Mapping[str, JobHead]:
        """Return heads whose numbers were read one after the other."""
        await self._wait()
        rows = {one: self.jobs[one].job_seq for one in job_ids if one in self.jobs}
        await self._wait()
        heads = {
            job_id: JobHead(number, self.first_waiting(job_id))
            for job_id, number in rows.items()
        }
        await self._wait()
        return heads

    async def changed(
        self, owner: str | None, kinds: Sequence[str], since: datetime
    ) -> AsyncIterator[JobBody]:
        """Yield each row as it stood at some moment; all have changed of late."""
        await self._wait()
        async for job in super().changed(owner, kinds, LONG_AGO):
            yield job
            await self._wait()


class HasCursor(Protocol):
    """What a subscription gives."""

    @property
    def cursor(self) -> EventCursor:
        """Where to go on behind it."""


class Viewer[Item: HasCursor](ABC):
    """Watches over many connections, each of which resumes behind the last item.

    `losses` is the chance that the connection breaks behind an item.
    """

    def __init__(self, after: EventCursor | None, is_latest: bool) -> None:
        self.cursor = after
        self.items: list[str] = []
        self.gaps = 0
        self.losses = LOSSES
        self.is_latest = is_latest
        self.is_complete = False
        self._violation: Violation | None = None
        self._connection: asyncio.Task[None] | None = None

    @abstractmethod
    def follow(self, hub: Hub, room: int) -> AsyncGenerator[Item, None]:
        """Subscribe behind the last cursor."""

    @abstractmethod
    def see(self, item: Item) -> None:
        """Judge an item by what came before."""

    @abstractmethod
    def judge_end(self) -> None:
        """Judge what was seen when all has been at rest for long."""

    def see_start(self, hub: Hub) -> None:
        """Note that a connection begins."""

    def see_end(self) -> None:
        """Judge that the subscription says that it is complete."""

    @property
    def is_connected(self) -> bool:
        """True while a subscription runs."""
        return self._connection is not None and not self._connection.done()

    def connect(self, hub: Hub, chance: random.Random) -> None:
        """Subscribe with the last cursor."""
        self.items.append("connect")
        self.see_start(hub)
        self._connection = asyncio.create_task(self._read(hub, chance))

    async def drop(self) -> None:
        """Break the connection wherever it is."""
        assert self._connection is not None
        self._connection.cancel()
        with suppress(asyncio.CancelledError):
            await self._connection
        self.items.append("drop")

    def judge(self) -> None:
        """Raise what the connection has failed with."""
        if self._violation is not None:
            raise self._violation
        if self._connection is not None and self._connection.done():
            if not self._connection.cancelled():
                self._connection.result()

    def must(self, holds: bool, what: str) -> None:
        """Raise Violation unless something holds."""
        if not holds:
            raise Violation(f"{what}: {self.items}")

    async def _read(self, hub: Hub, chance: random.Random) -> None:
        self.cursor = resumed(self.cursor)
        try:
            async with aclosing(self.follow(hub, chance.choice(ROOMS))) as items:
                async for item in items:
                    self.see(item)
                    self.cursor = item.cursor
                    if chance.random() < self.losses:
                        self.items.append("lost")
                        return
                    await asyncio.sleep(chance.choice(PACES))
            self.items.append("complete")
            self.is_complete = True
            self.see_end()
        except Violation as violation:
            self._violation = violation
