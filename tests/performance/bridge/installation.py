"""PostgreSQL, nats-server and gateways of a benchmark's own, as on one machine."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from nats.aio.client import Client

from core.config import Settings
from core.database_async import Database
from core.nats import RelayWaker
from events.placing import Placer
from events.streams import ensure_streams
from features.jobs.transaction import JobTransactions
from tests import databases
from tests.performance.bridge.publishing import JobPublisher
from tests.performance.bridge.serving import Server, serving
from tests.running import settings
from tests.test_events.conftest import connected
from tests.test_jobs.handwork import new_job
from workers.embedded.nats import NatsServer
from workers.embedded.postgres import PostgresServer
from workers.embedded.state import free_port
from workers.supervisor.commands import commands

# The one person who calls opens all the sockets.
CONNECTIONS: Final = "1000000"


class Installation:
    """What the parts of the benchmark share; each has gateways and jobs of its own."""

    def __init__(self, directory: Path, database_url: str, client: Client) -> None:
        self.directory = directory
        self.nats_url = ""
        self._database_url = database_url
        self._database = Database(database_url)
        self._transactions = JobTransactions(
            self._database, RelayWaker(client), Settings()
        )
        self._placer = Placer(client)

    async def start_job(self) -> JobPublisher:
        """Start a job that nobody works on: the benchmark is its worker."""
        job = JobPublisher(self._database, self._transactions, self._placer)
        await job.begin()
        return job

    async def add_jobs(self, count: int) -> list[str]:
        """Store jobs to which nothing happens; return their ids."""
        jobs = [new_job() for _ in range(count)]
        ids = [job.id for job in jobs]
        async with self._database.transaction() as session:
            session.add_all(jobs)
        return ids

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator[Server]:
        """Run a gateway as in production until the block's end."""
        port = free_port()
        env = settings(
            self.directory / "data",
            DATABASE_URL=self._database_url,
            NATS_URL=self.nats_url,
            SECRET_KEY="of the benchmark alone",
            PORT=str(port),
            LOG_LEVEL="WARNING",
            CONNECTIONS_PER_USER=CONNECTIONS,
        )
        (command,) = (
            one for one in commands(Settings(port=port)) if one.name == "gateway"
        )
        with serving(command.argv, port, self.directory / "gateway.log", env) as server:
            await server.listens()
            yield server

    async def close(self) -> None:
        """Let go of the database."""
        await self._database.close()


@asynccontextmanager
async def installation(directory: Path) -> AsyncIterator[Installation]:
    """Run both servers until the block's end."""
    async with AsyncExitStack() as stack:
        postgres, nats = PostgresServer(directory), NatsServer(directory)
        for server in (postgres, nats):
            stack.callback(server.stop)
            server.start()
        url = await databases.make_migrated(postgres.url, "bridge")
        client = await stack.enter_async_context(connected(nats.url))
        await ensure_streams(client, 1)
        found = Installation(directory, url, client)
        found.nats_url = nats.url
        stack.push_async_callback(found.close)
        yield found
