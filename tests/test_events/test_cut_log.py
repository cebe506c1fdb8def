"""A log that loses its end while a reader is farther in it than the hub: a gap."""

import asyncio
import random
from collections.abc import Callable, Coroutine

import pytest

from core.base import utc_now
from events.cursor import EventCursor
from events.live.hub import Hub
from tests.test_events.bodies import Rows
from tests.test_events.log_server import LogServer, connect
from tests.test_events.reading import feed, job_feed
from tests.test_events.virtual_time import VirtualLoop


class Cut:
    """A log whose end a hub does not see, neither as it was nor as it becomes."""

    def __init__(self) -> None:
        self.server = LogServer(random.Random(1))
        self.rows = Rows()
        self.hub = Hub(connect(self.server), self.rows)
        self.job = self.rows.add()
        self.other = self.rows.add()

    async def start(self) -> None:
        """Have the hub stand at the job's first event, and hear nothing for a while."""
        self.store(self.job, 1)
        await self.hub.start()
        await asyncio.sleep(1)
        self.server.restart()
        self.store(self.job, 2)

    def store(self, job: str, count: int) -> None:
        """Have so many things happen to a job."""
        for _ in range(count):
            self.server.append(self.rows.emit(job))
        self.rows.outbox.clear()

    async def cut(self) -> None:
        """Lose what only readers of the log have seen; other things happen then."""
        assert self.hub.mark.sequence == 1
        self.server.lose_tail(2)
        self.store(self.other, 3)
        await asyncio.sleep(10)
        assert self.hub.mark.sequence == 4


async def events() -> None:
    world = Cut()
    await world.start()
    reading = feed(world.hub, after=EventCursor(utc_now(), None))
    before = ["gap", *((world.job, number) for number in (1, 2, 3))]
    assert await reading.reaches(4) == before
    await world.cut()

    assert reading.told[4:] == [
        "gap",
        (world.job, 1),
        *((world.other, number) for number in (1, 2, 3)),
    ]
    await reading.drop()
    await world.hub.close()


async def job_feeds() -> None:
    world = Cut()
    await world.start()
    reading = job_feed(world.hub, world.rows, EventCursor(utc_now(), None))
    before = [(world.job, "gap 3"), (world.job, "snapshot 3")]
    nothing = [(world.other, "gap 0"), (world.other, "snapshot 0")]
    assert await reading.reaches(4) == [*before, *nothing]
    await world.cut()

    assert reading.told[4:] == [
        *before,
        (world.other, "gap 3"),
        (world.other, "snapshot 3"),
    ]
    await reading.drop()
    await world.hub.close()


@pytest.mark.parametrize("told", [events, job_feeds])
def test_a_feed_ahead_of_its_hub_notices_that_the_log_was_cut(
    told: Callable[[], Coroutine[None, None, None]],
) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(told())
