"""Every real file through the running system, beside an independent reading of it."""

import csv
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.client import Client
from tests.integration.import_corpus import FILES, RealFile
from tests.integration.importing import (
    DATASET,
    DELETE,
    TARGETS,
    counts,
    empty_orders,
    imported,
)
from tests.integration.independent import (
    Notation,
    Numbered,
    checksum,
    expected,
    sheet_rows,
    shown,
    text_rows,
)

pytestmark = pytest.mark.timeout(120)

# No library here but the importer's own reads xls: the same orders are in a csv.
READABLE = [one for one in FILES if not one.name.endswith(".xls")]
SUPERSTORE = [one for one in FILES if one.name.endswith(".xls")]
TWIN = next(one for one in FILES if one.name == "superstore_bom.csv")
PEOPLE = [
    ["Sadie Pawthorne", "West"],
    ["Chuck Magee", "East"],
    ["Roxanne Rodriguez", "Central"],
    ["Fred Suzuki", "South"],
]
RETURNED = 296
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="session")
def data(corpus: Path) -> Path:
    """Give the folder of real files of rows."""
    return corpus / "data"


async def all_rows(client: Client, dataset_id: str) -> list[list[Any]]:
    """Return all rows of a dataset, a thousand at a time."""
    found: list[list[Any]] = []
    after = None
    while True:
        answer = await client.ask(DATASET, id=dataset_id, first=1000, after=after)
        page = answer["dataset"]["rows"]
        found += [row["values"] for row in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def independent(data: Path, file: RealFile) -> Numbered:
    """Read a file without any code of ours."""
    path = data / file.name
    if file.text is not None:
        return text_rows(path, *file.text, header=file.header)
    return sheet_rows(path, file.sheet or file.chosen or "", header=file.header)


def compare(
    rows: list[list[Any]],
    theirs: list[list[Any]],
    types: list[tuple[str, str]],
    notation: Notation,
) -> None:
    """Compare column by column: values, nulls, checksums."""
    assert len(rows) == len(theirs)
    for at, (name, kind) in enumerate(types):
        mine = [shown(row[at], kind) for row in rows]
        other = [expected(row[at], kind, notation) for row in theirs]
        apart = [pair for pair in zip(mine, other, strict=True) if pair[0] != pair[1]]
        assert (name, apart[:5]) == (name, [])
        assert checksum(mine) == checksum(other), name
        assert mine.count(None) == [row[at] for row in theirs].count(None), name


async def imported_as_dataset(
    client: Client, path: Path, file: RealFile
) -> list[list[Any]]:
    """Import a file, check what the graph says of it; return its rows."""
    file_id = await client.upload(path)
    read = {"sheet": file.sheet}
    record = await imported(client, file_id, read=read)
    inserted = file.rows - len(file.rejected)
    assert counts(record) == [file.rows, inserted, 0, len(file.rejected)]
    dataset = record["dataset"]
    found = [(one["name"], one["type"]) for one in dataset["columns"]]
    assert found == file.types
    assert dataset["rowCount"] == inserted
    errors = record["errors"]["nodes"]
    assert {one["row"]: one["code"] for one in errors} == file.rejected
    rows = await all_rows(client, dataset["id"])
    answer = await client.ask(DELETE, id=dataset["id"])
    assert answer["deleteDataset"]["userErrors"] == []
    return rows


@pytest.mark.parametrize("file", READABLE, ids=lambda file: file.id)
async def test_a_real_file_is_stored_as_it_stands(
    file: RealFile, data: Path, client: Client
) -> None:
    rows = await imported_as_dataset(client, data / file.name, file)
    numbers, theirs = independent(data, file)
    good = [
        row
        for number, row in zip(numbers, theirs, strict=True)
        if number not in file.rejected
    ]
    assert len(theirs) == file.rows
    compare(rows, good, file.types, file.notation)


@pytest.mark.parametrize("file", SUPERSTORE, ids=lambda file: file.id)
async def test_sheets_of_an_xls_are_read_by_name(
    file: RealFile, data: Path, client: Client
) -> None:
    rows = await imported_as_dataset(client, data / file.name, file)
    _, orders = independent(data, TWIN)
    match file.sheet:
        case "People":
            assert rows == PEOPLE
        case "Returns":
            assert {row[0] for row in rows} == {True}
            assert {row[1] for row in rows} <= {order[1] for order in orders}
            assert len({row[1] for row in rows}) == RETURNED
        case _:
            seen = [[*map(without_noise, row)] for row in rows]
            compare(seen, orders, file.types, TWIN.notation)


def without_noise(value: Any) -> Any:
    """Round a decimal as the twin in text was rounded when it was written."""
    if isinstance(value, str) and re.fullmatch(r"-?\d+\.\d{10,}", value):
        return f"{Decimal(value):.9f}".rstrip("0")
    return value


async def orders_of(
    client: Client, path: Path, **options: Any
) -> tuple[Any, list[dict[str, Any]]]:
    """Import a file into the empty target `orders`; return record and rows."""
    await empty_orders(client)
    file_id = await client.upload(path)
    record = await imported(client, file_id, target="orders", **options)
    rows = await all_rows(client, record["dataset"]["id"])
    targets = (await client.ask(TARGETS))["importTargets"]
    (names,) = [
        [column["name"] for column in one["columns"]]
        for one in targets
        if one["name"] == "orders"
    ]
    await empty_orders(client)
    return record, [dict(zip(names, row, strict=True)) for row in rows]


async def test_a_tmall_report_becomes_orders(data: Path, client: Client) -> None:
    path = data / "tmall_order_report.csv"
    read = {"timeZone": "Asia/Shanghai"}
    record, rows = await orders_of(client, path, read=read)
    assert counts(record) == [28_010, 28_010, 0, 0]
    _, theirs = text_rows(path, "utf-8", ",")
    assert len(rows) == len(theirs) == 28_010
    for row, (number, total, _paid, province, created, paid, _) in zip(
        rows, theirs, strict=True
    ):
        found = {name: value for name, value in row.items() if value is not None}
        assert Decimal(found.pop("amount")) == Decimal(total)
        times = {"created_at": created, "paid_at": paid}
        for name, text in times.items():
            assert _instant(found.pop(name, None)) == _in_shanghai(text)
        assert found == {"order_number": number, "province": province}


async def test_a_sheet_of_several_platforms_becomes_orders(
    data: Path, client: Client
) -> None:
    path = data / "multi_platform_sales_gb18030.csv"
    mapping = [{"heading": "销售信息", "column": "order_number"}]
    record, rows = await orders_of(client, path, mapping=mapping)
    assert counts(record) == [20, 18, 0, 2]
    errors = [
        (one["row"], one["column"], one["value"], one["code"])
        for one in record["errors"]["nodes"]
    ]
    assert errors == [
        (12, "销售信息", None, "REQUIRED"),
        (13, "销售信息", None, "REQUIRED"),
    ]
    numbers, theirs = text_rows(path, "gb18030", ",")
    good = [row for at, row in zip(numbers, theirs, strict=True) if at not in (12, 13)]
    for row, (day, number, _, price, quantity, amount) in zip(rows, good, strict=True):
        assert row["order_number"] == number
        assert row["quantity"] == (int(quantity) if quantity else None)
        for name, text in {"unit_price": price, "amount": amount}.items():
            stored = row[name]
            assert (None if stored is None else Decimal(stored)) == (
                Decimal(text) if text else None
            )
        assert _instant(row["created_at"]) == (
            datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) if day else None
        )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _in_shanghai(text: str | None) -> datetime | None:
    found = _instant(text)
    return found and found.replace(tzinfo=SHANGHAI)


def test_every_real_file_is_expected(data: Path) -> None:
    with (data / "MANIFEST.csv").open(encoding="utf-8-sig", newline="") as file:
        listed = {row["file"] for row in csv.DictReader(file)}
    assert listed == {one.name for one in FILES}
    assert len(listed) == 14
