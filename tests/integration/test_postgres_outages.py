"""PostgreSQL dies or freezes under a gateway, and comes back: one sequence, no restart."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from core.config import Settings
from core.database_async import GATEWAY_STATEMENT_SECONDS, Database
from core.nats import RelayWaker
from core.outages import OUT_OF_REACH
from events.log import EventLog
from events.schemas import Progress
from events.streams import ensure_streams
from events.subjects import job_filter
from features.jobs.transaction import JobTransactions
from tests import databases
from tests.integration.gateway_process import GatewayProcess, gateway_process
from tests.integration.watchers import DOCUMENT, TRANSPORTS, Watcher
from tests.mortal_postgres import MortalPostgres
from tests.programs import send
from tests.test_events.conftest import connected
from tests.test_jobs.handwork import Handwork
from tests.test_jobs.plant import Plant, until

pytestmark = pytest.mark.timeout(240)

JOBS = {"query": "{ jobs(first: 1) { nodes { id } } }"}
PLACES = {"operations", "subscriptions", "the silence check"}
# Of a machine that has other things to do.
SLACK_SECONDS = 8.0


class Bridge(NamedTuple):
    """One gateway over one PostgreSQL, which tests take away."""

    postgres: MortalPostgres
    plant: Plant
    gateway: GatewayProcess

    @property
    def base_url(self) -> str:
        return self.gateway.base_url


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """Start it all, with a relay."""
    directory = tmp_path_factory.mktemp("bridge")
    postgres = MortalPostgres(directory / "servers")
    postgres.start()
    database_url = asyncio.run(databases.make_migrated(postgres.url, "onemanage_away"))
    plant = Plant(directory, database_url)
    plant.nats.start()
    asyncio.run(_made_streams(plant.nats.url))
    with (
        plant.program("-m", "workers.relay"),
        gateway_process(database_url, plant.nats.url, directory) as gateway,
    ):
        yield Bridge(postgres, plant, gateway)
    plant.nats.stop()
    postgres.stop()


async def _made_streams(url: str) -> None:
    async with connected(url) as client:
        await ensure_streams(client, 1)


@asynccontextmanager
async def _working(bridge: Bridge) -> AsyncIterator[Handwork]:
    database = Database(bridge.plant.database_url)
    async with connected(bridge.plant.nats.url) as client:
        work = Handwork(JobTransactions(database, RelayWaker(client), Settings()))
        await work.begin()
        yield work
    await database.close()


async def _ready(bridge: Bridge) -> None:
    async def look() -> bool:
        async with httpx.AsyncClient(base_url=bridge.base_url, timeout=30) as http:
            try:
                return (await http.get("/readyz")).status_code == 200
            except httpx.TransportError:
                return False

    await until(look)


async def _asked(http: httpx.AsyncClient) -> Any:
    answer = await http.post("/graphql", json=JOBS)
    assert answer.status_code == 200
    return answer.json()


def _told(bridge: Bridge) -> list[str]:
    """Return the messages of all lines that tell of trouble, each of which is whole."""
    return [json.loads(line)["message"] for line in bridge.gateway.troubles()]


def _id_of(answers: list[Any]) -> str:
    """Return the one id that all errors bear."""
    found = set()
    for answer in answers:
        (error,) = answer["errors"]
        assert (error["message"], error["extensions"]["code"]) == (
            OUT_OF_REACH,
            "INTERNAL",
        )
        found.add(error["extensions"]["id"])
    (one,) = found
    return str(one)


class Through:
    """Watches to the end, coming back whenever it is broken off."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        watcher.document = DOCUMENT.replace("id\n", "id\n      retriedAs { id }\n", 1)
        self.broken_off = 0

    async def watch(self, bridge: Bridge, cut: int | None = None) -> "Through":
        """Be cut after so many events at first."""
        if cut is not None:
            assert not await self.watcher.watch(bridge.base_url, cut)
        while True:
            try:
                assert await self.watcher.watch(bridge.base_url)
            except (httpx.RemoteProtocolError, ConnectionClosed):
                self.broken_off += 1
                await asyncio.sleep(0.2)
            else:
                return self


async def _get_on(work: Handwork, steps: int) -> None:
    for _ in range(steps):
        done = work.number
        await work.get_on(Progress(done / 100, "layers", done, 100, None, "on"))


async def test_subscriptions_go_on_behind_an_outage(bridge: Bridge) -> None:
    await _ready(bridge)
    bridge.gateway.forget_log()
    async with _working(bridge) as work:
        await _get_on(work, 3)
        stay = [Through(make(work.job_id, work.cursor)) for make in TRANSPORTS]
        come = [Through(make(work.job_id, work.cursor)) for make in TRANSPORTS]
        late = [Through(make(work.job_id, None)) for make in TRANSPORTS]
        watching = [asyncio.create_task(one.watch(bridge)) for one in stay]
        await asyncio.gather(*(one.watcher.watch(bridge.base_url, 5) for one in come))
        await until(lambda: _have(stay, 5))
        with _without_the_gateway(bridge):
            await _get_on(work, 2)
            await until(lambda: _is_published(bridge, work))
            await asyncio.to_thread(bridge.postgres.kill)
        watching += [asyncio.create_task(one.watch(bridge)) for one in [*come, *late]]
        await until(lambda: _were_broken_off([*stay, *come, *late], 2))
        async with httpx.AsyncClient(base_url=bridge.base_url) as http:
            episode = _id_of([await _asked(http) for _ in range(5)])
        told = [line.partition(": ")[0] for line in _told(bridge)]
        await bridge.postgres.restart()
        await _get_on(work, 3)
        await work.end()
        await asyncio.gather(*watching)
    for one in [*stay, *come]:
        assert one.watcher.numbers == list(range(1, 12))
    for one in late:
        opening, *_ = one.watcher.events
        assert opening["__typename"] == "JobSnapshot"
        first, *rest = one.watcher.numbers
        assert rest == list(range(first + 1, 12))
    places = [line.removeprefix(f"{episode} out of reach, ") for line in told]
    assert len(places) == len(set(places))
    assert {"operations", "subscriptions"} <= set(places) <= PLACES


@contextmanager
def _without_the_gateway(bridge: Bridge) -> Iterator[None]:
    """Freeze the gateway for the block."""
    send(bridge.gateway.program.tree(), signal.SIGSTOP)
    try:
        yield
    finally:
        send(bridge.gateway.program.tree(), signal.SIGCONT)


async def _is_published(bridge: Bridge, work: Handwork) -> bool:
    async with connected(bridge.plant.nats.url) as client:
        found = [
            one async for one in EventLog(client).replay(0, job_filter(work.job_id))
        ]
    return len(found) == work.number


async def _have(watchers: list[Through], count: int) -> bool:
    return all(len(one.watcher.payloads) >= count for one in watchers)


async def _were_broken_off(watchers: list[Through], times: int) -> bool:
    return all(one.broken_off >= times for one in watchers)


async def test_a_frozen_database_holds_nobody_up_for_long(bridge: Bridge) -> None:
    await _ready(bridge)
    bridge.gateway.forget_log()
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=bridge.base_url, timeout=120, limits=limits
    ) as http:
        await asyncio.gather(*(_asked(http) for _ in range(40)))
        waited: list[float] = []

        async def timed() -> Any:
            since = time.monotonic()
            answer = await _asked(http)
            waited.append(time.monotonic() - since)
            return answer

        with bridge.postgres.frozen():
            answers = await asyncio.gather(*(timed() for _ in range(40)))
            answers += await asyncio.gather(*(timed() for _ in range(40)))
        assert len(answers) == 80
        episode = _id_of(answers)
        assert max(waited) < GATEWAY_STATEMENT_SECONDS + SLACK_SECONDS
        again = await asyncio.gather(*(_asked(http) for _ in range(40)))
    assert ["errors" in answer for answer in again] == [False] * 40
    assert [line.partition(": ")[0] for line in _told(bridge)] == [
        f"{episode} out of reach, operations"
    ]
    assert bridge.gateway.program.popen.poll() is None
