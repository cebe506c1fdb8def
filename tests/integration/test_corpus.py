"""Every file of the corpus through the running system, from the upload to the end."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.client import CREATE_UPLOAD, Client
from tests.integration.pictures import check_picture, check_preview, document_of
from tests.test_psd.outcomes import EXPECTED, HOSTILE

pytestmark = pytest.mark.timeout(120)

UNFINISHED = """
{ jobs(filter: {status: [QUEUED, RUNNING]}) { totalCount } }
"""
EMPTY = "zero.psd"
# A message is for a designer: no name of a type, no call, no path, no address.
INTERNALS = re.compile(
    r"Error\b|Exception|Traceback|None\b|self\b|\w\(|0x[0-9a-f]|/tmp|\.py|\bint\b|<"
)
PARSED = [name for name, outcome in EXPECTED.items() if isinstance(outcome, int)]
REFUSED = {name: code for name, code in EXPECTED.items() if isinstance(code, str)}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """Download as a browser would, without any header of ours."""
    async with httpx.AsyncClient(timeout=30) as http:
        yield http


async def _watched(client: Client, path: Path) -> tuple[str, list[Any]]:
    """Parse a file; return the job's id and its events from its acceptance on."""
    started = await client.parse(await client.upload(path), waitMs=0)
    assert started["userErrors"] == []
    job_id: str = started["job"]["id"]
    events = await client.watch(job_id, started["cursor"])
    _check_order(events)
    return job_id, events


def _check_order(events: list[Any]) -> None:
    kinds = [event["__typename"] for event in events]
    assert kinds[:2] == ["JobQueued", "JobStarted"]
    assert not {"JobSnapshot", "EventGap", "JobRetrying"} & set(kinds)
    assert len({event["cursor"] for event in events}) == len(events)
    fractions = [event["job"]["progress"]["fraction"] for event in events]
    assert fractions == sorted(fractions)
    assert all(event["job"]["attempt"] == 1 for event in events[1:])


@pytest.mark.parametrize("name", PARSED)
async def test_a_real_file_is_parsed_with_all_its_pictures(
    name: str, corpus: Path, client: Client, http: httpx.AsyncClient
) -> None:
    job_id, events = await _watched(client, corpus / "psd" / name)
    kinds = [event["__typename"] for event in events]
    assert kinds[-1] == "JobSucceeded"
    assert kinds.count("PsdPreviewReady") == 1
    assert events[-1]["job"]["progress"]["fraction"] == 1.0

    document = await document_of(client, job_id)
    layers = document["layers"]["nodes"]
    assert document["layerCount"] == document["layers"]["totalCount"] == EXPECTED[name]
    assert [layer["index"] for layer in layers] == list(range(len(layers)))
    size = document["width"], document["height"]
    await check_picture(http, document["image"], size)
    await check_preview(http, document["preview"], size)

    shown = [layer for layer in layers if layer["fidelity"] != "NONE"]
    for layer in shown:
        box = layer["bounds"]["width"], layer["bounds"]["height"]
        await check_picture(http, layer["image"], box)
        await check_preview(http, layer["preview"], box)
    empty = [layer for layer in layers if layer["fidelity"] == "NONE"]
    assert all(layer["image"] is layer["preview"] is None for layer in empty)
    assert _exported(events) == sorted(layer["id"] for layer in shown)


def _exported(events: list[Any]) -> list[str]:
    """Return the ids of the layers that were told of, as often as they were."""
    told = [event for event in events if event["__typename"] == "PsdLayersExported"]
    return sorted(layer["id"] for event in told for layer in event["layers"])


def _check_failure(events: list[Any], code: str) -> None:
    last = events[-1]
    assert last["__typename"] == "JobFailed"
    assert last["job"]["status"] == "FAILED"
    assert (last["error"]["code"], last["error"]["retryable"]) == (code, False)
    message = last["error"]["message"]
    assert message[0].isupper() and message.endswith(".")
    assert not INTERNALS.search(message), message


@pytest.mark.parametrize("name", REFUSED)
async def test_a_damaged_file_fails_in_words_for_its_owner(
    name: str, corpus: Path, client: Client
) -> None:
    _, events = await _watched(client, corpus / "psd" / name)
    _check_failure(events, REFUSED[name])


@pytest.mark.parametrize("name", sorted(set(HOSTILE) - {EMPTY}))
async def test_a_hostile_file_fails_and_the_server_goes_on(
    name: str, corpus: Path, client: Client
) -> None:
    _, events = await _watched(client, corpus / "hostile" / name)
    _check_failure(events, HOSTILE[name])


async def test_an_empty_file_is_refused_when_it_is_announced(client: Client) -> None:
    answer = await client.ask(CREATE_UPLOAD, input={"filename": EMPTY, "size": 0})
    assert answer["createUpload"] == {
        "file": None,
        "target": None,
        "userErrors": [
            {
                "field": ["input", "size"],
                "code": "INVALID",
                "message": "A file has at least 1 byte.",
            }
        ],
    }


async def test_every_file_of_the_corpus_is_expected(corpus: Path) -> None:
    designs = {".psd", ".psb"}
    for folder, expected in (("psd", EXPECTED), ("hostile", HOSTILE)):
        found = {p.name for p in (corpus / folder).iterdir() if p.suffix in designs}
        assert found == set(expected)


async def test_no_job_is_left_under_way(client: Client) -> None:
    assert (await client.ask(UNFINISHED))["jobs"]["totalCount"] == 0
