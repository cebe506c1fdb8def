"""deleteFile and deletePsdDocument: gone at once, with all that hangs on it."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.client import Client
from tests.integration.conftest import database_url
from tests.integration.designs import noisy_design
from tests.integration.pictures import document_of
from tests.programs import frozen, parsers
from tests.running import Running

DELETE_FILE = """
mutation ($id: ID!) {
  answer: deleteFile(id: $id) { deletedId userErrors { field code message } }
}
"""
DELETE_DOCUMENT = DELETE_FILE.replace("deleteFile", "deletePsdDocument")
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
RESULT = "query ($id: ID!) { job(id: $id) { status result { __typename } } }"
# Two sweeps of maintenance, and what a slow machine adds.
SWEPT_SECONDS = 40
UNKNOWN = "00000000000070008000000000000009"


async def _parsed(client: Client, path: Path) -> tuple[str, str, dict[str, Any]]:
    file_id = await client.upload(path)
    job_id = (await client.parse(file_id, waitMs=0))["job"]["id"]
    await client.watch(job_id)
    return file_id, job_id, await document_of(client, job_id)


async def _deleted(client: Client, document: str, public_id: str) -> None:
    answer = (await client.ask(document, id=public_id))["answer"]
    assert answer == {"deletedId": public_id, "userErrors": []}


def _urls(document: dict[str, Any]) -> list[str]:
    pictures = [document, *document["layers"]["nodes"]]
    return [one[kind]["url"] for one in pictures for kind in ("image", "preview")]


async def _vanish(base_url: str, urls: list[str]) -> None:
    async with httpx.AsyncClient(base_url=base_url) as http:
        for _ in range(SWEPT_SECONDS * 4):
            answers = [(await http.get(url)).status_code for url in urls]
            if set(answers) == {404}:
                return
            await asyncio.sleep(0.25)
    raise AssertionError(answers)


async def _bytes_of(running: Running, file_id: str) -> list[Any]:
    connection = await asyncpg.connect(database_url(running.data_dir))
    try:
        return list(
            await connection.fetch(
                "select 1 from stored_objects where key = $1", f"files/{file_id}"
            )
        )
    finally:
        await connection.close()


async def test_a_document_goes_with_its_layers_and_pictures(
    running: Running, client: Client, tmp_path: Path
) -> None:
    path = noisy_design(tmp_path / "gone.psd", 2, 31)
    file_id, job_id, document = await _parsed(client, path)
    urls = _urls(document)
    assert len(urls) == 6
    layers = [layer["id"] for layer in document["layers"]["nodes"]]
    await _deleted(client, DELETE_DOCUMENT, document["id"])

    ids = [document["id"], *layers, file_id]
    nodes = (await client.ask(NODES, ids=ids))["nodes"]
    assert nodes == [None, None, None, {"id": file_id}]
    job = (await client.ask(RESULT, id=job_id))["job"]
    assert job == {"status": "SUCCEEDED", "result": None}
    await _vanish(running.base_url, urls)
    # What told of the layers is told again, without them.
    events = await client.watch(job_id, after=None)
    assert events[-1]["job"]["status"] == "SUCCEEDED"


async def test_a_file_goes_with_all_that_was_made_from_it(
    running: Running, client: Client, tmp_path: Path
) -> None:
    path = noisy_design(tmp_path / "file.psd", 2, 32)
    file_id, job_id, document = await _parsed(client, path)
    second = (await client.parse(file_id, waitMs=0))["job"]["id"]
    await client.watch(second)
    other = await document_of(client, second)
    assert other["id"] != document["id"]
    await _deleted(client, DELETE_FILE, file_id)

    ids = [file_id, document["id"], other["id"]]
    assert (await client.ask(NODES, ids=ids))["nodes"] == [None] * 3
    await _vanish(running.base_url, _urls(document) + _urls(other))
    assert await _bytes_of(running, file_id) == []
    again = await client.parse(file_id, waitMs=0)
    assert [one["code"] for one in again["userErrors"]] == ["NOT_FOUND"]


async def test_what_a_job_needs_is_not_deleted(
    running: Running, client: Client, tmp_path: Path
) -> None:
    file_id = await client.upload(noisy_design(tmp_path / "busy.psd", 12, 500))
    with frozen(parsers(running.supervisor.pid)):
        job_id = (await client.parse(file_id, waitMs=0))["job"]["id"]
        answer = (await client.ask(DELETE_FILE, id=file_id))["answer"]
    message = f"The job {job_id} is not done with it. Wait for it to end, or cancel it."
    error = {"field": ["id"], "code": "CONFLICT", "message": message}
    assert answer == {"deletedId": None, "userErrors": [error]}
    assert (await client.watch(job_id))[-1]["job"]["status"] == "SUCCEEDED"
    await _deleted(client, DELETE_FILE, file_id)


@pytest.mark.parametrize(
    ("document", "public_id", "what"),
    [
        (DELETE_FILE, f"file_{UNKNOWN}", "file"),
        (DELETE_FILE, "file_1", "file"),
        (DELETE_FILE, f"psd_{UNKNOWN}", "file"),
        (DELETE_DOCUMENT, f"psd_{UNKNOWN}", "document"),
        (DELETE_DOCUMENT, "", "document"),
        (DELETE_DOCUMENT, "psd_\u0000", "document"),
        (DELETE_DOCUMENT, f"file_{UNKNOWN}", "document"),
    ],
)
async def test_what_is_not_there_is_not_deleted(
    client: Client, document: str, public_id: str, what: str
) -> None:
    answer = (await client.ask(document, id=public_id))["answer"]
    error = {
        "field": ["id"],
        "code": "NOT_FOUND",
        "message": f"There is no such {what}.",
    }
    assert answer == {"deletedId": None, "userErrors": [error]}


EXPORT = """
mutation ($input: ExportPsdInput!) {
  exportPsd(input: $input) { job { id } userErrors { message } }
}
"""


async def test_what_an_export_draws_is_not_deleted(
    client: Client, tmp_path: Path
) -> None:
    path = noisy_design(tmp_path / "drawn.psd", 4, 600)
    file_id, _, document = await _parsed(client, path)
    asked = {"documentId": document["id"], "scales": [1, 2, 3], "waitMs": 0}
    asked["layerIds"] = [one["id"] for one in document["layers"]["nodes"]]
    job_id = (await client.ask(EXPORT, input=asked))["exportPsd"]["job"]["id"]
    for mutation, public_id in (
        (DELETE_DOCUMENT, document["id"]),
        (DELETE_FILE, file_id),
    ):
        answer = (await client.ask(mutation, id=public_id))["answer"]
        assert [one["code"] for one in answer["userErrors"]] == ["CONFLICT"]
        assert job_id in answer["userErrors"][0]["message"]
    assert (await client.watch(job_id))[-1]["job"]["status"] == "SUCCEEDED"
    await _deleted(client, DELETE_DOCUMENT, document["id"])
    await _deleted(client, DELETE_FILE, file_id)
