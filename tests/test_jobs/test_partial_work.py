"""A parse that dies half way: what its second run leaves, and what is swept."""

import asyncio
import signal
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import scratch
from core.base import utc_now
from core.database_async import Database
from core.scratch import Scratch
from core.storage import Storage
from events.log import EventLog
from events.subjects import job_filter
from features.files.sweeping import ObjectSweeper
from features.jobs.reading import JobRowsService
from tests.client import Client
from tests.integration.designs import noisy_design
from tests.integration.gateway import Gateway
from tests.integration.pictures import (
    DOCUMENT,
    check_picture,
    check_preview,
    document_of,
)
from tests.integration.watching import JOB_EVENTS, Subscriber, numbers
from tests.programs import PATIENCE_SECONDS, Program, frozen, parsers, send
from tests.test_jobs.plant import Site, until

LAYERS = 80  # so many that none is done when a viewer has seen HALF
SIDE = 400
HALF = 25
BREAK_SECONDS = 5.0  # after which the viewer's socket breaks, and the next goes on
OBJECTS = 2 * (LAYERS + 1)  # each layer and the whole: a picture and a preview
UPLOADS = ("files+", "uploads+")

type Fault = Callable[[Program], None]


def killed(worker: Program) -> None:
    """Kill the worker with all that it has started."""
    worker.kill()


def bereft(worker: Program) -> None:
    """Kill the processes that parse, and nothing else."""
    send(parsers(worker.popen.pid), signal.SIGKILL)


def stopped(worker: Program) -> None:
    """Ask the worker to stop, and see it gone."""
    worker.terminate()
    assert worker.popen.wait(PATIENCE_SECONDS) == 0


BEGIN = ["JobQueued", "JobStarted"]
STORIES: dict[str, tuple[list[Fault], list[str]]] = {
    "killed": ([killed], ["JobRetrying", "JobStarted"]),
    "bereft": ([bereft], ["JobRetrying", "JobStarted"]),
    "stopped": ([stopped], ["JobStarted"]),
    "all": (
        [stopped, killed, stopped, bereft],
        ["JobStarted", "JobRetrying", "JobStarted"] * 2,
    ),
}


@pytest.fixture(scope="module")
def design(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw the design."""
    path = tmp_path_factory.mktemp("noisy") / "noisy.psd"
    return noisy_design(path, LAYERS, SIDE)


@pytest.mark.parametrize("story", STORIES)
async def test_what_dies_half_way_is_done_once(
    site: Site, gate: Gateway, yard: "Yard", design: Path, story: str
) -> None:
    faults, between = STORIES[story]
    async with Client(gate.base_url) as client:
        started = await client.parse(await client.upload(design), waitMs=0)
        job_id, cursor = started["job"]["id"], started["cursor"]
        viewer = Subscriber(gate.base_url, JOB_EVENTS, id=job_id, after=cursor)
        watching = asyncio.create_task(viewer.watch([BREAK_SECONDS] * 30))
        for claims, fault in enumerate(faults, 1):
            with site.plant.worker() as worker:
                await _half(viewer, claims)
                # A worker that is asked to stop may end its jobs if they are short.
                with frozen(parsers(worker.popen.pid)):
                    await asyncio.to_thread(fault, worker)
                if fault is bereft:
                    await watching
                    await site.queue_empties()  # the end is told before it is acked
        if not watching.done():
            await yard.sweep()
            assert await _shown(client, job_id) >= HALF
            with site.plant.worker():
                await watching
                await site.queue_empties()
        events = watching.result()
        assert _kinds(events) == [*BEGIN, *between, "JobSucceeded"]
        _check_sequence(events)
        assert await _layer_ids(site, job_id) == list(map(_exported, events))
        await _check_layers(site, client, job_id, events)
        await yard.sweep()
        assert await yard.check() == OBJECTS == await site.bench.count("stored_objects")
        assert await _shown(client, job_id) == LAYERS


class Yard:
    """What lies in the store and beside it."""

    def __init__(self, gate: Gateway) -> None:
        self._storage = gate.container.get(Storage)  # type: ignore[type-abstract]
        # So long ago that what is stored now has had its time, a URL's longest life, too.
        grace = {"sweep_grace_seconds": -3 * 3600.0}
        self._sweeper = ObjectSweeper(
            gate.container.get(Database),
            self._storage,
            gate.container.get(JobRowsService),
            gate.settings.model_copy(update=grace),
        )
        self._scratch = Scratch(gate.settings)
        self._data = gate.settings.data_dir

    async def sweep(self) -> None:
        """Do what maintenance does."""
        await self._sweeper.sweep_unnamed()
        await self._sweeper.sweep_expired()
        await self._sweeper.sweep_unrecorded()
        await self._scratch.sweep()
        await self._storage.discard_abandoned(utc_now() + timedelta(seconds=5))

    async def check(self) -> int:
        """Count the results that are stored; nothing but uploads lies beside them."""
        stored = {one.key async for one in self._storage.list("jobs/")}
        files = [path for path in self._data.rglob("*") if path.is_file()]
        names = [path.name for path in files if not path.name.startswith(UPLOADS)]
        assert sorted(names) == sorted(key.replace("/", "+") for key in stored)
        return len(stored)


@pytest.fixture
def yard(gate: Gateway, monkeypatch: pytest.MonkeyPatch) -> Yard:
    """Give the plant's store; what nobody needs may be swept at once."""
    monkeypatch.setattr(scratch, "NEW_SECONDS", -5)
    return Yard(gate)


async def _half(viewer: Subscriber, claims: int) -> None:
    """Wait until the last of so many claims has exported about half of the layers."""

    async def look() -> bool:
        runs = _runs(viewer.seen)
        return len(runs) == claims and sum(map(len, map(_exported, runs[-1]))) >= HALF

    await until(look)


def _runs(events: list[Any]) -> list[list[Any]]:
    """Return the events of each claim."""
    runs: list[list[Any]] = []
    for event in events:
        if event["__typename"] == "JobStarted":
            runs.append([])
        if runs:
            runs[-1].append(event)
    return runs


def _exported(event: Any) -> list[str]:
    """Return the layers that an event names."""
    return [layer["id"] for layer in event.get("layers", ())]


def _kinds(events: list[Any]) -> list[str]:
    """Return the events' types, without those that are more or fewer."""
    kinds = [event["__typename"] for event in events]
    told = ("JobProgressed", "PsdLayersExported", "PsdPreviewReady")
    return [kind for kind in kinds if kind not in told]


def _check_sequence(events: list[Any]) -> None:
    """No hole, nothing twice within a claim, and no step back within an attempt."""
    assert numbers(events) == list(range(1, len(events) + 1))
    for run in _runs(events):
        named = Counter(layer for event in run for layer in _exported(event))
        assert set(named.values()) <= {1}
        kinds = [event["__typename"] for event in run]
        assert kinds.count("PsdPreviewReady") <= 1
    for _, several in groupby(events, lambda event: event["job"]["attempt"]):
        progress = [event["job"]["progress"] for event in several]
        for name in ("fraction", "done"):
            values = [float(one[name]) for one in progress]
            assert values == sorted(values), name


async def _layer_ids(site: Site, job_id: str) -> list[list[str]]:
    """Return the layers that each event names as it was recorded."""
    log = EventLog(site.client)
    return [one.body.layer_ids or [] async for one in log.replay(0, job_filter(job_id))]


async def _check_layers(
    site: Site, client: Client, job_id: str, events: list[Any]
) -> None:
    layers = (await document_of(client, job_id))["layers"]["nodes"]
    assert [layer["index"] for layer in layers] == list(range(LAYERS))
    assert {layer["id"] for layer in layers} == {
        layer for event in events for layer in _exported(event)
    }
    assert await site.bench.count("psd_layers") == LAYERS
    assert await site.bench.count("psd_documents") == 1


async def _shown(client: Client, job_id: str) -> int:
    """Download all pictures that there are; return how many layers have theirs."""
    result = (await client.ask(DOCUMENT, id=job_id))["job"]["result"]
    assert result["layers"]["totalCount"] == LAYERS
    layers = [layer for layer in result["layers"]["nodes"] if layer["image"]]
    async with httpx.AsyncClient() as http:
        for one in layers:
            await check_picture(http, one["image"], (SIDE, SIDE))
            await check_preview(http, one["preview"], (SIDE, SIDE))
    return len(layers)
