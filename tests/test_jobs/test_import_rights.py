"""Whose imports, datasets and rows they are, and what only administrators may do."""

from pathlib import Path
from typing import Any

import pytest

from tests.client import Client
from tests.integration.gateway import Gateway
from tests.integration.importing import (
    DATASET,
    DELETE,
    PREVIEW,
    UNDO,
    ask_import,
    imported,
    record_of,
    record_of_job,
    rows_of,
    upload_text,
    watch_import,
)
from tests.test_jobs.bench import ADMINISTRATOR
from tests.test_jobs.plant import Site

ORDERS = "order number,amount\n1,5\n2,x\n"
NODE = "query ($id: ID!) { node(id: $id) { id } }"
LISTS = """
{
  importRecords { totalCount nodes { id } }
  datasets { nodes { id target } }
}
"""


def _codes(payload: Any) -> list[tuple[str, tuple[str, ...]]]:
    return [(one["code"], tuple(one["field"])) for one in payload["userErrors"]]


async def test_members_append_and_only_administrators_replace(
    site: Site, gate: Gateway, tmp_path: Path
) -> None:
    gate.call_as(await site.bench.new_member())
    async with Client(gate.base_url) as client:
        file_id = await upload_text(client, tmp_path / "orders.csv", ORDERS)
        refused = await ask_import(client, file_id, target="orders", mode="REPLACE")
        assert refused["job"] is None
        assert _codes(refused) == [("FORBIDDEN", ("input", "mode"))]
        with site.plant.worker():
            record = await imported(client, file_id, target="orders")
            upserted = await imported(client, file_id, target="orders", mode="UPSERT")
            await site.queue_empties()
        assert (record["rowsInserted"], upserted["rowsUpdated"]) == (1, 1)
        orders_id = record["dataset"]["id"]
        answer = (await client.ask(DELETE, id=orders_id))["deleteDataset"]
        assert _codes(answer) == [("FORBIDDEN", ("id",))]
        assert len(await rows_of(client, orders_id)) == 1
        gate.call_as(ADMINISTRATOR)
        answer = (await client.ask(DELETE, id=orders_id))["deleteDataset"]
        assert answer == {"deletedId": orders_id, "userErrors": []}
        assert await rows_of(client, orders_id) == []


async def test_what_is_anothers_is_not_there(
    site: Site, gate: Gateway, tmp_path: Path
) -> None:
    owner, other = await site.bench.new_member(), await site.bench.new_member()
    gate.call_as(owner)
    async with Client(gate.base_url) as client:
        file_id = await upload_text(client, tmp_path / "orders.csv", ORDERS)
        with site.plant.worker():
            orders = await imported(client, file_id, target="orders")
            made = await imported(client, file_id)
            await site.queue_empties()
        error_id = orders["errors"]["nodes"][0]["id"]
        own = [made["id"], made["dataset"]["id"], error_id]
        lists = await client.ask(LISTS)
        assert lists["importRecords"]["totalCount"] == 2
        for one in own:
            assert (await client.ask(NODE, id=one))["node"] == {"id": one}
        gate.call_as(other)
        for one in own:
            assert (await client.ask(NODE, id=one))["node"] is None
        assert await record_of(client, made["id"]) is None
        assert (await client.ask(DATASET, id=own[1]))["dataset"] is None
        lists = await client.ask(LISTS)
        assert lists["importRecords"] == {"totalCount": 0, "nodes": []}
        assert [one["target"] for one in lists["datasets"]["nodes"]] == ["orders"]
        refused = await ask_import(client, file_id, target="orders")
        assert _codes(refused) == [("NOT_FOUND", ("input", "fileId"))]
        seen = (await client.ask(PREVIEW, fileId=file_id))["importPreview"]
        assert seen["preview"] is None
        assert _codes(seen) == [("NOT_FOUND", ("fileId",))]
        undone = (await client.ask(UNDO, id=made["id"]))["undoImport"]
        assert _codes(undone) == [("NOT_FOUND", ("importId",))]
        deleted = (await client.ask(DELETE, id=own[1]))["deleteDataset"]
        assert _codes(deleted) == [("NOT_FOUND", ("id",))]
        assert len(await rows_of(client, orders["dataset"]["id"])) == 1


@pytest.mark.parametrize(
    ("options", "code", "field"),
    [
        ({"target": "nothing"}, "NOT_FOUND", "target"),
        ({"mode": "UPSERT"}, "INVALID", "mode"),
        ({"mode": "REPLACE"}, "INVALID", "mode"),
        ({"target": "orders", "datasetName": "x"}, "INVALID", "datasetName"),
        ({"datasetName": ""}, "INVALID", "datasetName"),
        ({"datasetName": "x" * 201}, "INVALID", "datasetName"),
        ({"mapping": [{"heading": "a", "column": "amount"}]}, "INVALID", "mapping"),
        (
            {"target": "orders", "mapping": [{"heading": "a", "column": "colour"}]},
            "INVALID",
            "mapping",
        ),
        (
            {
                "target": "orders",
                "mapping": [{"heading": one, "column": "sku"} for one in "ab"],
            },
            "INVALID",
            "mapping",
        ),
        (
            {
                "target": "orders",
                "mapping": [{"heading": "a", "column": "sku"}] * 1001,
            },
            "INVALID",
            "mapping",
        ),
        ({"read": {"timeZone": "Mars/Olympus"}}, "INVALID", "timeZone"),
        ({"read": {"headerRow": 0}}, "INVALID", "headerRow"),
        ({"read": {"nullValues": ["x"] * 101}}, "INVALID", "nullValues"),
        ({"read": {"delimiter": ""}}, "INVALID", "delimiter"),
        ({"read": {"sheet": "x" * 256}}, "INVALID", "sheet"),
        ({"waitMs": 10_001}, "INVALID", "waitMs"),
        ({"idempotencyKey": ""}, "INVALID", "idempotencyKey"),
    ],
)
async def test_what_cannot_be_is_refused_before_any_job(
    site: Site,
    gate: Gateway,
    tmp_path: Path,
    options: dict[str, Any],
    code: str,
    field: str,
) -> None:
    async with Client(gate.base_url) as client:
        file_id = await upload_text(client, tmp_path / "orders.csv", ORDERS)
        refused = await ask_import(client, file_id, **options)
        assert refused["job"] is None
        assert [(one, where[-1]) for one, where in _codes(refused)] == [(code, field)]
        assert await site.bench.count("jobs") == 0


async def test_a_key_repeated_gives_the_same_import(
    site: Site, gate: Gateway, tmp_path: Path
) -> None:
    async with Client(gate.base_url) as client:
        file_id = await upload_text(client, tmp_path / "orders.csv", ORDERS)
        key = {"idempotencyKey": "once", "target": "orders"}
        first = await ask_import(client, file_id, **key)
        again = await ask_import(client, file_id, **key)
        assert first["userErrors"] == again["userErrors"] == []
        assert again["job"]["id"] == first["job"]["id"]
        other = await ask_import(client, file_id, dryRun=True, **key)
        assert _codes(other) == [("CONFLICT", ("input", "idempotencyKey"))]
        assert await site.bench.count("jobs") == 1
        await site.bench.jobs.cancel(ADMINISTRATOR, first["job"]["id"])
        with site.plant.worker():
            retry = "mutation ($id: ID!) { retryJob(id: $id) { job { id } cursor } }"
            payload = (await client.ask(retry, id=first["job"]["id"]))["retryJob"]
            payload["userErrors"] = []
            events = await watch_import(client, payload)
            assert events[-1]["__typename"] == "JobSucceeded"
            await site.queue_empties()
        record = await record_of_job(client, payload["job"]["id"])
        assert (record["rowsInserted"], record["rowsRejected"]) == (1, 1)
