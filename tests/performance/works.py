"""All that a job passes through, on servers of its own, for measuring."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from core.base import new_id
from core.config import Settings
from core.database_async import Database
from core.nats import RelayWaker
from events.live.hub import Hub
from events.recorded import Recorded
from features.jobs.models import JobPriority
from features.jobs.reading import JobRowsService
from features.jobs.services import JobsService
from features.jobs.transaction import JobTransactions
from features.users.models import User
from tests import databases
from tests.performance import tasks
from tests.test_events.conftest import connected
from tests.test_events.noted import Noted
from tests.test_events.reading import running_hub
from tests.test_jobs.bench import asked
from tests.test_jobs.plant import Plant

PLACES = 4
_QUEUED = "events.*.*.queued"


@asynccontextmanager
async def works(
    directory: Path, postgres_url: str, *, workers: int, at_once: int, places: int
) -> AsyncIterator["Works"]:
    """Run a relay and workers until the block's end; a gateway's services are here.

    `at_once` is how many tasks a worker runs, `places` how many jobs a person has.
    """
    url = await databases.make_migrated(postgres_url, new_id("outbox"))
    plant = Plant(directory, url, JOBS_PER_USER=str(places))
    plant.nats.start()
    async with AsyncExitStack() as stack:
        stack.callback(plant.nats.stop)
        stack.enter_context(plant.program("-m", "workers.relay"))
        for _ in range(workers):
            stack.enter_context(plant.worker(tasks.__name__, at_once))
        client = await stack.enter_async_context(connected(plant.nats.url))
        database = Database(url)
        stack.push_async_callback(database.close)
        rows = JobRowsService(database)
        hub = await stack.enter_async_context(running_hub(client, rows))
        settings = Settings(jobs_per_user=places)
        transactions = JobTransactions(database, RelayWaker(client), settings)
        jobs = JobsService(database, transactions, hub)
        running = Works(jobs, hub, database)
        await running.measure(workers * at_once, await running.people(50))
        yield running


class _First(Noted):
    """Hears of the first event."""

    def __init__(self) -> None:
        super().__init__()
        self.came = asyncio.Event()

    def on_event(self, event: Recorded) -> None:
        self.came.set()


class Works:
    """Jobs as a gateway starts them; each call waits for its job's end."""

    def __init__(self, jobs: JobsService, hub: Hub, database: Database) -> None:
        self._jobs = jobs
        self._hub = hub
        self._database = database

    async def people(self, count: int) -> list[str]:
        """Make people; return their ids."""
        ids = [new_id("user") for _ in range(count)]
        async with self._database.transaction() as session:
            for user_id in ids:
                session.add(User(id=user_id, email=f"{user_id}@example.com", name="P"))
        return ids

    async def run(
        self,
        owner_id: str,
        seconds: float = 0.0,
        priority: JobPriority = JobPriority.INTERACTIVE,
    ) -> float:
        """Start a job and wait for its end; return how many seconds that took."""
        began = time.monotonic()
        request = asked(
            task_name=tasks.WAIT,
            input={"seconds": seconds},
            owner_id=owner_id,
            priority=priority,
        )
        started = await self._jobs.start(request, 10_000)
        while not started.job.has_ended:
            started = await self._jobs.wait_for(started, 10_000)
        assert started.job.status == "SUCCEEDED"
        return time.monotonic() - began

    async def first_event(self, owner_id: str) -> float:
        """Start a job; return how many seconds later the hub has its first event."""
        request = asked(task_name=tasks.WAIT, input={"seconds": 0}, owner_id=owner_id)
        first = _First()
        self._hub.watchers.watch_subjects(_QUEUED, first)
        began = time.monotonic()
        starting = asyncio.create_task(self._jobs.start(request, 10_000))
        await first.came.wait()
        took = time.monotonic() - began
        self._hub.watchers.unwatch_subjects(_QUEUED, first)
        await starting
        return took

    async def measure(self, count: int, people: list[str], clients: int = 100) -> float:
        """Run so many jobs that do nothing; return how many a second have ended."""
        numbers = iter(range(count))
        began = time.monotonic()

        async def client() -> None:
            for number in numbers:
                await self.run(people[number % len(people)])

        await asyncio.gather(*(client() for _ in range(clients)))
        return count / (time.monotonic() - began)
