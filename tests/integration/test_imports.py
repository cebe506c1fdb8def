"""importData through the running system: datasets, targets, errors, reports, undo."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from tests.client import Client
from tests.integration.importing import (
    DATASET,
    DELETE,
    UNDO,
    ask_import,
    counts,
    download,
    empty_orders,
    imported,
    record_of,
    record_of_job,
    rows_of,
    upload_text,
    watch_import,
)

ORDERS = (
    "订单编号,platform,sku,数量,单价,总金额,currency,paid at\n"
    "1001,taobao,A,2,10.50,21.00,CNY,2026-01-02 03:04:05\n"
    "1002,taobao,B,1,¥ 8,8.00,CNY,2026-01-13 00:00:00\n"
    "1003,jd,A,3,1,3.00,CNY,\n"
)
DELETE_FILE = """
mutation ($id: ID!) {
  deleteFile(id: $id) { deletedId userErrors { field code message } }
}
"""
BAD_ORDERS = (
    "order number,platform,sku,quantity,amount,note\n"
    "2001,taobao,A,2,21.00,fine\n"
    "2002,taobao,A,two,21.00,=1+1\n"
    ",taobao,A,1,1.00,no number\n"
    "2001,taobao,A,3,5.00,again\n"
    "2004,taobao,A,4,8.00,fine too\n"
)
TYPED = (
    "id,name,price,day,ok\n"
    "1,Müller,1.50,2026-01-31,yes\n"
    "2,李雷,20,2026-02-01,no\n"
    "3,,0.125,,yes\n"
)


@pytest.fixture(autouse=True)
async def _no_orders(client: Client) -> None:
    """Begin with no orders, as an administrator may have it."""
    await empty_orders(client)


async def test_a_csv_becomes_a_typed_dataset(client: Client, tmp_path: Path) -> None:
    file_id = await upload_text(client, tmp_path / "typed.csv", TYPED)
    record = await imported(client, file_id, datasetName="Typed")
    assert counts(record) == [3, 3, 0, 0]
    assert (record["target"], record["mode"]) == (None, "APPEND")
    dataset = record["dataset"]
    assert (dataset["name"], dataset["rowCount"]) == ("Typed", 3)
    assert [(one["name"], one["type"]) for one in dataset["columns"]] == [
        ("id", "INTEGER"),
        ("name", "TEXT"),
        ("price", "DECIMAL"),
        ("day", "DATE"),
        ("ok", "BOOLEAN"),
    ]
    assert await rows_of(client, dataset["id"]) == [
        [1, "Müller", "1.5", "2026-01-31", True],
        [2, "李雷", "20", "2026-02-01", False],
        [3, None, "0.125", None, True],
    ]
    assert record["errorReport"] is None
    assert record["errors"]["totalCount"] == 0


async def test_a_dataset_is_paged_and_deleted(client: Client, tmp_path: Path) -> None:
    lines = "".join(f"{number}\n" for number in range(1, 2502))
    file_id = await upload_text(client, tmp_path / "long.csv", "n\n" + lines)
    dataset_id = (await imported(client, file_id))["dataset"]["id"]
    seen: list[int] = []
    after = None
    while True:
        page = (await client.ask(DATASET, id=dataset_id, first=1000, after=after))[
            "dataset"
        ]["rows"]
        seen += [row["values"][0] for row in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == [*range(1, 2502)]
    answer = (await client.ask(DELETE, id=dataset_id))["deleteDataset"]
    assert answer == {"deletedId": dataset_id, "userErrors": []}
    assert (await client.ask(DATASET, id=dataset_id))["dataset"] is None
    again = (await client.ask(DELETE, id=dataset_id))["deleteDataset"]
    assert [one["code"] for one in again["userErrors"]] == ["NOT_FOUND"]


async def test_a_deleted_file_takes_its_dataset_along(
    client: Client, tmp_path: Path
) -> None:
    file_id = await upload_text(client, tmp_path / "typed.csv", TYPED)
    record = await imported(client, file_id)
    orders_file = await upload_text(client, tmp_path / "orders.csv", ORDERS)
    orders = await imported(client, orders_file, target="orders")
    for one in (file_id, orders_file):
        answer = (await client.ask(DELETE_FILE, id=one))["deleteFile"]
        assert answer == {"deletedId": one, "userErrors": []}
    assert await record_of(client, record["id"]) is None
    dataset_id = record["dataset"]["id"]
    assert (await client.ask(DATASET, id=dataset_id))["dataset"] is None
    assert len(await rows_of(client, orders["dataset"]["id"])) == 3


async def test_orders_are_appended_and_updated_by_key(
    client: Client, tmp_path: Path
) -> None:
    text = ORDERS.replace("13 00:00:00", "13 00:00:01")
    file_id = await upload_text(client, tmp_path / "orders.csv", text)
    first = await imported(client, file_id, target="orders")
    assert counts(first) == [3, 3, 0, 0]
    assert first["duplicateOf"] is None
    assert first["dataset"]["rowCount"] == 3
    again = await imported(client, file_id, target="orders")
    assert counts(again) == [3, 0, 0, 3]
    assert again["duplicateOf"] == {"id": first["id"]}
    assert {one["code"] for one in again["errors"]["nodes"]} == {"DUPLICATE_KEY"}
    changed = ORDERS.replace("21.00", "99.00") + "1004,jd,B,1,1,1,CNY,\n"
    other = await upload_text(client, tmp_path / "changed.csv", changed)
    upserted = await imported(client, other, target="orders", mode="UPSERT")
    assert counts(upserted) == [4, 1, 3, 0]
    rows = await rows_of(client, upserted["dataset"]["id"])
    amounts = {row[0]: row[7] for row in rows}
    assert amounts == {"1001": "99", "1002": "8", "1003": "3", "1004": "1"}


async def test_undo_takes_an_upsert_back_and_no_more(
    client: Client, tmp_path: Path
) -> None:
    file_id = await upload_text(client, tmp_path / "orders.csv", ORDERS)
    first = await imported(client, file_id, target="orders")
    before = await rows_of(client, first["dataset"]["id"])
    changed = ORDERS.replace("21.00", "99.00") + "1004,jd,B,1,1,1,CNY,\n"
    other = await upload_text(client, tmp_path / "changed.csv", changed)
    second = await imported(client, other, target="orders", mode="UPSERT")
    refused = (await client.ask(UNDO, id=first["id"]))["undoImport"]
    assert [one["code"] for one in refused["userErrors"]] == ["CONFLICT"]
    undone = (await client.ask(UNDO, id=second["id"]))["undoImport"]
    assert undone["userErrors"] == []
    assert undone["importRecord"]["undoneAt"] is not None
    assert await rows_of(client, first["dataset"]["id"]) == before
    twice = (await client.ask(UNDO, id=second["id"]))["undoImport"]
    assert [one["code"] for one in twice["userErrors"]] == ["CONFLICT"]
    whole = (await client.ask(UNDO, id=first["id"]))["undoImport"]
    assert whole["userErrors"] == []
    assert await rows_of(client, first["dataset"]["id"]) == []


async def test_replace_swaps_the_whole_content(client: Client, tmp_path: Path) -> None:
    first = await upload_text(client, tmp_path / "orders.csv", ORDERS)
    await imported(client, first, target="orders")
    text = "order number,amount\n7,1\n8,2\n"
    other = await upload_text(client, tmp_path / "other.csv", text)
    record = await imported(client, other, target="orders", mode="REPLACE")
    assert counts(record) == [2, 2, 0, 0]
    rows = await rows_of(client, record["dataset"]["id"])
    assert [row[0] for row in rows] == ["7", "8"]
    refused = (await client.ask(UNDO, id=record["id"]))["undoImport"]
    assert [one["code"] for one in refused["userErrors"]] == ["CONFLICT"]


async def test_bad_rows_are_told_listed_and_reported(
    client: Client, tmp_path: Path
) -> None:
    file_id = await upload_text(client, tmp_path / "bad.csv", BAD_ORDERS)
    payload = await ask_import(client, file_id, target="orders")
    events = await watch_import(client, payload)
    assert events[-1]["__typename"] == "JobSucceeded"
    record = await record_of_job(client, payload["job"]["id"])
    assert counts(record) == [5, 2, 0, 3]
    listed = record["errors"]["nodes"]
    assert [(one["row"], one["column"], one["code"]) for one in listed] == [
        (3, "quantity", "NOT_A_NUMBER"),
        (4, "order number", "REQUIRED"),
        (5, "order number", "DUPLICATE_KEY"),
    ]
    told = [one for event in events for one in event.get("errors", ())]
    assert sorted(told, key=lambda one: one["row"]) == listed
    assert [event["rejected"] for event in events if "rejected" in event][-1] == 3
    replayed = await watch_import(client, payload)
    assert replayed == events
    node = "query ($id: ID!) { node(id: $id) { ... on ImportError { row code } } }"
    found = (await client.ask(node, id=listed[0]["id"]))["node"]
    assert found == {"row": 3, "code": "NOT_A_NUMBER"}


async def test_a_report_is_mended_and_imported_again(
    client: Client, tmp_path: Path
) -> None:
    file_id = await upload_text(client, tmp_path / "bad.csv", BAD_ORDERS)
    record = await imported(client, file_id, target="orders")
    report = (await download(record["errorReport"])).decode("utf-8-sig")
    head, *rows = list(csv.reader(io.StringIO(report)))
    assert head[-2:] == ["OneManage row", "OneManage errors"]
    assert [row[-2] for row in rows] == ["3", "4", "5"]
    assert all(not field.startswith("=") for row in rows for field in row)
    assert [row[3] for row in rows] == ["two", "1", "3"]
    mended = report.replace("two", "2").replace(",taobao,A,1", "2003,taobao,A,1", 1)
    other = await upload_text(client, tmp_path / "mended.csv", mended)
    again = await imported(client, other, target="orders")
    assert counts(again) == [3, 2, 0, 1]


async def test_a_dry_run_stores_nothing_and_counts_the_same(
    client: Client, tmp_path: Path
) -> None:
    text = BAD_ORDERS.replace("fine", "dry")
    file_id = await upload_text(client, tmp_path / "dry.csv", text)
    dry = await imported(client, file_id, target="orders", dryRun=True)
    assert dry["dryRun"] is True
    assert dry["dataset"] is None
    assert dry["errorReport"] is not None
    wet = await imported(client, file_id, target="orders")
    assert counts(dry) == counts(wet) == [5, 2, 0, 3]
    assert wet["duplicateOf"] is None
    plain = [{**one, "id": ""} for one in wet["errors"]["nodes"]]
    assert [{**one, "id": ""} for one in dry["errors"]["nodes"]] == plain
    refused = (await client.ask(UNDO, id=dry["id"]))["undoImport"]
    assert [one["code"] for one in refused["userErrors"]] == ["CONFLICT"]


async def test_abort_stores_nothing_and_lists_all(
    client: Client, tmp_path: Path
) -> None:
    file_id = await upload_text(client, tmp_path / "bad.csv", BAD_ORDERS)
    payload = await ask_import(client, file_id, target="orders", onRowError="ABORT")
    events = await watch_import(client, payload)
    assert events[-1]["__typename"] == "JobFailed"
    error = events[-1]["job"]["error"]
    assert (error["code"], error["retryable"]) == ("INVALID_INPUT", False)
    assert error["message"].startswith("3 rows are bad of 5, so nothing was stored.")
    assert "Row 3, quantity:" in error["message"]
    record = await record_of_job(client, payload["job"]["id"])
    assert counts(record) == [5, 0, 0, 3]
    assert record["errors"]["totalCount"] == 3
    assert record["errorReport"] is not None
    good = await upload_text(client, tmp_path / "orders.csv", ORDERS)
    stored = await imported(client, good, target="orders", onRowError="ABORT")
    assert stored["dataset"]["rowCount"] == 3


async def test_nothing_is_replaced_by_bad_rows_alone(
    client: Client, tmp_path: Path
) -> None:
    good = await upload_text(client, tmp_path / "orders.csv", ORDERS)
    before = await imported(client, good, target="orders", mode="REPLACE")
    text = "order number,quantity\n1,x\n2,y\n"
    file_id = await upload_text(client, tmp_path / "bad.csv", text)
    payload = await ask_import(client, file_id, target="orders", mode="REPLACE")
    events = await watch_import(client, payload)
    error = events[-1]["job"]["error"]
    assert error["code"] == "INVALID_INPUT"
    assert error["message"].startswith("2 rows are bad of 2, so nothing was stored.")
    record = await record_of_job(client, payload["job"]["id"])
    assert counts(record) == [2, 0, 0, 2]
    assert len(await rows_of(client, before["dataset"]["id"])) == 3


async def test_a_mapping_wins_over_names(client: Client, tmp_path: Path) -> None:
    text = "number,amount,total\n1,5,7\n2,6,8\n"
    file_id = await upload_text(client, tmp_path / "mapped.csv", text)
    mapping = [
        {"heading": "number", "column": "order_number"},
        {"heading": "total", "column": "amount"},
    ]
    record = await imported(client, file_id, target="orders", mapping=mapping)
    rows = await rows_of(client, record["dataset"]["id"])
    assert [(row[0], row[7]) for row in rows] == [("1", "7"), ("2", "8")]


async def test_errors_are_paged(client: Client, tmp_path: Path) -> None:
    bad = "".join(f"{number},x\n" for number in range(120))
    text = "order number,quantity\n" + bad
    file_id = await upload_text(client, tmp_path / "all_bad.csv", text)
    payload = await ask_import(client, file_id, target="orders")
    events = await watch_import(client, payload)
    told = [one for event in events for one in event.get("errors", ())]
    assert 1 <= len(told) <= 20 * sum("errors" in event for event in events)
    record = await record_of_job(client, payload["job"]["id"])
    assert counts(record) == [120, 0, 0, 120]
    seen: list[Any] = []
    after = None
    for _ in range(3):
        page = (await record_of(client, record["id"], first=50, after=after))["errors"]
        assert page["totalCount"] == 120
        seen += page["nodes"]
        after = page["pageInfo"]["endCursor"]
    assert [one["row"] for one in seen] == [*range(2, 122)]


async def test_a_workbook_becomes_a_dataset_and_orders(
    client: Client, tmp_path: Path
) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("订单")
        sheet.write_row(0, 0, ["order number", "quantity", "amount"])
        sheet.write_row(1, 0, ["A1", 2, 3.5])
        sheet.write_row(2, 0, ["A2", "many", 4])
    file_id = await client.upload(path)
    made = await imported(client, file_id)
    assert counts(made) == [2, 2, 0, 0]
    types = [one["type"] for one in made["dataset"]["columns"]]
    assert types == ["TEXT", "TEXT", "DECIMAL"]
    orders = await imported(client, file_id, target="orders")
    assert counts(orders) == [2, 1, 0, 1]
    assert orders["errors"]["nodes"][0]["row"] == 3
    report = await download(orders["errorReport"])
    (tmp_path / "report.xlsx").write_bytes(report)
    assert report[:2] == b"PK"


async def test_numbers_of_a_workbook_are_what_they_are(
    client: Client, tmp_path: Path
) -> None:
    """A comma in a text beside them changes none; ids that lost digits are told."""
    path = tmp_path / "numbers.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["order number", "amount"])
        sheet.write_row(1, 0, ["MX1", 1.005])
        sheet.write_row(2, 0, ["MX2", "12,50"])
        sheet.write_row(3, 0, [2025111112345678901, 1234.567])
        sheet.write_row(4, 0, [2025111112345678902, 1])
    file_id = await client.upload(path)
    record = await imported(client, file_id, target="orders")
    assert counts(record) == [4, 2, 0, 2]
    errors = record["errors"]["nodes"]
    assert [(one["row"], one["code"]) for one in errors] == [
        (4, "NOT_ALLOWED"),
        (5, "NOT_ALLOWED"),
    ]
    columns = [one["name"] for one in record["dataset"]["columns"]]
    rows = await rows_of(client, record["dataset"]["id"])
    assert [row[columns.index("Amount")] for row in rows] == ["1.005", "12.5"]


async def test_a_row_with_too_many_fields_stays_rejected(
    client: Client, tmp_path: Path
) -> None:
    text = "order number,platform,sku\nA1,JD,S\nA2,JD,red, large\nA3\n"
    file_id = await upload_text(client, tmp_path / "uneven.csv", text)
    record = await imported(client, file_id, target="orders")
    assert counts(record) == [3, 1, 0, 2]
    report = (await download(record["errorReport"])).decode("utf-8-sig")
    other = await upload_text(client, tmp_path / "unmended.csv", report)
    again = await imported(client, other, target="orders")
    assert counts(again) == [2, 0, 0, 2]
    codes = [one["code"] for one in again["errors"]["nodes"]]
    assert codes == ["TOO_MANY_FIELDS", "TOO_FEW_FIELDS"]
