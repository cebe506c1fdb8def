"""One socket among many reads nothing any more: what the others and the gateway feel."""

import time
from typing import Final, NamedTuple

from features.jobs.transitions import TEXT_CHARACTERS
from tests.performance.bridge.contenders import Contender, onemanage
from tests.performance.bridge.crowd import Crowd, crowd
from tests.performance.bridge.fanout import WARM_UP, lock_step
from tests.performance.bridge.installation import Installation
from tests.performance.bridge.pace import Pace, percentile, publish, spent
from tests.performance.bridge.table import Line, at_most

PART: Final = "stalled"
SECOND: Final = Pace(20, 20.0)
# The longest that is kept: buffers fill soon.
MESSAGE: Final = "x" * TEXT_CHARACTERS
RECEIVE_BUFFER: Final = 4096
BEFORE_SECONDS: Final = 10
# The contract's 30 s, and what it takes until buffers are full and a clock has ticked.
RELEASED_SECONDS: Final = 45.0
PATIENCE_SECONDS: Final = 60.0


class Watched(NamedTuple):
    """What was seen over some seconds; `grown` is the most memory above the first."""

    latencies: list[float]
    grown: int
    seconds: float


async def measure(place: Installation, sockets: int) -> list[Line]:
    """Measure before one of the sockets stalls, and from then until it is released."""
    async with onemanage(place) as contender, crowd() as sink, crowd() as other:
        server, publisher = contender
        job_ids = [publisher.job_id]
        await sink.subscribe(server.port, job_ids, sockets - 1, publisher.number)
        await other.open(
            server.port,
            job_ids,
            1,
            [publisher.number],
            receive_buffer=RECEIVE_BUFFER,
        )
        await other.is_subscribed(1)
        await lock_step(contender, sink, WARM_UP)
        before = await _watch(contender, sink, other, BEFORE_SECONDS)
        other.stall(1)
        during = await _watch(contender, sink, other, PATIENCE_SECONDS)
        await sink.leave()
        return _lines(sockets - 1, before, during, bool(other.aborted))


async def _watch(
    contender: Contender, sink: Crowd, other: Crowd, seconds: float
) -> Watched:
    """Publish until the stalled socket is cut off, or for that long."""
    server, publisher = contender
    began, memory = time.monotonic(), server.memory()
    await sink.arrivals()
    found: list[float] = []
    grown = 0
    while not other.aborted and time.monotonic() - began < seconds:
        await publisher.prepare(SECOND.events, MESSAGE)
        sent = await publish(publisher, SECOND)
        await sink.reach(publisher.number)
        found += spent(sent, await sink.arrivals())
        grown = max(grown, server.memory() - memory)
    return Watched(sorted(found), grown, time.monotonic() - began)


def _growth(when: str, seen: Watched) -> Line:
    """Tell of all that grows; the gateway's ring of recent events does, too."""
    return Line(
        PART,
        f"the gateway's memory grows, {when}",
        seen.grown / seen.seconds / 1000,
        "KB/s",
    )


def _lines(others: int, before: Watched, during: Watched, released: bool) -> list[Line]:
    without, beside = (percentile(seen.latencies, 99) for seen in (before, during))
    aim = at_most(PART, "released after", during.seconds, "s", RELEASED_SECONDS)
    if not released:
        aim = aim._replace(what="not released for", is_met=False)
    return [
        Line(PART, f"p99 of {others} others, before", without, "ms"),
        Line(PART, f"p99 of {others} others, beside the stalled one", beside, "ms"),
        _growth("before", before),
        _growth("stalled", during),
        aim,
    ]
