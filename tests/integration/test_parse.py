"""parsePsd: what it refuses, how long it waits, and that a key starts one job."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from psd_tools.constants import ColorMode, Compression

from tests.client import CREATE_UPLOAD, Client
from tests.integration.conftest import Parsed
from tests.integration.pictures import DOCUMENT, document_of
from tests.test_psd.handmade import Plan, Sheet

JOBS = "{ jobs(first: 0) { totalCount } }"
UNKNOWN = "file_00000000000070008000000000000009"


def _refusal(field: str, code: str, message: str) -> dict[str, Any]:
    error = {"field": ["input", field], "code": code, "message": message}
    return {"job": None, "cursor": None, "userErrors": [error]}


async def _count(client: Client) -> int:
    count: int = (await client.ask(JOBS))["jobs"]["totalCount"]
    return count


async def _announce(client: Client, size: int) -> tuple[str, str]:
    announced = {"filename": "page.psd", "size": size}
    made = (await client.ask(CREATE_UPLOAD, input=announced))["createUpload"]
    return made["file"]["id"], made["target"]["url"]


@pytest.mark.parametrize("file_id", [UNKNOWN, "file_1", "", "\0"])
async def test_a_file_that_is_not_there_is_told(file_id: str, client: Client) -> None:
    before = await _count(client)
    refused = await client.parse(file_id)
    assert refused == _refusal("fileId", "NOT_FOUND", "There is no such file.")
    assert await _count(client) == before


async def test_the_id_of_something_else_is_no_file(
    client: Client, parsed: Parsed
) -> None:
    refused = await client.parse(parsed.document_id)
    assert refused == _refusal("fileId", "NOT_FOUND", "There is no such file.")


async def test_a_file_without_its_bytes_is_told(client: Client) -> None:
    file_id, _ = await _announce(client, 10)
    before = await _count(client)
    assert await client.parse(file_id) == _refusal(
        "fileId", "NOT_UPLOADED", "'page.psd' has not been uploaded yet."
    )
    assert await _count(client) == before


async def test_a_rejected_upload_is_told_with_its_reason(client: Client) -> None:
    file_id, url = await _announce(client, 10)
    async with httpx.AsyncClient() as http:
        assert (await http.put(url, content=b"x" * 9)).status_code == 400
    assert await client.parse(file_id) == _refusal(
        "fileId",
        "NOT_UPLOADED",
        "The upload of 'page.psd' was rejected: 10 bytes were announced, 9 arrived.",
    )


@pytest.mark.parametrize("wait_ms", [-1, 10_001, 2**31 - 1])
async def test_a_wait_out_of_range_is_told(
    wait_ms: int, client: Client, parsed: Parsed
) -> None:
    before = await _count(client)
    assert await client.parse(parsed.file_id, waitMs=wait_ms) == _refusal(
        "waitMs", "INVALID", f"waitMs must be 0 to 10000; it is {wait_ms}."
    )
    assert await _count(client) == before


async def test_a_small_file_answers_in_one_round_trip(
    client: Client, parsed: Parsed
) -> None:
    answer = await client.parse(parsed.file_id, waitMs=10_000)
    assert answer["userErrors"] == []
    assert answer["job"]["status"] == "SUCCEEDED"
    assert answer["job"]["attempt"] == 1
    assert answer["job"]["result"] == {"__typename": "PsdDocument"}
    events = await client.watch(answer["job"]["id"], answer["cursor"])
    kinds = [event["__typename"] for event in events]
    assert (kinds[0], kinds[-1]) == ("JobQueued", "JobSucceeded")


async def test_a_failure_is_answered_within_the_wait(
    client: Client, tmp_path: Path
) -> None:
    path = tmp_path / "text.psd"
    path.write_text("no design")
    answer = await client.parse(await client.upload(path), waitMs=10_000)
    assert answer["job"]["status"] == "FAILED"
    assert answer["job"]["error"]["code"] == "UNSUPPORTED_FORMAT"
    assert answer["job"]["result"] is None


async def test_the_structure_alone_is_read_without_pictures(
    client: Client, parsed: Parsed
) -> None:
    answer = await client.parse(parsed.file_id, exportLayers=False, waitMs=10_000)
    job_id = answer["job"]["id"]
    document = (await client.ask(DOCUMENT, id=job_id))["job"]["result"]
    assert (document["width"], document["height"], document["layerCount"]) == (
        40,
        30,
        4,
    )
    assert document["image"] is document["preview"] is None
    layers = document["layers"]["nodes"]
    assert [layer["kind"] for layer in layers] == ["PIXEL", "GROUP", "PIXEL", "PIXEL"]
    assert all(layer["image"] is layer["preview"] is None for layer in layers)
    events = await client.watch(job_id, answer["cursor"])
    kinds = {event["__typename"] for event in events}
    assert kinds == {"JobQueued", "JobStarted", "JobProgressed", "JobSucceeded"}


async def test_a_key_repeated_after_the_end_gives_the_same_job_and_cursor(
    client: Client, parsed: Parsed
) -> None:
    key = {"idempotencyKey": "again"}
    first = await client.parse(parsed.file_id, waitMs=10_000, **key)
    count = await _count(client)
    second = await client.parse(parsed.file_id, waitMs=0, **key)
    assert second == first
    assert await _count(client) == count


async def test_a_key_used_at_once_starts_one_job(
    client: Client, parsed: Parsed
) -> None:
    count = await _count(client)
    answers = await asyncio.gather(
        *(
            client.parse(parsed.file_id, waitMs=10_000, idempotencyKey="at once")
            for _ in range(10)
        )
    )
    assert answers == answers[:1] * 10
    assert answers[0]["job"]["status"] == "SUCCEEDED"
    assert await _count(client) == count + 1


async def test_a_key_used_with_other_input_is_a_conflict(
    client: Client, parsed: Parsed
) -> None:
    key = {"idempotencyKey": "other"}
    await client.parse(parsed.file_id, waitMs=0, **key)
    count = await _count(client)
    assert await client.parse(parsed.file_id, exportLayers=False, **key) == _refusal(
        "idempotencyKey",
        "CONFLICT",
        "This idempotency key was used with other input; choose a new key.",
    )
    assert await _count(client) == count


@pytest.mark.parametrize("key", ["", "x" * 256, "a\0b"])
async def test_a_key_that_cannot_be_is_refused(
    key: str, client: Client, parsed: Parsed
) -> None:
    assert await client.parse(parsed.file_id, idempotencyKey=key) == _refusal(
        "idempotencyKey",
        "INVALID",
        "An idempotency key has 1 to 255 characters, none of them a control "
        "character.",
    )


@pytest.mark.parametrize(
    ("depth", "bits"), [(None, 8), ("EIGHT", 8), ("AS_STORED", 16)]
)
async def test_images_have_the_depth_that_is_asked_for(
    client: Client, tmp_path: Path, depth: str | None, bits: int
) -> None:
    sheet = Sheet(0, 0, 5, 4, "one", (0, 1, 2), Compression.RLE, seed=1)
    plan = Plan(ColorMode.RGB, 16, False, 9, 6, 0, Compression.RAW, sheets=[sheet])
    path = tmp_path / "wide.psd"
    path.write_bytes(plan.write())
    asked = {} if depth is None else {"depth": depth}
    answer = await client.parse(await client.upload(path), waitMs=10_000, **asked)
    document = await document_of(client, answer["job"]["id"])
    (layer,) = document["layers"]["nodes"]
    async with httpx.AsyncClient() as http:
        for image in (document["image"], layer["image"]):
            data = (await http.get(image["url"])).content
            assert data[:4] == b"\x89PNG"
            # The header says bits for each channel behind width and height.
            assert data[24] == bits


async def test_a_key_of_another_depth_is_a_conflict(
    client: Client, parsed: Parsed
) -> None:
    key = {"idempotencyKey": "one depth", "waitMs": 0}
    first = await client.parse(parsed.file_id, **key)
    again = await client.parse(parsed.file_id, depth="EIGHT", **key)
    assert again["job"]["id"] == first["job"]["id"]
    other = await client.parse(parsed.file_id, depth="AS_STORED", **key)
    assert other["job"] is None
    assert [error["code"] for error in other["userErrors"]] == ["CONFLICT"]
