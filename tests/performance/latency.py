"""How long a person waits: ``python -m tests.performance.latency``.

A small PSD (two layers of 32 x 32) sent to a whole installation over HTTP, from the
call of `parsePsd` to its answer that holds the result; and the time from the call that
starts a job to its first event in a gateway's hub, the commit included. One after the
other, nothing else at work.
"""

import asyncio
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.client import Client
from tests.integration.designs import noisy_design
from tests.performance.works import PLACES, works
from tests.running import Running
from workers.embedded.postgres import PostgresServer

COUNT: Final = 100


def main(directory: Path) -> None:
    """Print both."""
    running = Running(directory / "whole")
    try:
        print(_line("parsePsd to its answer", asyncio.run(_parses(running, directory))))
    finally:
        running.ask_to_stop(signal.SIGTERM)
    print(
        _line(
            "start, commit and first event in the hub", asyncio.run(_events(directory))
        )
    )


async def _parses(running: Running, directory: Path) -> list[float]:
    design = noisy_design(directory / "small.psd", layers=2, side=32)
    found = []
    async with Client(running.base_url) as client:
        for _ in range(COUNT):
            file_id = await client.upload(design)
            began = time.monotonic()
            answer = await client.parse(file_id, waitMs=10_000)
            found.append(time.monotonic() - began)
            assert answer["job"]["status"] == "SUCCEEDED"
    return found


async def _events(directory: Path) -> list[float]:
    postgres = PostgresServer(directory / "postgres")
    postgres.start()
    try:
        async with works(
            directory, postgres.url, workers=1, at_once=1, places=PLACES
        ) as running:
            (owner_id,) = await running.people(1)
            return [await running.first_event(owner_id) for _ in range(COUNT)]
    finally:
        postgres.stop()


def _line(name: str, seconds: Sequence[float]) -> str:
    ordered = sorted(seconds)
    shown = {
        "best": ordered[0],
        "median": ordered[len(ordered) // 2],
        "p95": ordered[int(len(ordered) * 0.95)],
    }
    figures = ", ".join(f"{key} {1000 * one:.1f} ms" for key, one in shown.items())
    return f"{name}, {len(ordered)} times: {figures}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="onemanage-performance-") as scratch:
        main(Path(scratch))
