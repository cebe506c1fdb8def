"""Jobs per second, end to end: ``python -m tests.performance.jobs``.

A job that does nothing, from the call that starts it to the answer that it has ended,
with all guarantees on; beside it stock taskiq-nats, which has none of them: as it is,
and with its own result store, without which nobody learns that a task has ended. All
on the same machine in the same run; every server syncs to the disk as in production.
"""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

import uvloop

from tests.performance.stock import stock
from tests.performance.works import PLACES, works
from workers.embedded.nats import NatsServer
from workers.embedded.postgres import PostgresServer

COUNT: Final = int(os.environ.get("COUNT", "3000"))
AT_ONCE: Final = 50
ROUNDS: Final = 3

type Measure = Callable[[], Awaitable[float]]


async def measure_all(directory: Path) -> None:
    """Print jobs per second with one and with two workers."""
    with ExitStack() as servers:
        postgres = PostgresServer(directory / "postgres")
        nats = NatsServer(directory / "stock")
        for server in (postgres, nats):
            servers.callback(server.stop)
            server.start()
        for workers in (1, 2):
            await _measure(directory / str(workers), postgres.url, nats, workers)


async def _measure(
    directory: Path, postgres_url: str, nats: NatsServer, workers: int
) -> None:
    directory.mkdir()
    print(f"{workers} worker(s), {AT_ONCE} tasks at once in each, {COUNT} jobs a round")
    measures: dict[str, Measure] = {
        "stock, fire and forget": partial(_stock, directory, nats, workers, False),
        "stock with its results": partial(_stock, directory, nats, workers, True),
        "OneManage": partial(_ours, directory, postgres_url, workers),
    }
    found: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(ROUNDS):
        for name, measure in measures.items():
            found[name].append(await measure())
    best = {name: max(rates) for name, rates in found.items()}
    for name, rates in found.items():
        ratio = best["OneManage"] / best[name] if best[name] else float("inf")
        shown = " ".join(f"{rate:.0f}" for rate in rates)
        print(f"  {name:24} {shown} jobs/s; OneManage does {ratio:.2f} times as many")


async def _stock(
    directory: Path, nats: NatsServer, workers: int, results: bool
) -> float:
    async with stock(directory, nats, workers, AT_ONCE, results=results) as running:
        return await running.measure(COUNT // 10 if results else COUNT)


async def _ours(directory: Path, postgres_url: str, workers: int) -> float:
    place = Path(tempfile.mkdtemp(dir=directory))
    async with works(
        place, postgres_url, workers=workers, at_once=AT_ONCE, places=PLACES
    ) as running:
        return await running.measure(COUNT, await running.people(50))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="onemanage-performance-") as scratch:
        uvloop.run(measure_all(Path(scratch)))
