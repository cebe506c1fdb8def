"""Events at a set rate, and how long each took to its sockets."""

import asyncio
import time
from array import array
from collections.abc import Sequence
from typing import Final, NamedTuple

from tests.performance.bridge.crowd import Crowd
from tests.performance.bridge.publishing import Publisher

MILLISECONDS: Final = 1000.0


class Pace(NamedTuple):
    """So many events, so many a second."""

    events: int
    a_second: float


async def publish(publisher: Publisher, pace: Pace) -> dict[int, float]:
    """Publish what is prepared; return when (`time.monotonic`) each number was sent."""
    sent = {}
    began = time.monotonic()
    for place in range(pace.events):
        due = began + place / pace.a_second
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        moment = time.monotonic()
        await publisher.publish()
        sent[publisher.number] = moment
    return sent


async def latencies(publisher: Publisher, sink: Crowd, pace: Pace) -> list[float]:
    """Return the milliseconds from each event's publication to each of its receipts."""
    await publisher.prepare(pace.events)
    await sink.arrivals()
    sent = await publish(publisher, pace)
    await sink.reach(publisher.number)
    return spent(sent, await sink.arrivals())


def spent(sent: dict[int, float], arrivals: dict[int, array[float]]) -> list[float]:
    """Return, sorted, how many milliseconds each receipt came behind its sending."""
    return sorted(
        MILLISECONDS * (moment - sent[number])
        for number, moments in arrivals.items()
        for moment in moments
    )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the smallest value that so many per cent of the sorted values reach."""
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(int(rank), 1) - 1]
