"""How many tasks a second stock taskiq-nats does, end to end."""

import asyncio
import importlib
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from taskiq_nats import PullBasedJetStreamBroker

from tests.performance import stock_worker
from tests.programs import Program
from tests.running import ROOT
from workers.embedded.nats import NatsServer

AT_ONCE = 100


@asynccontextmanager
async def stock(
    directory: Path, nats: NatsServer, workers: int, at_once: int, *, results: bool
) -> AsyncIterator["Stock"]:
    """Run workers until the block's end; with `results` they are stored, too."""
    done = directory / f"done-{time.monotonic_ns()}"
    done.touch()
    given = {"STOCK_NATS_URL": nats.url, "STOCK_DONE_FILE": str(done)}
    given |= {"STOCK_RESULTS": "1"} if results else {}
    env = {**os.environ, **given, "PYTHONPATH": str(ROOT)}
    script = str(Path(sys.executable).parent / "taskiq")
    argv = [sys.executable, script, "worker", "tests.performance.stock_worker:broker"]
    argv += ["--workers", "1", "--max-async-tasks", str(at_once)]
    argv += ["--log-level", "WARNING"]
    programs = [Program(argv, env, directory / "stock.log") for _ in range(workers)]
    os.environ |= given
    broker = importlib.reload(stock_worker).broker
    await broker.startup()
    try:
        running = Stock(broker, done, results)
        await running.measure(workers * at_once)  # until all are at work
        yield running
    finally:
        await broker.shutdown()
        for program in programs:
            program.kill()
        for name in given:
            del os.environ[name]


class Stock:
    """Stock workers that are at work."""

    def __init__(
        self, broker: PullBasedJetStreamBroker, done: Path, results: bool
    ) -> None:
        self._broker = broker
        self._done = done
        self._results = results

    async def measure(self, count: int) -> float:
        """Enqueue so many tasks; return how many a second have run, end to end."""
        before = self._done.stat().st_size
        began = time.monotonic()
        numbers = iter(range(count))

        async def client() -> None:
            for _ in numbers:
                await self._one()

        await asyncio.gather(*(client() for _ in range(AT_ONCE)))
        while self._done.stat().st_size < before + count:
            await asyncio.sleep(0.005)
        assert self._done.stat().st_size == before + count, "a task ran twice"
        return count / (time.monotonic() - began)

    async def _one(self) -> None:
        task = self._broker.find_task("nothing")
        assert task is not None
        sent = await task.kiq()
        if self._results:
            await sent.wait_result(check_interval=0.05, timeout=60)
