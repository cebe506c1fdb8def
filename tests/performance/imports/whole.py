"""Imports through a whole installation, and psql's copy into its PostgreSQL."""

import asyncio
import subprocess
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil

from tests.client import Client
from tests.integration.conftest import database_url
from tests.integration.importing import (
    ask_import,
    counts,
    record_of_job,
    watch_import,
)
from tests.performance.imports.table import PLAIN_TABLE
from tests.running import Running
from workers.embedded.postgres import binaries

_CHILD: Final = "core.processes.child"
_SAMPLE_SECONDS: Final = 0.1


class Done(NamedTuple):
    """What one import took: seconds in the worker, and rows (read to rejected)."""

    worked: float
    counts: list[int]
    dataset_id: str | None


def worked(events: list[dict[str, Any]]) -> float:
    """Return the seconds from a job's start to its good end, on the database's clock."""
    at = {one["__typename"]: _at(one) for one in reversed(events)}
    return at["JobSucceeded"] - at["JobStarted"]


def _at(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["at"]).timestamp()


async def run_import(client: Client, file_id: str, **options: Any) -> Done:
    """Import an uploaded file to the end."""
    payload = await ask_import(client, file_id, **options)
    events = await watch_import(client, payload)
    record = await record_of_job(client, payload["job"]["id"])
    dataset = record["dataset"]
    return Done(worked(events), counts(record), dataset and dataset["id"])


class Plain:
    """psql with the installation's own PostgreSQL."""

    def __init__(self, running: Running) -> None:
        self._command = [str(binaries() / "psql"), "-qtAX", "-v", "ON_ERROR_STOP=1"]
        self._url = database_url(running.data_dir)

    def run(self, *commands: str) -> str:
        """Run commands; return what they print."""
        given = [part for one in commands for part in ("-c", one)]
        done = subprocess.run(
            [*self._command, *given, self._url],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def copy(self, path: Path) -> float:
        """Copy a csv into a new table without an index; return the seconds."""
        self.run("drop table if exists plain", PLAIN_TABLE, "checkpoint")
        began = time.perf_counter()
        self.run(rf"\copy plain from '{path}' with (format csv, header)")
        took = time.perf_counter() - began
        self.run("drop table plain")
        return took


class Peak:
    """The most memory that one of a worker's processes held, in bytes (PSS)."""

    def __init__(self, worker: psutil.Process) -> None:
        self._worker = worker
        self._watching: asyncio.Task[None] | None = None
        self.bytes = 0

    async def __aenter__(self) -> "Peak":
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._watching is not None
        self._watching.cancel()
        with suppress(asyncio.CancelledError):
            await self._watching

    async def _watch(self) -> None:
        while True:
            self.bytes = max(self.bytes, await asyncio.to_thread(self._largest))
            await asyncio.sleep(_SAMPLE_SECONDS)

    def _largest(self) -> int:
        largest = 0
        for one in self._worker.children(recursive=True):
            with suppress(psutil.Error):
                if _CHILD in one.cmdline():
                    largest = max(largest, one.memory_full_info().pss)
        return largest
