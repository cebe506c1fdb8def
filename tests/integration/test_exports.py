"""exportPsd through the running system: pictures, archive, events, refusals."""

import hashlib
import io
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.client import Client
from tests.integration.conftest import RESULT, Parsed
from tests.integration.exporting import (
    ask_export,
    document_layers,
    export_of,
    exported,
)

FORMATS = {"PNG": ".png", "WEBP": ".webp", "JPEG": ".jpg"}
FILES = ["psd.js__example.psd", "psd-tools__masks.psb", "FireMonkeySt__Logo.psd"]
UNKNOWN = "psd_00000000000070008000000000000009"
OTHER_LAYER = "layer_00000000000070008000000000000009"
COUNTS = "{ jobs(first: 0) { totalCount } files(first: 0) { totalCount } }"
EXPORTS = """
query ($id: ID!, $first: Int!, $after: String) {
  psdDocument(id: $id) {
    exports(first: $first, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { id format pictures(first: 1) { nodes { name } } }
    }
  }
}
"""
NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """Download as a browser would, without any header of ours."""
    async with httpx.AsyncClient(timeout=30) as http:
        yield http


async def _document_id(client: Client, path: Path) -> str:
    started = await client.parse(await client.upload(path), waitMs=10_000)
    job_id = started["job"]["id"]
    assert (await client.watch(job_id))[-1]["job"]["status"] == "SUCCEEDED"
    document_id: str = (await client.ask(RESULT, id=job_id))["job"]["result"]["id"]
    return document_id


async def _download(http: httpx.AsyncClient, picture: Any, form: str) -> bytes:
    answer = await http.get(picture["image"]["url"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == picture["image"]["contentType"]
    assert len(answer.content) == picture["image"]["size"]
    with Image.open(io.BytesIO(answer.content)) as image:
        image.load()
        assert image.format == form
        assert image.size == (picture["image"]["width"], picture["image"]["height"])
    return answer.content


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("form", FORMATS)
async def test_real_layers_are_exported_with_an_archive(
    form: str, name: str, corpus: Path, client: Client, http: httpx.AsyncClient
) -> None:
    document_id = await _document_id(client, corpus / "psd" / name)
    document = await document_layers(client, document_id)
    layers = document["layers"]["nodes"][:4]
    ids = [layer["id"] for layer in layers]
    made = await exported(
        client, document_id, layerIds=ids, format=form, scales=[1, 2, 3], archive=True
    )
    pictures = made["pictures"]["nodes"]
    assert made["pictures"]["totalCount"] == len(pictures) == 3 * len(layers)
    shown = [(one["layer"]["id"], one["scale"]) for one in pictures]
    assert shown == [(one, scale) for one in ids for scale in (1, 2, 3)]
    whole = [one for one in pictures if one["image"] is not None]
    assert len(whole) >= 3
    data = {one["name"]: await _download(http, one, form) for one in whole}
    for first, double, triple in zip(*[iter(whole)] * 3, strict=True):
        for side in ("width", "height"):
            sides = [one["image"][side] for one in (first, double, triple)]
            assert sides == [sides[0], 2 * sides[0], 3 * sides[0]]
    assert all(Path(one).suffix == FORMATS[form] for one in data)
    await _check_archive(http, made["archive"], Path(name).stem, data)


async def _check_archive(
    http: httpx.AsyncClient, archive: Any, stem: str, data: dict[str, bytes]
) -> None:
    assert archive["contentType"] == "application/zip"
    answer = await http.get(archive["url"])
    assert answer.status_code == 200
    disposition = f"attachment; filename*=UTF-8''{stem}.zip"
    assert answer.headers["content-disposition"] == disposition
    assert len(answer.content) == archive["size"]
    assert hashlib.sha256(answer.content).hexdigest() == archive["sha256"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
        assert opened.testzip() is None
        assert {one: opened.read(one) for one in opened.namelist()} == data


async def test_the_whole_document_is_exported_again_without_another_upload(
    client: Client, parsed: Parsed, http: httpx.AsyncClient
) -> None:
    before = (await client.ask(COUNTS))["files"]
    made = await exported(client, parsed.document_id, scales=[1, 0.5], padding=2)
    assert (await client.ask(COUNTS))["files"] == before
    assert made["document"] == {"id": parsed.document_id}
    assert made["archive"] is None
    told = [
        (one["name"], one["layer"], one["image"]["width"], one["image"]["height"])
        for one in made["pictures"]["nodes"]
    ]
    assert told == [
        ("small.png", None, 44, 34),
        ("small@0.5x.png", None, 22, 17),
    ]
    for one in made["pictures"]["nodes"]:
        assert (one["fidelity"], one["unsupported"]) == ("EXACT", [])
        await _download(http, one, "PNG")
    ends = datetime.fromisoformat(made["expiresAt"])
    life = ends - datetime.fromisoformat(made["createdAt"])
    assert abs(life - timedelta(days=7)) < timedelta(minutes=1)


async def test_pictures_are_told_of_before_the_end(
    client: Client, parsed: Parsed
) -> None:
    layers = (await document_layers(client, parsed.document_id))["layers"]["nodes"]
    ids = [layer["id"] for layer in layers]
    payload = await ask_export(client, parsed.document_id, layerIds=ids, waitMs=0)
    assert payload["job"]["kind"] == "PSD_EXPORT"
    events = await client.watch(payload["job"]["id"], payload["cursor"])
    kinds = [event["__typename"] for event in events]
    assert (kinds[:2], kinds[-1]) == (["JobQueued", "JobStarted"], "JobSucceeded")
    names = [
        one["name"]
        for event in events
        if event["__typename"] == "PsdPicturesExported"
        for one in event["pictures"]
    ]
    assert names == ["背景.png", "Group.png", "Group/one.png", "Group/two.png"]
    progress = events[-1]["job"]["progress"]
    assert (progress["fraction"], progress["done"], progress["total"]) == (1.0, 4, 4)
    assert progress["stage"] == "pictures"


async def test_a_small_export_is_answered_within_the_wait(
    client: Client, parsed: Parsed
) -> None:
    payload = await ask_export(client, parsed.document_id, waitMs=10_000)
    assert payload["userErrors"] == []
    assert payload["job"]["status"] == "SUCCEEDED"
    assert payload["job"]["result"]["__typename"] == "PsdExport"
    export_id = payload["job"]["result"]["id"]
    found = (await client.ask(NODE, id=export_id))["node"]
    assert found == {"__typename": "PsdExport", "id": export_id}
    made = await export_of(client, export_id)
    assert made["job"] == {"id": payload["job"]["id"], "status": "SUCCEEDED"}


async def test_a_documents_exports_are_listed_newest_first(
    client: Client, parsed: Parsed
) -> None:
    count = (await client.ask(EXPORTS, id=parsed.document_id, first=0))["psdDocument"][
        "exports"
    ]["totalCount"]
    made = [
        (await exported(client, parsed.document_id, format=form))["id"]
        for form in FORMATS
    ]
    shown: list[Any] = []
    after = None
    for _ in made:
        page = await client.ask(EXPORTS, id=parsed.document_id, first=1, after=after)
        exports = page["psdDocument"]["exports"]
        assert exports["totalCount"] == count + len(made)
        after = exports["pageInfo"]["endCursor"]
        shown += exports["nodes"]
    assert [one["id"] for one in shown] == made[::-1]
    assert [one["format"] for one in shown] == [*FORMATS][::-1]
    names = [one["pictures"]["nodes"][0]["name"] for one in shown]
    assert names == [f"small{suffix}" for suffix in FORMATS.values()][::-1]


async def test_a_key_repeated_gives_the_same_export(
    client: Client, parsed: Parsed
) -> None:
    options = {"scales": [1.5], "idempotencyKey": "export", "waitMs": 10_000}
    first = await ask_export(client, parsed.document_id, **options)
    assert await ask_export(client, parsed.document_id, **options) == first
    other = await ask_export(
        client, parsed.document_id, idempotencyKey="export", scales=[2]
    )
    assert other["userErrors"] == [
        {
            "field": ["input", "idempotencyKey"],
            "code": "CONFLICT",
            "message": "This idempotency key was used with other input; choose a new "
            "key.",
        }
    ]


@pytest.mark.parametrize(
    ("options", "field", "code", "message"),
    [
        (
            {"documentId": UNKNOWN},
            ["documentId"],
            "NOT_FOUND",
            "There is no such document.",
        ),
        (
            {"documentId": "\0"},
            ["documentId"],
            "NOT_FOUND",
            "There is no such document.",
        ),
        (
            {"layerIds": [OTHER_LAYER]},
            ["layerIds", "0"],
            "NOT_FOUND",
            "There is no such layer in this document.",
        ),
        (
            {"layerIds": []},
            ["layerIds"],
            "INVALID",
            "Name at least one layer, or leave layerIds out for the whole document.",
        ),
        (
            {"layerIds": [OTHER_LAYER, "layer", OTHER_LAYER]},
            ["layerIds", "2"],
            "INVALID",
            "This layer is named twice.",
        ),
        (
            {"layerIds": [str(number) for number in range(1001)]},
            ["layerIds"],
            "LIMIT_EXCEEDED",
            "An export has at most 1000 layers; these are 1001.",
        ),
        (
            {"scales": [1, 4.01]},
            ["scales"],
            "INVALID",
            "A scale must be 0.01 to 4; one is 4.01.",
        ),
        (
            {"scales": [1, 1.00001]},
            ["scales"],
            "INVALID",
            "Each scale must be named once.",
        ),
        (
            {"width": 30_000, "height": 30_000, "fit": "STRETCH"},
            [],
            "LIMIT_EXCEEDED",
            "“the document” at scale 1 would be 30000 × 30000 pixels, and a PNG may "
            "have 100000000 in all. Ask for a smaller scale or size.",
        ),
        (
            {"background": "#12345"},
            ["background"],
            "INVALID",
            "A background is a colour like '#ffffff'; it is '#12345'.",
        ),
        (
            {"waitMs": 10_001},
            ["waitMs"],
            "INVALID",
            "waitMs must be 0 to 10000; it is 10001.",
        ),
    ],
)
async def test_what_cannot_be_exported_is_told(
    options: dict[str, Any],
    field: list[str],
    code: str,
    message: str,
    client: Client,
    parsed: Parsed,
) -> None:
    before = (await client.ask(COUNTS))["jobs"]
    asked = {"document_id": options.get("documentId", parsed.document_id)}
    own = {key: value for key, value in options.items() if key != "documentId"}
    error = {"field": ["input", *field], "code": code, "message": message}
    refused = {"job": None, "cursor": None, "userErrors": [error]}
    assert await ask_export(client, **asked, **own) == refused
    assert (await client.ask(COUNTS))["jobs"] == before
