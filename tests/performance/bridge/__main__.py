"""The event bridge beside others: ``python -m tests.performance.bridge [part …]``.

Fan-out, latency, idle sockets, a reconnect storm and a stalled socket, each with a
gateway as in production, on a PostgreSQL and a nats-server of their own; the sockets
are in a third process. All parts take some five minutes, on a machine that does nothing
else. Of the contenders only OneManage has an event log: the others are told of each
event by a line on their input and send it to their subscribers at once.
"""

import argparse
import asyncio
import os
import resource
import signal
import sys
import tempfile
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from tests.performance.bridge import fanout, idle, latency, stalled, storm
from tests.performance.bridge.installation import Installation, installation
from tests.performance.bridge.table import Line, as_json, shown

type Part = Callable[[Installation, argparse.Namespace], Awaitable[list[Line]]]

PARTS: Final[dict[str, Part]] = {
    "fanout": lambda place, to: fanout.measure(place, to.sockets, to.rounds),
    "latency": lambda place, to: latency.measure(place, to.sockets),
    "idle": lambda place, to: idle.measure(place, to.idle_sockets),
    "storm": lambda place, to: storm.measure(place, to.sockets, to.rounds),
    "stalled": lambda place, to: stalled.measure(place, to.stalled_among),
}


async def measure(directory: Path, asked: argparse.Namespace) -> list[Line]:
    """Run the parts, one after the other."""
    lines = []
    for name in asked.parts or PARTS:
        print(f"{name} …", file=sys.stderr)
        place = directory / name
        place.mkdir()
        async with installation(place) as running:
            lines += await _part(name, running, asked)
    return lines


async def _part(
    name: str, running: Installation, asked: argparse.Namespace
) -> list[Line]:
    try:
        return await PARTS[name](running, asked)
    except Exception as error:  # what the others have found is shown all the same
        traceback.print_exc()
        return [Line(name, "failed", is_met=False, note=repr(error))]


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.performance.bridge")
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--idle-sockets", type=int, default=10_000)
    parser.add_argument("--stalled-among", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print JSON, too")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return asked


def _allow_sockets(count: int) -> None:
    """Raise the limit of open files, for the processes that are started, too."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < count + 1000:
        raise SystemExit(
            f"{count} sockets need more open files than `ulimit -Hn` {most}"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> None:
    """Print the table."""
    asked = _asked()
    _allow_sockets(max(asked.idle_sockets, asked.sockets))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="onemanage-performance-") as scratch:
        lines = asyncio.run(measure(Path(scratch), asked))
    print(f"{os.cpu_count()} cores, load {load:.2f} when it began\n")
    print(shown(lines))
    if asked.json:
        print(as_json(lines))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
