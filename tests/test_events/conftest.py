"""Streams for each test anew, on the session's NATS, and a NATS that may be killed."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
from nats.aio.client import Client
from nats.js.errors import NotFoundError, ServerError

from core.config import Settings
from core.nats import connect
from events.live import hub as hubs
from events.live import ring, tail
from events.live.hub import Hub
from events.live.ring import OVERHEAD_BYTES
from events.streams import ensure_streams
from events.subjects import EVENTS, TASKS
from tests.test_events.bodies import Rows
from tests.test_events.reading import running_hub
from workers.embedded.nats import NatsServer


async def fresh_streams(client: Client) -> None:
    """Delete both streams and make them anew, empty."""
    async with asyncio.timeout(10):
        while True:
            await _delete_streams(client)
            try:
                await ensure_streams(client, 1)
            except ServerError:  # the server still removes the old files
                await asyncio.sleep(0.02)
            else:
                info = await client.jetstream(timeout=5).stream_info(EVENTS)
                if not info.state.last_seq:  # else it took up the old files again
                    return


async def _delete_streams(client: Client) -> None:
    for name in (EVENTS, TASKS):
        with suppress(NotFoundError):
            await client.jetstream(timeout=5).delete_stream(name)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Client]:
    """Connect as every process of OneManage does."""
    client = await connect(Settings(nats_url=url), "tests")
    try:
        yield client
    finally:
        await client.close()


@pytest.fixture
async def client(nats_url: str) -> AsyncIterator[Client]:
    """Give a connection to NATS, with both streams empty."""
    async with connected(nats_url) as client:
        await fresh_streams(client)
        yield client


@pytest.fixture(scope="session")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Mortal"]:
    """Start a NATS server that tests may kill and wipe."""
    server = Mortal(tmp_path_factory.mktemp("mortal"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def mortal_client(mortal: "Mortal") -> AsyncIterator[Client]:
    """Give a connection to the NATS that may be killed, with both streams empty."""
    mortal.ensure_runs()
    async with connected(mortal.url) as client:
        await fresh_streams(client)
        yield client


@pytest.fixture
def rows() -> Rows:
    """Give PostgreSQL's part, in memory."""
    return Rows()


@pytest.fixture
async def hub(client: Client, rows: Rows) -> AsyncIterator[Hub]:
    """Give the hub of a gateway that runs."""
    async with running_hub(client, rows) as hub:
        yield hub


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have tail and hub notice silence within half a second."""
    monkeypatch.setattr(tail, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(tail, "SILENCE_SECONDS", 0.5)
    monkeypatch.setattr(tail, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(hubs, "PASSING_SECONDS", 0.5)


def shrink_ring(monkeypatch: pytest.MonkeyPatch, events: int) -> None:
    """Have rings hold about so many events; a client that lags more reads the log."""
    monkeypatch.setattr(ring, "MAX_BYTES", events * (OVERHEAD_BYTES + 700))
    monkeypatch.setattr(hubs, "PREFILLED_EVENTS", events)


class Mortal(NatsServer):
    """A NATS server to be killed, started again, and robbed of its data."""

    def ensure_runs(self) -> None:
        """Start the server where the test before has left it dead."""
        if self.child is None or self.child.poll() is not None:
            self.start()

    def kill(self) -> None:
        """Kill the server as a power cut would."""
        assert self.child is not None
        self.child.kill()
        self.child.wait()

    async def restart(self) -> None:
        """Start the dead server again, without holding up the event loop."""
        self.launch()  # by this thread: the server ends with the thread that starts it
        async with asyncio.timeout(20):
            while not await asyncio.to_thread(self.is_ready):
                await asyncio.sleep(0.02)

    def wipe(self) -> None:
        """Take all data from the dead server."""
        shutil.rmtree(self.directory)
