"""Imports beside psql's copy: ``python -m tests.performance.imports``.

A csv of orders is made (13 columns), copied by psql into a table without an index, and
imported by a whole installation on the same PostgreSQL (fsync on): as a new dataset, into
the target `orders` by its key, and over the same keys again. Each in turns, the better of
the rounds. Then the ways of writing by size, the memory for a file eight times as large,
and workbooks. All in one run. `--quick` does the same with a tenth of the rows.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tests.client import Client
from tests.integration.conftest import database_url
from tests.integration.importing import DELETE, empty_orders
from tests.performance.bridge.table import Line, as_json, at_most, shown
from tests.performance.imports.strategies import WAYS, seconds
from tests.performance.imports.table import write_csv, write_xlsx
from tests.performance.imports.whole import Done, Peak, Plain, run_import
from tests.running import ROOT, Running

PARTS: Final = ("ratios", "ways", "memory", "workbooks")
_MB: Final = 1e6
# Rows of each figure in the whole form.
ROWS: Final = 1_000_000
MORE: Final = 8
SHEET: Final = 200_000


class Bench:
    """One installation, and what is measured with it."""

    def __init__(self, running: Running, directory: Path, asked: Any) -> None:
        self._running = running
        self._directory = directory
        self._plain = Plain(running)
        self._rounds: int = asked.rounds
        self._scale: float = asked.scale
        self._client = Client(running.base_url, timeout=900)

    async def measure(self, parts: Sequence[str]) -> list[Line]:
        """Run the parts that were asked for."""
        lines: list[Line] = []
        async with self._client:
            for part in parts:
                lines += await getattr(self, part)()
        return lines

    async def ratios(self) -> list[Line]:
        """Measure whole jobs as ratios to psql's copy."""
        path = self._csv(ROWS)
        file_id = await self._client.upload(path)
        rows = round(ROWS * self._scale)
        best: dict[str, float] = {}

        def note(what: str, took: float) -> None:
            best[what] = min(took, best.get(what, took))

        for _ in range(self._rounds):
            note("copy", self._plain.copy(path))
            made = await run_import(self._client, file_id)
            _check(made, [rows, rows, 0, 0])
            await self._client.ask(DELETE, id=made.dataset_id)
            note("dataset", made.worked)
            await empty_orders(self._client)
            for mode, expected in _MODES.items():
                self._plain.run("vacuum analyze orders", "checkpoint")
                done = await run_import(
                    self._client, file_id, target="orders", mode=mode
                )
                _check(done, [rows, *(rows * part for part in expected)])
                note(mode, done.worked)
        await empty_orders(self._client)
        return _ratio_lines(best, rows, path.stat().st_size)

    async def ways(self) -> list[Line]:
        """Measure ways of writing, by size."""
        lines = []
        url = database_url(self._running.data_dir)
        for size in (100, 10_000, ROWS):
            rows = size if size < ROWS else round(ROWS * self._scale)
            rounds = self._rounds if size == ROWS else 5 * self._rounds
            part = f"writing {rows:,} rows"
            copied = 0.0
            for way in WAYS:
                took = await seconds(url, way, rows, rounds)
                copied = copied or took
                note = "" if way == "binary COPY" else f"{took / copied:.1f} times"
                lines.append(Line(part, way, took * 1e3, "ms", note=note))
        return lines

    async def memory(self) -> list[Line]:
        """Measure the importing process' memory for a file, and for a larger one."""
        worker = self._running.children()["worker"]
        peaks = []
        for rows in (ROWS, MORE * ROWS):
            path = self._csv(rows)
            file_id = await self._client.upload(path)
            path.unlink()
            async with Peak(worker) as peak:
                done = await run_import(self._client, file_id)
            assert done.counts[0] == round(rows * self._scale)
            await self._client.ask(DELETE, id=done.dataset_id)
            peaks.append(peak.bytes)
        part = "memory of the importing process"
        growth = (peaks[1] / peaks[0] - 1) * 100
        return [
            at_most(part, f"{ROWS * self._scale:,.0f} rows", peaks[0] / _MB, "MB", 400),
            at_most(
                part,
                f"{MORE * ROWS * self._scale:,.0f} rows",
                peaks[1] / _MB,
                "MB",
                400,
            ),
            at_most(part, "growth", growth, "%", 15),
        ]

    async def workbooks(self) -> list[Line]:
        """Measure the reading of workbooks, each in a process of its own."""
        lines = []
        aims = ((SHEET, "s", 5.0), (ROWS, "MB", 1200.0))
        for rows, unit, aim in aims:
            count = round(rows * self._scale)
            path = write_xlsx(self._directory / "orders.xlsx", count)
            command = [sys.executable, "-m", "tests.performance.imports.reading"]
            done = subprocess.run(
                [*command, str(path)], cwd=ROOT, check=True, capture_output=True
            )
            found = json.loads(done.stdout)
            part = f"xlsx of {count:,} rows × 13, {path.stat().st_size / _MB:.0f} MB"
            if "refused" in found:
                lines.append(Line(part, "refused", note=found["refused"]))
                continue
            assert found["rows"] == count
            took, held = found["seconds"], found["memory"] / _MB
            lines += [
                at_most(part, "read", took, "s", aim if unit == "s" else 60),
                at_most(part, "memory", held, "MB", 1200 if unit == "s" else aim),
            ]
        return lines

    def _csv(self, rows: int) -> Path:
        path = self._directory / f"orders_{rows}.csv"
        if not path.exists():
            write_csv(path, round(rows * self._scale))
        return path


_MODES: Final = {"APPEND": (1, 0, 0), "UPSERT": (0, 1, 0)}


def _check(done: Done, expected: list[int]) -> None:
    assert done.counts == expected, done


def _ratio_lines(best: dict[str, float], rows: int, size: int) -> list[Line]:
    copied = best["copy"]
    part = f"{rows:,} rows, {size / _MB:.0f} MB"
    lines = [Line(part, "psql's copy, no index", copied, "s")]
    for what, aim in (("dataset", 1.0), ("APPEND", 1.8), ("UPSERT", None)):
        took = best[what]
        lines.append(Line(part, f"{what}, whole job", took, "s"))
        ratio = took / copied
        name = f"{what} / copy"
        lines.append(
            at_most(part, name, ratio, "times", aim)
            if aim
            else Line(part, name, ratio, "times")
        )
    return lines


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance.imports")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=PARTS)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print JSON, too")
    asked = parser.parse_args()
    asked.scale = 0.1 if asked.quick else 1.0
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="onemanage-performance-") as scratch:
        running = Running(Path(scratch) / "whole")
        try:
            bench = Bench(running, Path(scratch), asked)
            lines = asyncio.run(bench.measure(asked.parts or PARTS))
        finally:
            running.ask_to_stop(signal.SIGTERM)
    print(f"{os.cpu_count()} cores, load {load:.2f} when it began\n")
    print(shown(lines))
    if asked.json:
        print(as_json(lines))


if __name__ == "__main__":
    main()
