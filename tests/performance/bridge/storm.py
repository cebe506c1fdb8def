"""A reconnect storm: everybody resumes at once, each from a cursor of its own."""

import time
from contextlib import aclosing
from typing import Final

from core.base import utc_now
from events.cursor import EventCursor, encode_cursor
from tests.client import Client
from tests.performance.bridge.contenders import Contender, onemanage
from tests.performance.bridge.crowd import Crowd, crowd
from tests.performance.bridge.fanout import WARM_UP, lock_step, watched
from tests.performance.bridge.installation import Installation
from tests.performance.bridge.question import JOB_EVENTS
from tests.performance.bridge.table import Line, at_most

PART: Final = "reconnect storm"
MISSED: Final = 5
CPU_SECONDS: Final = 3.0


async def measure(place: Installation, sockets: int, rounds: int) -> list[Line]:
    """Measure until everybody has exactly what it missed, 1 to 5 events of one job."""
    async with onemanage(place) as contender, crowd() as sink:
        async with watched(contender, sink, sockets):
            await lock_step(contender, sink, WARM_UP)
        found = [await _storm(contender, sink, sockets) for _ in range(rounds)]
    cpu, wall = min(found)
    note = "rounds: " + " ".join(f"{seconds:.2f}" for seconds, _ in found)
    served = at_most(PART, f"{sockets} sockets", cpu, "CPU s", CPU_SECONDS)
    return [
        served._replace(note=note),
        Line(PART, f"{sockets} sockets, by the clock", wall, "s"),
    ]


async def _storm(
    contender: Contender, sink: Crowd, sockets: int
) -> tuple[float, float]:
    """Return the seconds of CPU and of the clock until everybody has caught up."""
    server, publisher = contender
    await publisher.prepare(MISSED)
    for _ in range(MISSED):
        await publisher.publish()
    last = publisher.number
    seen = list(range(last - MISSED, last))
    after = await _cursors(contender, seen[0])
    before, began = server.cpu_seconds(), time.monotonic()
    await sink.open(
        server.port, [publisher.job_id], sockets, seen, after, at_once=sockets
    )
    await sink.reach(last)
    spent = server.cpu_seconds() - before, time.monotonic() - began
    await lock_step(contender, sink, 1)  # what came too often would come before this
    missed = sum(last - seen[number % MISSED] for number in range(sockets))
    assert await sink.leave() == missed + sockets
    return spent


async def _cursors(contender: Contender, first: int) -> list[str]:
    """Return the cursors of as many events as are missed, from `first` on."""
    server, publisher = contender
    start = EventCursor(utc_now(), None, publisher.job_id, first - 1)
    found: list[str] = []
    async with Client(f"http://127.0.0.1:{server.port}") as client:
        watching = client.subscribe(
            JOB_EVENTS, id=publisher.job_id, after=encode_cursor(start)
        )
        async with aclosing(watching):
            async for data in watching:
                found.append(data["jobEvents"]["cursor"])
                if len(found) == MISSED:
                    return found
    raise AssertionError("the subscription has ended")
