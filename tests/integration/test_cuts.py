"""Whatever breaks, on every transport a client sees one sequence, the same bytes.

Two gateways and a relay as processes, a NATS that is killed and started again while
things happen to a job, and clients whose connections are cut at random places and
opened again at either gateway.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from typing import NamedTuple

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.config import Settings
from core.database_async import Database
from core.nats import RelayWaker
from events.schemas import Progress
from events.streams import ensure_streams
from features.jobs.transaction import JobTransactions
from tests import databases
from tests.integration.watchers import TRANSPORTS, Watcher
from tests.integration.watching import Cut
from tests.test_events.conftest import Mortal, connected
from tests.test_jobs.handwork import Handwork
from tests.test_jobs.plant import Plant, until
from workers.embedded.state import free_port
from workers.supervisor.commands import commands

pytestmark = pytest.mark.timeout(180)

SCHEDULES = settings(
    max_examples=5,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # to shrink an example takes longer than to read it
    suppress_health_check=[HealthCheck.too_slow],
)

# What JSON may write in more than one way.
MESSAGE = '\u00e9 \u2603 " \\ / \u2028'


class Connection(NamedTuple):
    """Which gateway, and where the connection to it breaks."""

    gateway: int
    cut: Cut


class Schedule(NamedTuple):
    """What happens: pauses before the events, and which of them follow NATS' death."""

    pauses: list[float]
    outages: set[int]
    connections: list[list[Connection]]
    late: float


CUT = st.one_of(st.integers(0, 3), st.floats(0.0, 0.5))
CONNECTIONS = st.lists(st.builds(Connection, st.integers(0, 1), CUT), max_size=8)
SCHEDULE = st.builds(
    Schedule,
    pauses=st.lists(st.floats(0.0, 0.15), min_size=8, max_size=24),
    outages=st.sets(st.integers(0, 7), min_size=1, max_size=2),
    connections=st.lists(
        CONNECTIONS, min_size=len(TRANSPORTS), max_size=len(TRANSPORTS)
    ),
    late=st.floats(0.0, 2.0),
)


class Bridge(NamedTuple):
    """What runs: two gateways over one NATS and one database."""

    base_urls: list[str]
    nats: Mortal
    database_url: str


@pytest.fixture(scope="module")
def bridge(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bridge]:
    """Start a relay and two gateways on a NATS that may be killed."""
    directory = tmp_path_factory.mktemp("bridge")
    database_url = asyncio.run(databases.make_migrated(postgres_url, "onemanage_cuts"))
    nats = Mortal(directory / "nats")
    nats.start()
    asyncio.run(_made_streams(nats.url))
    plant = Plant(directory, database_url, nats.url, CONNECTIONS_PER_USER="0")
    with ExitStack() as stack:
        stack.callback(nats.stop)
        stack.enter_context(plant.program("-m", "workers.relay"))
        base_urls = []
        for _ in range(2):
            port = free_port()
            gateway = commands(Settings(port=port))[0]
            assert gateway.name == "gateway"
            stack.enter_context(plant.program(*gateway.argv[1:]))
            base_urls.append(f"http://127.0.0.1:{port}")
        yield Bridge(base_urls, nats, database_url)


async def _made_streams(url: str) -> None:
    async with connected(url) as client:
        await ensure_streams(client, 1)


@asynccontextmanager
async def _begun(bridge: Bridge) -> AsyncIterator[Handwork]:
    database = Database(bridge.database_url)
    async with connected(bridge.nats.url) as client:
        work = Handwork(JobTransactions(database, RelayWaker(client), Settings()))
        await work.begin()
        yield work
    await database.close()


async def _happen(bridge: Bridge, work: Handwork, schedule: Schedule) -> None:
    """Let everything happen that is on the schedule, then the job's end."""
    restart = None
    for number, pause in enumerate(schedule.pauses):
        await asyncio.sleep(pause)
        if number in schedule.outages:
            if restart is not None:
                await restart
            bridge.nats.kill()
            restart = asyncio.create_task(bridge.nats.restart())
        done = work.number
        await work.get_on(Progress(done / 100, "layers", done, 100, None, MESSAGE))
    if restart is not None:
        await restart
    await work.end()


async def _cut(
    bridge: Bridge, watcher: Watcher, connections: list[Connection]
) -> Watcher:
    """Watch over connections that are cut, then over one that is not."""
    for gateway, cut in connections:
        if await watcher.watch(bridge.base_urls[gateway], cut):
            return watcher
    assert await watcher.watch(bridge.base_urls[len(connections) % 2])
    return watcher


async def _later(delay: float, bridge: Bridge, watcher: Watcher) -> Watcher:
    await asyncio.sleep(delay)
    return await _cut(bridge, watcher, [])


async def _serve(bridge: Bridge) -> None:
    async with httpx.AsyncClient() as http:

        async def look() -> bool:
            try:
                answers = [await http.get(f"{url}/readyz") for url in bridge.base_urls]
            except httpx.TransportError:
                return False
            return all(answer.status_code == 200 for answer in answers)

        await until(look)


@SCHEDULES
@given(schedule=SCHEDULE)
async def test_every_transport_shows_one_sequence_whatever_breaks(
    bridge: Bridge, schedule: Schedule
) -> None:
    await _serve(bridge)
    async with _begun(bridge) as work:
        job_id, start = work.job_id, work.cursor
        uncut = [_cut(bridge, make(job_id, start), []) for make in TRANSPORTS]
        cut = [
            _cut(bridge, make(job_id, start), connections)
            for make, connections in zip(TRANSPORTS, schedule.connections, strict=True)
        ]
        late = [
            _later(schedule.late, bridge, make(job_id, None)) for make in TRANSPORTS
        ]
        whole, snapshots, _ = await asyncio.gather(
            asyncio.gather(*uncut, *cut),
            asyncio.gather(*late),
            _happen(bridge, work, schedule),
        )
    whole += [await _cut(bridge, make(job_id, start), []) for make in TRANSPORTS]
    payloads = whole[0].payloads
    for watcher in whole:
        assert watcher.numbers == list(range(1, work.number + 1))
        assert watcher.payloads == payloads
    for watcher in snapshots:
        opening, *_ = watcher.events
        assert opening["__typename"] == "JobSnapshot"
        assert watcher.payloads[1:] == payloads[watcher.numbers[0] :]
