"""Memory: what a socket costs that is subscribed and hears nothing."""

import asyncio
from typing import Final

from tests.performance.bridge.crowd import crowd
from tests.performance.bridge.installation import Installation
from tests.performance.bridge.serving import Server
from tests.performance.bridge.table import Line, at_most

PART: Final = "idle"
WARM_UP: Final = 200
KILOBYTES: Final = 60.0
SETTLING_SECONDS: Final = 1.0
SETTLED_BYTES: Final = 1_000_000


async def measure(place: Installation, sockets: int) -> list[Line]:
    """Measure sockets that all watch one job, and sockets that watch a job each."""
    return [
        await _measure(place, sockets, 1, "all on one job"),
        await _measure(place, sockets, sockets, "each on a job of its own"),
    ]


async def _measure(place: Installation, sockets: int, jobs: int, what: str) -> Line:
    job_ids = await place.add_jobs(jobs)
    async with place.gateway() as server, crowd() as warm_up, crowd() as sink:
        await warm_up.subscribe(server.port, job_ids, WARM_UP, 0)
        before = await settled(server)
        await sink.subscribe(server.port, job_ids, sockets, 0)
        grown = await settled(server) - before
        assert await sink.leave() == 0
    kilobytes = grown / sockets / 1000
    return at_most(PART, f"{sockets} sockets, {what}", kilobytes, "KB", KILOBYTES)


async def settled(server: Server) -> int:
    """Return the memory of a server once it hardly changes any more, in bytes."""
    memory = server.memory()
    while True:
        await asyncio.sleep(SETTLING_SECONDS)
        before, memory = memory, server.memory()
        if abs(memory - before) < SETTLED_BYTES:
            return memory
