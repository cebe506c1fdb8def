"""importPreview: what is in a file, and files that kill who looks at them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from tests.client import Client
from tests.integration.importing import (
    PREVIEW,
    ask_import,
    upload_text,
    watch_import,
)

HOSTILE = ("dim.xlsx", "lie.xlsx", "sst.xlsx")


async def _preview(client: Client, file_id: str, **options: Any) -> Any:
    return (await client.ask(PREVIEW, fileId=file_id, **options))["importPreview"]


async def test_a_text_is_shown_before_it_is_imported(
    client: Client, tmp_path: Path
) -> None:
    text = "订单号;数量;colour\nA1;1,5;red\nA2;2;\n"
    path = tmp_path / "orders.csv"
    path.write_bytes(text.encode("gb18030"))
    answer = await _preview(client, await client.upload(path), target="orders")
    assert answer["userErrors"] == []
    seen = answer["preview"]
    assert (seen["sheets"], seen["delimiter"], seen["headerRow"]) == ([], ";", 1)
    assert seen["encoding"].upper() in ("GB18030", "GBK")
    mapped = [(one["heading"], one["mapsTo"]) for one in seen["columns"]]
    assert mapped == [
        ("订单号", "order_number"),
        ("数量", "quantity"),
        ("colour", None),
    ]
    assert seen["rows"] == [["A1", "1,5", "red"], ["A2", "2", None]]


async def test_a_sheet_is_chosen(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name in ("one", "two"):
            book.add_worksheet(name).write_column(0, 0, ["head", name])
    file_id = await client.upload(path)
    first = (await _preview(client, file_id))["preview"]
    assert (first["sheets"], first["rows"]) == (["one", "two"], [["one"]])
    second = (await _preview(client, file_id, read={"sheet": "two"}))["preview"]
    assert second["rows"] == [["two"]]
    refused = await _preview(client, file_id, read={"sheet": "three"})
    assert refused["preview"] is None
    [error] = refused["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", ["read", "sheet"])


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_files_kill_nothing(
    name: str, client: Client, corpus: Path, tmp_path: Path
) -> None:
    hostile = corpus / "hostile" / name
    if not hostile.exists():
        pytest.skip("no hostile files: they lie by ONEMANAGE_CORPUS")
    file_id = await client.upload(hostile)
    answer = await _preview(client, file_id)
    if answer["preview"] is None:
        [error] = answer["userErrors"]
        assert error["code"] in ("LIMIT_EXCEEDED", "CORRUPT_FILE")
    events = await watch_import(client, await ask_import(client, file_id))
    if events[-1]["__typename"] == "JobFailed":
        error = events[-1]["job"]["error"]
        assert error["code"] in ("LIMIT_EXCEEDED", "CORRUPT_FILE")
        assert not error["retryable"]
    good = await upload_text(client, tmp_path / "good.csv", "a,b\n1,2\n")
    assert (await _preview(client, good))["preview"]["rows"] == [["1", "2"]]


async def test_one_person_waits_for_few_previews_at_once(
    client: Client, tmp_path: Path
) -> None:
    file_id = await upload_text(client, tmp_path / "some.csv", "a,b\n1,2\n")
    answers = await asyncio.gather(*(_preview(client, file_id) for _ in range(6)))
    shown = [one for one in answers if one["preview"] is not None]
    refused = [one["userErrors"][0]["code"] for one in answers if one not in shown]
    assert len(shown) >= 2
    assert set(refused) <= {"LIMIT_EXCEEDED"}
    assert (await _preview(client, file_id))["preview"] is not None
