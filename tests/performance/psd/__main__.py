"""A large PSD through OneManage, beside libraries: ``python -m tests.performance.psd``.

A shop's page of 200 layers is made, its layers are encoded one by one with psd-tools
and Pillow, it is composed by psd-tools, and a whole installation parses it: images,
previews, store, rows and events included. All in one run, one after the other, the
better of the rounds each. Then the structure of every file of the corpus is read
(``exportLayers: false``).
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.client import Client
from tests.performance.bridge.table import Line, as_json, at_least, at_most, shown
from tests.performance.psd.design import shop_page
from tests.performance.psd.whole import Parse, cpu_seconds, parse, peak_memory
from tests.running import ROOT, Running
from tests.test_psd.outcomes import EXPECTED

# What the loop took where it was measured first.
QUOTED_LOOP: Final = 12.6
_MB: Final = 1e6


def by_hand(path: Path, how: str) -> dict[str, float]:
    """Run one of the ways of `byhand` in a process of its own."""
    command = [sys.executable, "-m", "tests.performance.psd.byhand", str(path), how]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


async def through_us(running: Running, page: Path, rounds: int) -> list[Line]:
    """Parse the page; return its lines, without ratios."""
    everything = running.everything()
    worker = running.children()["worker"]
    async with Client(running.base_url, timeout=120) as client:
        found: list[tuple[Parse, float]] = []
        for _ in range(rounds):
            before = cpu_seconds(everything)
            done = await parse(client, page)
            found.append((done, cpu_seconds(everything) - before))
        best, cpu = min(found, key=lambda one: one[0].whole)
        memory = await peak_memory(worker, client, page)
    first = min(one.first_layer for one, _ in found if one.first_layer is not None)
    part = "OneManage"
    return [
        Line(part, "whole job, from the call to its last event", best.whole, "s"),
        Line(part, "of it in the worker", best.worked, "s"),
        Line(part, "cores busy, all processes together", cpu / best.whole, ""),
        Line(part, "CPU, all processes together", cpu, "s"),
        at_most(part, "first layer, from the worker's start", first * 1e3, "ms", 150),
        at_most(part, "memory of the parsing processes", memory / _MB, "MB", 400),
        Line(part, "layers told of", best.layers, ""),
    ]


async def structures(running: Running, corpus: Path, rounds: int) -> list[Line]:
    """Read each file's structure; return the slowest, each file by its best round."""
    slowest, name = 0.0, ""
    async with Client(running.base_url, timeout=120) as client:
        for file, expected in EXPECTED.items():
            if isinstance(expected, str):
                continue
            took = min(
                [
                    (await parse(client, corpus / "psd" / file, export=False)).worked
                    for _ in range(rounds)
                ]
            )
            if took > slowest:
                slowest, name = took, file
    part = "structure alone"
    return [
        at_most(part, "slowest file, in the worker", slowest * 1e3, "ms", 100)._replace(
            note=name
        )
    ]


def compared(page: Path, rounds: int, ours: list[Line]) -> list[Line]:
    """Measure what is done by hand, and set ours beside it."""
    whole = ours[0].value or 0.0
    loops = [by_hand(page, "loop") for _ in range(rounds)]
    loop = min(loops, key=lambda one: one["seconds"])
    composed = by_hand(page, "composite")
    part = "by hand"
    return [
        Line(part, "topil() and Pillow's PNG, each layer", loop["seconds"], "s"),
        Line(part, "its CPU", loop["cpu"], "s", note=f"quoted: {QUOTED_LOOP} s"),
        Line(part, "composite()", composed["seconds"], "s"),
        at_least(part, "loop / OneManage", loop["seconds"] / whole, "times", 8),
        at_least(
            part, "composite() / OneManage", composed["seconds"] / whole, "times", 15
        ),
    ]


def measure(directory: Path, asked: argparse.Namespace) -> list[Line]:
    """Run all parts."""
    page = shop_page(directory / "page.psd", scale=asked.scale)
    lines = [Line("file", "size", page.stat().st_size / _MB, "MB")]
    running = Running(directory / "whole")
    try:
        ours = asyncio.run(through_us(running, page, asked.rounds))
        lines += ours + asyncio.run(structures(running, asked.corpus, asked.rounds))
    finally:
        running.ask_to_stop(signal.SIGTERM)
    return lines + compared(page, asked.rounds, ours)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance.psd")
    parser.add_argument("--scale", type=float, default=1.0, help="of the page's sides")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--corpus", type=Path, default=ROOT.parent / "shared/corpus")
    parser.add_argument("--json", action="store_true", help="print JSON, too")
    asked = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="onemanage-performance-") as scratch:
        lines = measure(Path(scratch), asked)
    print(f"{os.cpu_count()} cores, load {load:.2f} when it began\n")
    print(shown(lines))
    if asked.json:
        print(as_json(lines))


if __name__ == "__main__":
    main()
