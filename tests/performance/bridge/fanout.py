"""Fan-out: how many deliveries a second of the server's CPU is worth."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from statistics import median
from typing import Final

from tests.performance.bridge.contenders import (
    CONTENDERS,
    ONEMANAGE,
    RAW,
    STOCK,
    YOGA,
    Contender,
)
from tests.performance.bridge.crowd import Crowd, crowd
from tests.performance.bridge.installation import Installation
from tests.performance.bridge.table import Line, at_least

PART: Final = "fan-out"
AIMS: Final = {STOCK: 25.0, YOGA: 5.0, RAW: 0.8}
WARM_UP: Final = 5
BATCH: Final = 10
CPU_SECONDS: Final = 2.0


async def measure(place: Installation, sockets: int, rounds: int) -> list[Line]:
    """Measure all contenders in turns; each event waits until all have the one before.

    Every delivery is checked: each socket has each event, once and in order. A ratio is
    the median of the rounds' own ones.
    """
    found: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    async with AsyncExitStack() as stack:
        sink = await stack.enter_async_context(crowd())
        running = {
            name: await stack.enter_async_context(start(place))
            for name, start in CONTENDERS.items()
        }
        for _ in range(rounds):
            for name, contender in running.items():
                found[name].append(await _round(contender, sink, sockets))
    return _lines(found)


@asynccontextmanager
async def watched(
    contender: Contender, sink: Crowd, sockets: int
) -> AsyncIterator[None]:
    """Have sockets watch to the block's end, and count what they have received."""
    server, publisher = contender
    before = publisher.number
    await sink.subscribe(server.port, [publisher.job_id], sockets, before)
    yield
    deliveries = await sink.leave()
    assert deliveries == sockets * (publisher.number - before), deliveries


async def lock_step(contender: Contender, sink: Crowd, count: int) -> None:
    """Publish so many events, each when all sockets have the one before."""
    source = contender.publisher
    await source.prepare(count)
    for _ in range(count):
        await source.publish()
        await sink.reach(source.number)


async def _round(contender: Contender, sink: Crowd, sockets: int) -> float:
    """Return deliveries for each CPU second of the server."""
    server, publisher = contender
    async with watched(contender, sink, sockets):
        await lock_step(contender, sink, WARM_UP)
        before, first = server.cpu_seconds(), publisher.number
        used = 0.0
        while used < CPU_SECONDS:
            await lock_step(contender, sink, BATCH)
            used = server.cpu_seconds() - before
        events = publisher.number - first
    return sockets * events / used


def _lines(found: dict[str, list[float]]) -> list[Line]:
    unit = "deliveries/CPU s"
    lines = [
        Line(PART, name, median(rates), unit, note=_rounds(rates))
        for name, rates in found.items()
    ]
    for name, aim in AIMS.items():
        ratios = [
            ours / theirs
            for ours, theirs in zip(found[ONEMANAGE], found[name], strict=True)
        ]
        lines.append(at_least(PART, f"beside {name}", median(ratios), "times", aim))
    return lines


def _rounds(rates: Sequence[float]) -> str:
    return "rounds: " + " ".join(f"{rate:,.0f}" for rate in rates)
