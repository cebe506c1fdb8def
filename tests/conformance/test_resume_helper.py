"""Clients with web/resume see whole sequences while their gateways are killed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from events.cursor import decode_cursor
from tests.client import Client
from tests.conformance.watchers import JOB_EVENTS, Gateway, Watched, Watcher
from tests.integration.designs import noisy_design
from tests.programs import frozen, parsers
from tests.running import Running

CLIENTS: Final = ("graphql-ws", "apollo", "urql", "graphql-sse")
JOBS: Final = 2
LAYERS: Final = 60
SIDE: Final = 400
KILLS: Final = 3


class Seen(NamedTuple):
    """What the clients saw, and what there was to see; by job, in order."""

    watchers: dict[str, Watcher]
    truth: dict[str, list[Any]]


@pytest.fixture(scope="module")
def design(running: Running, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Upload a design whose parse outlasts a gateway's start; give the file's id."""
    path = noisy_design(
        tmp_path_factory.mktemp("design") / "long.psd", layers=LAYERS, side=SIDE
    )
    return asyncio.run(_uploaded(running, path))


async def _uploaded(running: Running, path: Path) -> str:
    async with Client(running.base_url) as client:
        return await client.upload(path)


class Scene(NamedTuple):
    """Clients that watch jobs, whose parses stand still while a gateway is killed."""

    running: Running
    client: Client
    file_id: str
    watchers: list[Watcher]
    jobs: list[Watched]

    async def cut(self, gateway: Gateway, *, start: bool) -> None:
        """Kill a gateway below new jobs, maybe start it; wait for its clients."""
        await self._begin_jobs()
        await self._have_seen(self.watchers[:1])
        with frozen(parsers(self.running.supervisor.pid)):
            await self._have_seen(self.watchers)
            self._check_that_jobs_run()
            cut = [
                one for one in self.watchers if one.gateways[-1] == gateway.socket_url
            ]
            before = [len(watcher.gateways) for watcher in cut]
            gateway.kill()
        if start:
            await gateway.start()
        for watcher, connections in zip(cut, before, strict=True):
            await watcher.until(lambda w: len(w.gateways) > connections)

    async def _begin_jobs(self) -> None:
        """Start jobs, and let each client watch them."""
        for _ in range(JOBS):
            started = await self.client.parse(self.file_id, waitMs=0)
            job = Watched(started["job"]["id"], started["cursor"])
            self.jobs.append(job)
            for watcher in self.watchers:
                watcher.watch(job)

    async def _have_seen(self, watchers: list[Watcher]) -> None:
        """Wait until each of these has seen the first of each of the newest jobs."""
        fresh = {job.id for job in self.jobs[-JOBS:]}
        for watcher in watchers:
            await watcher.until(lambda w: all(len(w.events[id]) > 2 for id in fresh))

    def _check_that_jobs_run(self) -> None:
        fresh = {job.id for job in self.jobs[-JOBS:]}
        for watcher in self.watchers:
            assert not fresh <= set(watcher.completed), "the jobs are too short"

    async def truth(self) -> dict[str, list[Any]]:
        """Return the events of each job, as one connection without cuts shows them."""
        return {job.id: await self._events(job) for job in self.jobs}

    async def _events(self, job: Watched) -> list[Any]:
        events = self.client.subscribe(JOB_EVENTS, id=job.id, after=job.after)
        return [data["watched"] async for data in events]


@asynccontextmanager
async def watching(
    running: Running, design: str, gateways: list[Gateway]
) -> AsyncIterator[Scene]:
    """Let every client watch while the body kills gateways."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(Client(running.base_url))
        for gateway in gateways:
            stack.callback(gateway.kill)
            await gateway.start()
        watchers = [Watcher(name) for name in CLIENTS]
        for watcher in watchers:
            stack.push_async_callback(watcher.stop)
            await watcher.start([one.socket_url for one in gateways])
        yield Scene(running, client, design, watchers, [])


async def _one_gateway(running: Running, design: str, log: Path) -> Seen:
    gateway = Gateway(running, log)
    async with watching(running, design, [gateway]) as scene:
        for _ in range(KILLS):
            await scene.cut(gateway, start=True)
        return await _seen(scene)


async def _two_gateways(running: Running, design: str, log: Path) -> Seen:
    first, second = Gateway(running, log), Gateway(running, log)
    async with watching(running, design, [first, second]) as scene:
        await scene.cut(first, start=False)
        await first.start()
        await scene.cut(second, start=False)
        return await _seen(scene)


async def _seen(scene: Scene) -> Seen:
    await asyncio.gather(*(watcher.ends() for watcher in scene.watchers))
    watchers = {watcher.name: watcher for watcher in scene.watchers}
    return Seen(watchers, await scene.truth())


@pytest.fixture(scope="module", params=[_one_gateway, _two_gateways])
def seen(
    request: pytest.FixtureRequest,
    running: Running,
    design: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Seen:
    """Let one gateway be killed again and again, or two in turn."""
    log = tmp_path_factory.mktemp("logs") / "gateway.log"
    scene: Seen = asyncio.run(request.param(running, design, log))
    return scene


@pytest.mark.parametrize("name", CLIENTS)
def test_each_event_is_seen_once_and_in_order(seen: Seen, name: str) -> None:
    watcher = seen.watchers[name]
    for job, events in seen.truth.items():
        assert watcher.events[job] == events
    assert sorted(watcher.completed) == sorted(seen.truth)
    for events in watcher.events.values():
        numbers = [decode_cursor(event["cursor"]).job_seq for event in events]
        assert numbers == list(range(1, len(events) + 1))
        assert events[0]["__typename"] == "JobQueued"
        assert events[-1]["__typename"] == "JobSucceeded"


@pytest.mark.parametrize("name", CLIENTS)
def test_the_connection_was_made_anew(seen: Seen, name: str) -> None:
    gateways = seen.watchers[name].gateways
    assert len(gateways) > KILLS or len(set(gateways)) == 2
