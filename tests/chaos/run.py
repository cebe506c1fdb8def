"""A run: everything started, jobs sent, faults done, and what is left judged."""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final, NamedTuple

import httpx
import nats

from core.database_async import Database
from tests.chaos.checker import check
from tests.chaos.clients import Crowd, Site
from tests.chaos.collecting import Collector
from tests.chaos.designs import effects_of, write_designs
from tests.chaos.facts import Facts
from tests.chaos.faults import Injector
from tests.chaos.installation import Installation
from tests.chaos.report import Figures, report
from tests.chaos.schedule import Fault
from tests.client import Client
from tests.integration.pictures import check_picture, check_preview, document_of
from tests.test_jobs.bench import Bench

CLIENTS: Final = 10
# For the last jobs to end, poison's waits and other tests on this machine included.
END_SECONDS: Final = 240.0
REST_SECONDS: Final = 120.0
SHOWN_DOCUMENTS: Final = 5


class Outcome(NamedTuple):
    """How a run went."""

    report: str
    figures: Figures
    facts: Facts


async def chaos(directory: Path, seed: int, faults: Sequence[Fault]) -> Outcome:
    """Do one run; its logs and facts stay in `directory`."""
    installation = Installation(directory)
    try:
        await installation.start()
        return await _on(installation, Figures(seed), faults)
    finally:
        await installation.stop()


async def _on(
    installation: Installation, figures: Figures, faults: Sequence[Fault]
) -> Outcome:
    database = Database(installation.postgres.url)
    client = await nats.connect(
        installation.nats.url, max_reconnect_attempts=-1, reconnect_time_wait=0.2
    )
    keeping = asyncio.create_task(installation.keep())
    try:
        crowd = Crowd(await _site(installation, database), figures.seed)
        injector = Injector(installation)
        began = time.monotonic()
        try:
            await _storm(crowd, injector, faults)
        finally:
            figures.seconds = time.monotonic() - began
            figures.injected = injector.injected
        collector = Collector(installation, client)
        figures.rest_seconds = await collector.wait_for_rest(REST_SECONDS)
        facts = await collector.collect(crowd)
        figures.ended_by_themselves = installation.ended_by_themselves
        await _judge(figures, facts, crowd)
        (installation.directory / "facts.json").write_text(json.dumps(asdict(facts)))
        return Outcome(report(figures, facts), figures, facts)
    finally:
        keeping.cancel()
        await client.close()
        await database.close()


async def _site(installation: Installation, database: Database) -> Site:
    designs = write_designs(installation.directory / "designs")
    effects = {
        name: await asyncio.to_thread(effects_of, path)
        for name, path in designs.items()
        if name != "corrupt"
    }
    async with Client(installation.gateways[0]) as client:
        file_ids = {name: await client.upload(path) for name, path in designs.items()}
    return Site(
        installation.gateways,
        Bench(database),
        str(installation.notes_file),
        file_ids,
        effects,
    )


async def _storm(crowd: Crowd, injector: Injector, faults: Sequence[Fault]) -> None:
    """Have clients work while faults are done, and then to the end of their jobs."""
    is_over = asyncio.Event()
    clients = [
        asyncio.create_task(crowd.work(number, is_over.is_set))
        for number in range(CLIENTS)
    ]
    try:
        await injector.run(faults)
        is_over.set()
        _, late = await asyncio.wait(clients, timeout=END_SECONDS)
        if late:
            crowd.complaints.append(f"{len(late)} clients still wait for their jobs")
        for task in set(clients) - late:
            task.result()
    finally:
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)


async def _judge(figures: Figures, facts: Facts, crowd: Crowd) -> None:
    figures.repeated_calls = crowd.repeated_calls
    figures.sockets = sum(watcher.sockets for watcher in crowd.watchers)
    figures.troubles = sum(watcher.troubles for watcher in crowd.watchers)
    figures.violations = check(facts)
    with suppress(StopIteration):
        figures.pictures = await _look_at_pictures(crowd.site.gateways, facts)


async def _look_at_pictures(gateways: Sequence[str], facts: Facts) -> int:
    """Fetch the pictures of some documents as clients do; return how many."""
    pictured = {row.job_id for row in facts.documents if row.image_id is not None}
    succeeded = [row.id for row in facts.jobs if row.status == "SUCCEEDED"]
    fetched = 0
    shown = [job_id for job_id in succeeded if job_id in pictured][-SHOWN_DOCUMENTS:]
    for number, job_id in enumerate(shown):
        gateway = gateways[number % len(gateways)]
        async with Client(gateway) as client, httpx.AsyncClient(timeout=30) as http:
            document = await document_of(client, job_id)
            for one in (document, *document["layers"]["nodes"]):
                if one["image"] is not None:
                    bounds = one.get("bounds") or one
                    size = (bounds["width"], bounds["height"])
                    await check_picture(http, one["image"], size)
                    await check_preview(http, one["preview"], size)
                    fetched += 2
    return fetched
