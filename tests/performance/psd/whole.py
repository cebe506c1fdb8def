"""A parse through a whole installation, as its events and its processes tell of it."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psutil

from tests.client import Client

_CHILD: Final = "core.processes.child"
_SAMPLE_SECONDS: Final = 0.1


@dataclass
class Parse:
    """What one parse took; in seconds and bytes.

    `whole` is from the call to the last event at a client, the others are from the
    event that the worker has taken the job, on the database's clock.
    """

    whole: float
    events: list[dict[str, Any]]
    layers: int = field(init=False)
    first_layer: float | None = field(init=False)
    worked: float = field(init=False)

    def __post_init__(self) -> None:
        named = {one["__typename"]: _at(one) for one in reversed(self.events)}
        started = named["JobStarted"]
        exported = named.get("PsdLayersExported")
        self.worked = named["JobSucceeded"] - started
        self.first_layer = exported - started if exported is not None else None
        self.layers = sum(len(one.get("layers", ())) for one in self.events)


async def parse(client: Client, path: Path, *, export: bool = True) -> Parse:
    """Upload a file and follow its parse to the end."""
    file_id = await client.upload(path)
    began = time.perf_counter()
    answer = await client.parse(file_id, exportLayers=export, waitMs=0)
    events = await client.watch(answer["job"]["id"], answer["cursor"])
    return Parse(time.perf_counter() - began, events)


async def peak_memory(worker: psutil.Process, client: Client, path: Path) -> int:
    """Parse a file; return the most that the processes which read it held at once."""
    peak = 0

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, await asyncio.to_thread(_held_by_children, worker))
            await asyncio.sleep(_SAMPLE_SECONDS)

    watching = asyncio.create_task(watch())
    await parse(client, path)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    return peak


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """Return what processes have used so far, those that they reaped included."""
    return sum(sum(one.cpu_times()[:4]) for one in processes if one.is_running())


def _held_by_children(worker: psutil.Process) -> int:
    """Return the proportional set size of the worker's parsing processes."""
    held = 0
    for child in worker.children(recursive=True):
        with suppress(psutil.Error):
            if _CHILD in child.cmdline():
                held += child.memory_full_info().pss
    return held


def _at(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["at"]).timestamp()
