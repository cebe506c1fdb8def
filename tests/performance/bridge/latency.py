"""Latency: from an event's publication to its receipt by each of many sockets."""

from typing import Final

from tests.performance.bridge.contenders import CONTENDERS, ONEMANAGE, RAW
from tests.performance.bridge.crowd import crowd
from tests.performance.bridge.fanout import WARM_UP, lock_step, watched
from tests.performance.bridge.installation import Installation
from tests.performance.bridge.pace import Pace, latencies, percentile
from tests.performance.bridge.table import Line, at_most

PART: Final = "latency"
DELIVERIES_A_SECOND: Final = 4000
SECONDS: Final = 15
P99_MILLISECONDS: Final = 50.0


async def measure(place: Installation, sockets: int) -> list[Line]:
    """Measure the gateway, and the raw broadcast, which shows what the sockets cost."""
    a_second = DELIVERIES_A_SECOND / sockets
    pace = Pace(round(SECONDS * a_second), a_second)
    lines = []
    async with crowd() as sink:
        for name in (ONEMANAGE, RAW):
            async with CONTENDERS[name](place) as contender:
                async with watched(contender, sink, sockets):
                    await lock_step(contender, sink, WARM_UP)
                    found = await latencies(contender.publisher, sink, pace)
            lines += _lines(name, found)
    return lines


def _lines(name: str, found: list[float]) -> list[Line]:
    median, last = (percentile(found, percent) for percent in (50, 99))
    p99 = (
        at_most(PART, f"{name}, p99", last, "ms", P99_MILLISECONDS)
        if name == ONEMANAGE
        else Line(PART, f"{name}, p99", last, "ms")
    )
    return [Line(PART, f"{name}, p50", median, "ms"), p99]
