"""What two gateways on a cluster do: start jobs, and serve clients that come and go."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from core.config import Settings
from core.database_async import Database
from core.nats import RelayWaker
from events.cursor import EventCursor, decode_cursor
from events.live.hub import Hub
from features.jobs.reading import JobRowsService
from features.jobs.services import JobsService
from features.jobs.transaction import JobTransactions
from tests.test_cluster.nodes import Cluster
from tests.test_events.conftest import connected
from tests.test_events.reading import JobReading, running_hub
from tests.test_jobs.bench import asked


class Gateway(NamedTuple):
    """The parts of a gateway that a job and its clients meet."""

    hub: Hub
    jobs: JobsService
    rows: JobRowsService

    async def start(self, task: str, notes: str, seconds: float) -> EventCursor:
        """Start a job as a mutation does; return the cursor that it answers."""
        given = {"seconds": seconds, "notes": notes}
        started = await self.jobs.start(asked(task_name=task, input=given), 0)
        return decode_cursor(started.cursor)


@asynccontextmanager
async def gateways(
    cluster: Cluster, database: Database
) -> AsyncIterator[list[Gateway]]:
    """Run two gateways, each with a connection of its own."""
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(2):
            client = await stack.enter_async_context(connected(cluster.url))
            rows = JobRowsService(database)
            hub = await stack.enter_async_context(running_hub(client, rows))
            transactions = JobTransactions(database, RelayWaker(client), Settings())
            jobs = JobsService(database, transactions, hub)
            found.append(Gateway(hub, jobs, rows))
        yield found


class Subscriber:
    """Watches a job to its end; its connection breaks, and it resumes elsewhere."""

    def __init__(self, served_by: list[Gateway], after: EventCursor) -> None:
        assert after.job_id is not None
        self.job_id = after.job_id
        self.words: list[str] = []
        self.connections = 0
        self._gateways = served_by
        self.work = asyncio.create_task(self._watch(after))

    async def _watch(self, after: EventCursor) -> None:
        while True:
            gateway = self._gateways[self.connections % len(self._gateways)]
            self.connections += 1
            reading = JobReading(gateway.hub, gateway.rows, self.job_id, after)
            try:
                async with asyncio.timeout(random.uniform(0.5, 5)):
                    await reading.completes(seconds=60)
                return
            except TimeoutError:
                await reading.drop()
            finally:
                self.words += reading.words
                after = reading.cursor if reading.items else after
