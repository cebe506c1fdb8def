"""Imports whose worker is killed, or that are cancelled, at every window."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client
from tests.integration.gateway import Gateway
from tests.integration.importing import (
    ask_import,
    counts,
    record_of_job,
    rows_of,
    upload_text,
    watch_import,
)
from tests.test_jobs.pausing_imports import WINDOWS
from tests.test_jobs.plant import Site, until

PAUSING = "tests.test_jobs.pausing_imports"
ROWS = 300
BAD = [10, 100]
# The lost claim is noticed within 2 s on a machine that has nothing else to do.
CANCEL_SECONDS = 15.0
STORIES = [WINDOWS[:3], WINDOWS[3:]]
CANCEL = """
mutation ($id: ID!) {
  cancelJob(id: $id) { job { status } userErrors { code } }
}
"""


def orders(first: int = 1) -> str:
    """Return a file of orders, of which two rows are bad and one comes twice."""
    lines = ["order number,quantity,amount"]
    for number in range(first, first + ROWS):
        quantity = "x" if number - first + 2 in BAD else "1"
        lines.append(f"{number},{quantity},1.50")
    lines.append(f"{first},1,1.50")
    return "\n".join(lines) + "\n"


@contextmanager
def pause(site: Site, window: str) -> Iterator[Any]:
    """Have imports pause at a window; give a function that waits until one does."""
    directory = site.plant.data_dir
    directory.mkdir(exist_ok=True)
    asked, paused = directory / "pause", directory / "paused"
    paused.unlink(missing_ok=True)
    asked.write_text(window)

    async def look() -> bool:
        return paused.exists()

    yield lambda: until(look)
    asked.unlink(missing_ok=True)


async def _stored(site: Site) -> list[int]:
    return [
        await site.bench.count(table)
        for table in ("orders", "imports", "import_errors", "import_previous")
    ]


@pytest.mark.parametrize("mode", ["APPEND", "UPSERT"])
@pytest.mark.parametrize("windows", STORIES, ids="-".join)
async def test_a_killed_import_is_done_once(
    site: Site, gate: Gateway, tmp_path: Path, windows: tuple[str, ...], mode: str
) -> None:
    async with Client(gate.base_url) as client:
        file_id = await upload_text(client, tmp_path / "orders.csv", orders())
        payload = await ask_import(client, file_id, target="orders", mode=mode)
        for window in windows:
            with pause(site, window) as paused, site.plant.worker(PAUSING) as worker:
                await paused()
                await asyncio.to_thread(worker.kill)
            is_stored = window == "committed"
            assert await site.bench.count("orders") == (ROWS - 2 if is_stored else 0)
        with site.plant.worker(PAUSING):
            events = await watch_import(client, payload)
            await site.queue_empties()
        told = [event["__typename"] for event in events]
        attempts = len(windows) + ("committed" not in windows)
        assert told.count("JobStarted") == attempts
        assert told.count("JobRetrying") == attempts - 1
        assert told[-1] == "JobSucceeded"
        record = await record_of_job(client, payload["job"]["id"])
        assert counts(record) == [ROWS + 1, ROWS - 2, 0, 3]
        assert [one["row"] for one in record["errors"]["nodes"]] == [*BAD, ROWS + 2]
        assert record["errorReport"] is not None
        assert await _stored(site) == [ROWS - 2, 1, 3, 0]
        assert record["dataset"]["rowCount"] == ROWS - 2
        assert len(await rows_of(client, record["dataset"]["id"])) == 100


async def test_a_cancelled_import_leaves_no_row(
    site: Site, gate: Gateway, tmp_path: Path
) -> None:
    async with Client(gate.base_url) as client:
        file_id = await upload_text(client, tmp_path / "orders.csv", orders())
        with site.plant.worker(PAUSING):
            for window in WINDOWS[:-1]:
                payload = await ask_import(client, file_id, target="orders")
                await _cancel_at(site, client, payload, window)
                assert await site.bench.count("orders") == 0
                record = await record_of_job(client, payload["job"]["id"])
                assert record["dataset"] is None


async def _cancel_at(site: Site, client: Client, payload: Any, window: str) -> None:
    """Cancel an import that pauses at a window; its worker has to leave in time."""
    with pause(site, window) as paused:
        await paused()
        answer = await client.ask(CANCEL, id=payload["job"]["id"])
        assert answer["cancelJob"]["userErrors"] == []
        begun = time.monotonic()
        await site.queue_empties()
        assert time.monotonic() - begun < CANCEL_SECONDS
    events = await watch_import(client, payload)
    assert events[-1]["__typename"] == "JobCanceled"


async def test_two_imports_into_one_target_wait_for_each_other(
    site: Site, gate: Gateway, tmp_path: Path
) -> None:
    async with Client(gate.base_url) as client:
        first, second = [
            await upload_text(client, tmp_path / f"{start}.csv", orders(start))
            for start in (1, ROWS // 2 + 1)
        ]
        with site.plant.worker(PAUSING), site.plant.worker(PAUSING):
            payloads = [
                await ask_import(client, file_id, target="orders")
                for file_id in (first, second)
            ]
            ends = await asyncio.gather(
                *(watch_import(client, payload) for payload in payloads)
            )
            await site.queue_empties()
        assert [end[-1]["__typename"] for end in ends] == ["JobSucceeded"] * 2
        records = [
            await record_of_job(client, payload["job"]["id"]) for payload in payloads
        ]
        inserted = sum(record["rowsInserted"] for record in records)
        stored = await site.bench.count("orders")
        assert inserted == stored == records[0]["dataset"]["rowCount"]
        numbers = {*range(1, ROWS + 1), *range(ROWS // 2 + 1, ROWS // 2 + ROWS + 1)}
        # Of a number that is bad in one file the other has a good row, or none has.
        assert len(numbers) - 4 <= stored <= len(numbers)
