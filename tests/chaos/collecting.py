"""Collecting what is left when all is over, and waiting until all is over."""

import asyncio
import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import nats.errors
from nats.aio.client import Client

from core.storage import DiskStorage, make_storage
from events.log import EventLog
from events.subjects import EVENTS, TASKS, trailing_id, without_id
from tests.chaos.clients import Crowd
from tests.chaos.facts import (
    DocumentRow,
    Effect,
    Facts,
    JobEvent,
    JobRow,
    LayerRow,
    ObjectRow,
    OtherEvent,
)
from tests.chaos.installation import Installation
from tests.chaos.truth import TROUBLE, ask
from tests.test_jobs.plant import read_notes
from workers.discovery import import_all

READ_SECONDS: Final = 60.0
ORPHANS: Final = """
select (select count(*) from jobs where status in ('QUEUED', 'RUNNING'))
     + (select count(*) from outbox)
     + (select count(*) from stored_objects o where not exists
         (select from psd_documents where o.id in (image_id, preview_id))
        and not exists (select from psd_layers where o.id in (image_id, preview_id)))
     + (select count(*) from jobs j join psd_documents d on d.job_id = j.id
        where j.status = 'SUCCEEDED' and not d.previews_published)
"""


class Collector:
    """Reads PostgreSQL, NATS and the store of an installation."""

    def __init__(self, installation: Installation, client: Client) -> None:
        import_all("tasks")
        self._installation = installation
        self._url = installation.postgres.url
        self._client = client
        storage = make_storage(installation.settings)
        assert isinstance(storage, DiskStorage)
        self._storage = storage

    async def wait_for_rest(self, seconds: float) -> float:
        """Wait until nothing is left to do, or for so long; return how long it took."""
        began = time.monotonic()
        quiet = 0
        while quiet < 2 and time.monotonic() < began + seconds:
            await asyncio.sleep(1)
            try:
                quiet = 0 if await self._is_busy() else quiet + 1
            except (*TROUBLE, nats.errors.Error):
                quiet = 0
        return time.monotonic() - began

    async def _is_busy(self) -> bool:
        if (await ask(self._url, ORPHANS, seconds=READ_SECONDS))[0][0]:
            return True
        if await self._task_messages() or any((await self._unfinished()).values()):
            return True
        rows = await ask(self._url, "select key from stored_objects")
        return {row["key"] for row in rows} != set(await self._keys())

    async def collect(self, crowd: Crowd) -> Facts:
        """Return everything that the checker judges by."""
        facts = Facts(
            accepted=crowd.accepted,
            watched=[watcher.watched for watcher in crowd.watchers],
            complaints=crowd.complaints,
        )
        await self._read_rows(facts)
        await self._read_events(facts)
        facts.stored = {key: await self._digest(key) for key in await self._keys()}
        facts.task_messages = await self._task_messages()
        facts.unfinished = await self._unfinished()
        facts.effects = [
            Effect(note.job_id, note.claim, note.word)
            for note in read_notes(self._installation.notes_file)
        ]
        return facts

    async def _read_rows(self, facts: Facts) -> None:
        facts.jobs = [
            JobRow(**row | {"error": _json(row["error"])})
            for row in await self._rows("jobs", JobRow._fields)
        ]
        documents = await self._rows("psd_documents", DocumentRow._fields)
        facts.documents = [DocumentRow(**row) for row in documents]
        objects = await self._rows("stored_objects", ObjectRow._fields)
        facts.objects = [ObjectRow(**row) for row in objects]
        fields = ("document_id", "index", "image_id", "preview_id")
        facts.layers = [
            LayerRow(*row.values()) for row in await self._rows("psd_layers", fields)
        ]
        letters = await self._rows("dead_letters", ("id", "job_id"))
        facts.dead_letters = {row["id"]: row["job_id"] for row in letters}
        facts.outbox = len(await self._rows("outbox", ("position",)))

    async def _rows(self, table: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        names = ", ".join(f'"{field}"' for field in fields)
        query = f"select {names} from {table} order by 1"
        return [dict(row) for row in await ask(self._url, query, seconds=READ_SECONDS)]

    async def _read_events(self, facts: Facts) -> None:
        async for one in EventLog(self._client).replay(0):
            subject, last = without_id(one.subject), trailing_id(one.subject)
            if job := one.body.job:
                word = subject.rpartition(".")[2]
                facts.events.append(
                    JobEvent(
                        one.sequence, last, job.job_seq, word, job.status, job.attempt
                    )
                )
            else:
                facts.other_events.append(OtherEvent(subject, last))

    async def _keys(self) -> list[str]:
        return [found.key async for found in self._storage.list("jobs/")]

    async def _digest(self, key: str) -> str:
        path = self._storage.local_path(key)
        with suppress(FileNotFoundError):
            data = await asyncio.to_thread(path.read_bytes)
            return hashlib.sha256(data).hexdigest()
        return "gone"

    async def _task_messages(self) -> list[str]:
        stream = await self._client.jetstream().stream_info(TASKS, subjects_filter=">")
        return sorted(stream.state.subjects or {})

    async def _unfinished(self) -> dict[str, int]:
        """Return how many messages each durable consumer has yet to settle."""
        found: dict[str, int] = {}
        for stream in (EVENTS, TASKS):
            for info in await self._client.jetstream().consumers_info(stream):
                if info.config.durable_name:
                    waiting = (info.num_pending or 0) + (info.num_ack_pending or 0)
                    found[info.config.durable_name] = waiting
        return found


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
