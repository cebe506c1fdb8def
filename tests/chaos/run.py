"""A run: everything started, jobs sent, faults done, and what is left judged."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final, NamedTuple

import httpx

from core.database_async import Database
from core.nats import connect
from tests.chaos.checker import check
from tests.chaos.clients import Crowd, Site
from tests.chaos.collecting import Collector
from tests.chaos.designs import effects_of, write_designs
from tests.chaos.facts import Facts
from tests.chaos.faults import Injector
from tests.chaos.installation import Installation
from tests.chaos.jobs import Kind
from tests.chaos.report import Figures, report
from tests.chaos.schedule import Fault
from tests.client import Client
from tests.integration.pictures import check_picture, check_preview, document_of
from tests.test_jobs.bench import Bench

CLIENTS: Final = 10
# For the last jobs to end, poison's waits and other tests on this machine included.
END_SECONDS: Final = 240.0
REST_SECONDS: Final = 120.0
# Few enough of each that their URLs, which live for seconds here, do not run out.
SHOWN_DOCUMENTS: Final = 5
SHOWN_LAYERS: Final = 12


class Form(NamedTuple):
    """What makes a run short or long."""

    faults: Sequence[Fault]
    kinds: Sequence[Kind]


class Outcome(NamedTuple):
    """How a run went."""

    report: str
    figures: Figures
    facts: Facts


async def chaos(directory: Path, seed: int, form: Form) -> Outcome:
    """Do one run; its logs and facts stay in `directory`."""
    installation = Installation(directory)
    try:
        await installation.start()
        return await _on(installation, Figures(seed), form)
    finally:
        await installation.stop()


async def _on(installation: Installation, figures: Figures, form: Form) -> Outcome:
    database = Database(installation.postgres.url)
    client = await connect(installation.settings, "chaos")
    keeping = asyncio.create_task(installation.keep())
    try:
        site = await _site(installation, database)
        crowd = Crowd(site, figures.seed, form.kinds)
        await _storm(crowd, Injector(installation), form.faults, figures)
        collector = Collector(installation, client)
        await collector.wait_for_rest(REST_SECONDS)
        figures.ended = time.monotonic()
        facts = await collector.collect(crowd)
        figures.ended_by_themselves = installation.ended_by_themselves
        (installation.directory / "facts.json").write_text(
            json.dumps(asdict(facts), default=sorted)
        )
        await _judge(figures, facts, crowd)
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
        Bench(database, installation.settings),
        str(installation.notes_file),
        file_ids,
        effects,
    )


async def _storm(
    crowd: Crowd, injector: Injector, faults: Sequence[Fault], figures: Figures
) -> None:
    """Have clients work while faults are done, and then to the end of their jobs."""
    is_over = asyncio.Event()
    figures.began = time.monotonic()
    clients = [
        asyncio.create_task(crowd.work(number, is_over.is_set))
        for number in range(CLIENTS)
    ]
    try:
        await injector.run(faults)
        is_over.set()
        figures.calmed = time.monotonic()
        _, late = await asyncio.wait(clients, timeout=END_SECONDS)
        if late:
            crowd.complaints.append(f"{len(late)} clients still wait for their jobs")
    finally:
        figures.injected = injector.injected
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)


async def _judge(figures: Figures, facts: Facts, crowd: Crowd) -> None:
    figures.repeated_calls = crowd.repeated_calls
    figures.sockets = sum(watcher.sockets for watcher in crowd.watchers)
    figures.troubles = sum(watcher.troubles for watcher in crowd.watchers)
    figures.violations = check(facts)
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
            for one in (document, *document["layers"]["nodes"][:SHOWN_LAYERS]):
                if one["image"] is not None:
                    bounds = one.get("bounds") or one
                    size = (bounds["width"], bounds["height"])
                    await check_picture(http, one["image"], size)
                    await check_preview(http, one["preview"], size)
                    fetched += 2
    return fetched
