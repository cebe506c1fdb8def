"""An export whose worker is killed half way, and ones whose document is gone."""

import asyncio
import io
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.client import Client
from tests.integration.conftest import RESULT
from tests.integration.designs import noisy_design
from tests.integration.exporting import (
    ask_export,
    document_layers,
    export_of,
    exported,
)
from tests.integration.gateway import Gateway
from tests.integration.watching import Subscriber
from tests.test_jobs.plant import Site, until

LAYERS = 30
SIDE = 300
SCALES = [1.0, 2.0]
SOME = 5
EVENTS = """
subscription ($id: ID!, $after: EventCursor) {
  jobEvents(id: $id, after: $after) {
    __typename
    cursor
    job { status attempt error { code message retryable } }
    ... on PsdPicturesExported { pictures { name } }
  }
}
"""
EXPORT_ID = "query ($id: ID!) { job(id: $id) { result { ... on PsdExport { id } } } }"


async def _parsed(site: Site, client: Client, design: Path) -> str:
    with site.plant.worker():
        started = await client.parse(await client.upload(design), waitMs=0)
        job_id = started["job"]["id"]
        assert (await client.watch(job_id))[-1]["job"]["status"] == "SUCCEEDED"
        await site.queue_empties()
    document_id: str = (await client.ask(RESULT, id=job_id))["job"]["result"]["id"]
    return document_id


def _names(events: list[Any]) -> list[str]:
    return [one["name"] for event in events for one in event.get("pictures", ())]


async def test_a_killed_export_is_done_once(
    site: Site, gate: Gateway, tmp_path: Path
) -> None:
    design = noisy_design(tmp_path / "noisy.psd", LAYERS, SIDE)
    async with Client(gate.base_url) as client:
        document_id = await _parsed(site, client, design)
        nodes = (await document_layers(client, document_id))["layers"]["nodes"]
        started = await ask_export(
            client,
            document_id,
            layerIds=[node["id"] for node in nodes],
            scales=SCALES,
            archive=True,
            waitMs=0,
        )
        job_id = started["job"]["id"]
        viewer = Subscriber(gate.base_url, EVENTS, id=job_id, after=started["cursor"])
        watching = asyncio.create_task(viewer.watch([5.0] * 30))

        async def look() -> bool:
            return len(_names(viewer.seen)) >= SOME

        with site.plant.worker() as worker:
            await until(look)
            await asyncio.to_thread(worker.kill)
        with site.plant.worker():
            events = await watching
            await site.queue_empties()
        told = [event["__typename"] for event in events]
        assert told.count("JobStarted") == 2
        assert told.count("JobRetrying") == told.count("JobSucceeded") == 1
        second = events[len(events) - told[::-1].index("JobStarted") :]
        export_id = (await client.ask(EXPORT_ID, id=job_id))["job"]["result"]["id"]
        pictures = (await export_of(client, export_id))["pictures"]["nodes"]
        names = [one["name"] for one in pictures]
        assert _names(second) == names
        assert len(names) == len(set(names)) == LAYERS * len(SCALES)
        assert await site.bench.count("psd_exports") == 1
        assert await site.bench.count("psd_export_pictures") == len(names)
        await _check_archive(await export_of(client, export_id), set(names))


async def _check_archive(made: Any, names: set[str]) -> None:
    async with httpx.AsyncClient() as http:
        archive = (await http.get(made["archive"]["url"])).content
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            assert set(opened.namelist()) == names
            for one in made["pictures"]["nodes"]:
                picture = (await http.get(one["image"]["url"])).content
                assert opened.read(one["name"]) == picture


@pytest.mark.parametrize("table", ["psd_layers", "psd_documents"])
async def test_an_export_of_what_has_been_deleted_says_so(
    table: str, site: Site, gate: Gateway, tmp_path: Path
) -> None:
    design = noisy_design(tmp_path / "noisy.psd", 1, 8)
    async with Client(gate.base_url) as client:
        document_id = await _parsed(site, client, design)
        [layer] = (await document_layers(client, document_id))["layers"]["nodes"]
        asked = {"layerIds": [layer["id"]], "waitMs": 0}
        started = await ask_export(client, document_id, **asked)
        await site.bench.execute(f"delete from {table}")
        with site.plant.worker():
            events = await client.watch(started["job"]["id"])
            await site.queue_empties()
        assert events[-1]["error"] == {
            "code": "INVALID_INPUT",
            "message": "The document has been deleted.",
            "retryable": False,
        }
        refused = await ask_export(client, document_id, **asked)
        [error] = refused["userErrors"]
        assert (error["code"], error["field"][1]) == (
            "NOT_FOUND",
            "layerIds" if table == "psd_layers" else "documentId",
        )


async def test_anothers_document_is_not_there(
    site: Site, gate: Gateway, tmp_path: Path
) -> None:
    design = noisy_design(tmp_path / "noisy.psd", 1, 8)
    async with Client(gate.base_url) as client:
        document_id = await _parsed(site, client, design)
        with site.plant.worker():
            export_id = (await exported(client, document_id))["id"]
            await site.queue_empties()
        assert await export_of(client, export_id) is not None
        gate.call_as(await site.bench.new_member())
        assert await export_of(client, export_id) is None
        refused = await ask_export(client, document_id)
        assert refused["job"] is None
        assert refused["userErrors"] == [
            {
                "field": ["input", "documentId"],
                "code": "NOT_FOUND",
                "message": "There is no such document.",
            }
        ]
