"""Everything twice on a cluster of three, whose leaders are killed and frozen."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from nats.aio.client import Client

from core.container import Container
from core.database_async import Database
from core.task_queue import TaskPriority
from events.consumer import EventHandler, HandlerLoop
from events.schemas import EventBody
from events.subjects import EVENTS, TASKS
from tests.test_cluster.gateways import Gateway, Subscriber, gateways
from tests.test_cluster.nodes import Cluster, Node, Overseer
from tests.test_events.conftest import connected
from tests.test_events.happening import words
from tests.test_events.outboxes import numbers
from tests.test_jobs.plant import Plant, Site, until


class Load:
    """Jobs that are started for as long as the load is on, each watched twice."""

    def __init__(self, site: Site, served_by: list[Gateway]) -> None:
        self.subscribers: list[Subscriber] = []
        self._site = site
        self._gateways = served_by
        self._is_on = True
        self._starting = asyncio.create_task(self._start_jobs())

    async def _start_jobs(self) -> None:
        notes = str(self._site.plant.notes_file)
        while self._is_on:
            for gateway in self._gateways:
                cursor = await gateway.start("tests.sleep", notes, 0.5)
                for others in (self._gateways, self._gateways[::-1]):
                    self.subscribers.append(Subscriber(others, cursor))
                await asyncio.sleep(0.3)

    @property
    def jobs(self) -> set[str]:
        """The jobs that were started so far."""
        return {one.job_id for one in self.subscribers}

    async def goes_on(self) -> None:
        """Wait until several of the jobs that are started from now on have ended."""
        before = self.jobs

        async def look() -> bool:
            if self._starting.done():
                self._starting.result()
            done = {
                note.job_id for note in self._site.plant.notes() if note.word == "done"
            }
            return len((done & self.jobs) - before) >= 5

        await until(look)

    async def ends(self) -> None:
        """Start no more, and wait until every subscriber has seen its job's end."""
        self._is_on = False
        async with asyncio.timeout(90):
            await self._starting
            await asyncio.gather(*(one.work for one in self.subscribers))


@pytest.fixture
async def site(plant: Plant, client: Client) -> AsyncIterator[Site]:
    """Run two relays, two workers and maintenance."""
    database = Database(plant.database_url)
    with (
        plant.program("-m", "workers.relay"),
        plant.program("-m", "workers.relay"),
        plant.program("-m", "workers.maintenance"),
        plant.worker(),
        plant.worker(),
    ):
        yield Site(plant, database, client)
    await database.close()


@pytest.fixture
async def handled(cluster: Cluster) -> AsyncIterator[Counter[str]]:
    """Run two event consumers; count the events that their handler was given."""
    counts: Counter[str] = Counter()

    async def on_anything_count(body: EventBody, _container: Container) -> None:
        counts[body.event_id] += 1

    handler = EventHandler("events.psd.parse_export.completed.*", on_anything_count)
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(connected(cluster.url)) for _ in range(2)
        ]
        loops = [HandlerLoop(client, Container(), handler) for client in clients]
        work = [asyncio.create_task(loop.run()) for loop in loops]
        yield counts
        for one in work:
            one.cancel()
        await asyncio.gather(*work, return_exceptions=True)


async def test_leaders_are_killed_and_frozen_and_everything_goes_on(
    cluster: Cluster, client: Client, site: Site, handled: Counter[str]
) -> None:
    overseer = Overseer(cluster, client)
    async with gateways(cluster, site.bench.database) as both:
        load = Load(site, both)
        await _ready(overseer, load)
        everything = await overseer.leader(TASKS, TaskPriority.INTERACTIVE.consumer)
        await overseer.gather(everything, EVENTS, TASKS)
        everything.kill()
        await load.goes_on()
        await everything.restart()

        await _ready(overseer, load)
        node = await overseer.leader(TASKS)
        node.kill()
        await load.goes_on()
        await node.restart()

        await _ready(overseer, load)
        node = await overseer.leader(EVENTS)
        node.freeze()
        await _has_another_leader(overseer, node)
        node.thaw()
        await load.goes_on()
        await load.ends()
        await _is_as_it_should(site, client, load, handled)


async def _ready(overseer: Overseer, load: Load) -> None:
    """Wait until another node may be lost: all is replicated, and jobs flow."""
    await overseer.all_is_whole()
    await load.goes_on()


async def _has_another_leader(overseer: Overseer, former: Node) -> None:
    async def look() -> bool:
        return await overseer.leader(EVENTS) is not former

    await until(look)


async def _is_as_it_should(
    site: Site, client: Client, load: Load, handled: Counter[str]
) -> None:
    await site.queue_empties()

    async def outbox_is_empty() -> bool:
        return await site.bench.count("outbox") == 0

    await until(outbox_is_empty)
    stored = await numbers(client)
    assert stored.keys() == load.jobs
    for job_id in load.jobs:
        job = await site.job(job_id)
        assert (job.status, job.attempt, job.claim) == ("SUCCEEDED", 1, 1)
        assert stored[job_id] == list(range(1, job.job_seq + 1))
        assert [n.word for n in site.plant.notes(job_id)] == ["begun", "done"]
    for subscriber in load.subscribers:
        assert subscriber.words == words(1, len(stored[subscriber.job_id]))

    async def all_are_handled() -> bool:
        return len(handled) >= len(load.jobs)

    await until(all_are_handled)
    assert len(handled) == len(load.jobs)
