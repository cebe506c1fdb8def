"""Datasets: whose they are, what is in them, and how they go."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from core.database_async import Database
from core.errors import AppError
from core.security import Caller
from features.data_import.datasets import DatasetsService
from features.data_import.models import (
    Dataset,
    ImportMode,
    StoredColumn,
    target_dataset_id,
)
from features.data_import.utils.types import ColumnType
from features.files.deleting import Deletions
from features.jobs.reading import JobRowsService
from tests.test_data_import.warehouse import ADMINISTRATOR, Warehouse, column

A = ("A", "x", "paid", 1)
B = ("B", "", None, 2)
KINDS = (
    column("c1", ColumnType.TEXT, 'a "b" :c %d'),
    column("c2", ColumnType.INTEGER, "n"),
    column("c3", ColumnType.DECIMAL, "d"),
    column("c4", ColumnType.BOOLEAN, "b"),
    column("c5", ColumnType.DATE, "day"),
    column("c6", ColumnType.TIMESTAMP, "naive"),
    column("c7", ColumnType.TIMESTAMP, "aware", aware=True),
)
MOMENT = datetime(2024, 2, 29, 23, 59, 59, 120000)
FULL = ("", 2**53, Decimal("19.9000"), True, date(2024, 2, 29), MOMENT, MOMENT)
LARGE = ("a:b", -(2**53) - 1, Decimal("100.0000"), False, date(1, 1, 1), MOMENT, MOMENT)
EMPTY = (None,) * 7


@pytest.fixture
def datasets(database: Database) -> DatasetsService:
    return DatasetsService(database)


async def made(
    warehouse: Warehouse, datasets: DatasetsService, caller: Caller, rows: Any = (A,)
) -> Dataset:
    """Import rows into a dataset, and return it."""
    stored = await warehouse.append(rows, target=None, caller=caller)
    dataset_id = (await warehouse.reread(stored.import_id)).dataset_id
    assert dataset_id is not None
    return (await datasets.by_ids([dataset_id]))[dataset_id]


async def test_values_are_ready_for_json(
    warehouse: Warehouse, datasets: DatasetsService
) -> None:
    rows = [FULL, LARGE, EMPTY]
    await warehouse.append(rows, target=None, columns=KINDS)
    (dataset,) = [one for one in await datasets.page(None, 9, None) if not one.target]
    assert (dataset.name, dataset.row_count) == ("A dataset", 3)
    assert list(datasets.columns(dataset)) == [
        StoredColumn(one.heading, one.name, one.type, one.aware) for one in KINDS
    ]
    found = await datasets.rows(dataset, 10, 0)
    assert list(found.keys) == [1, 2, 3]
    text = "2024-02-29T23:59:59.12"
    assert list(found.values) == [
        ["", 2**53, "19.9", True, "2024-02-29", text, f"{text}Z"],
        ["a:b", "-9007199254740993", "100", False, "0001-01-01", text, f"{text}Z"],
        [None] * 7,
    ]


async def test_pages_go_on_where_the_last_has_ended(
    warehouse: Warehouse, datasets: DatasetsService
) -> None:
    rows = [(f"{number}", "x", None, number) for number in range(1, 8)]
    dataset = await made(warehouse, datasets, ADMINISTRATOR, rows)
    keys: list[int] = []
    while found := (await datasets.rows(dataset, 3, keys[-1] if keys else 0)).keys:
        keys += found
    assert keys == [1, 2, 3, 4, 5, 6, 7]


async def test_a_targets_rows_are_shown_by_their_ids(
    warehouse: Warehouse, datasets: DatasetsService
) -> None:
    await warehouse.append([A, B])
    gone = await warehouse.append([("C", "x", None, 3)])
    await warehouse.select("delete from orders where order_number = 'A' returning 1")
    await warehouse.append([("D", "x", None, 4)])
    dataset = await datasets.for_target("orders")
    names = [one.column for one in datasets.columns(dataset)]
    page = await datasets.rows(dataset, 2, 0)
    shown = [dict(zip(names, values, strict=True)) for values in page.values]
    assert [one["order_number"] for one in shown] == ["B", "C"]
    assert [one["sku"] for one in shown] == [None, "x"]
    assert [one["platform"] for one in shown] == [None, None]
    rest = await datasets.rows(dataset, 2, page.keys[-1])
    assert [values[0] for values in rest.values] == ["D"]
    assert gone.merged.inserted == 1


async def test_a_targets_dataset_is_made_once(
    warehouse: Warehouse, database: Database
) -> None:
    services = [DatasetsService(database) for _ in range(5)]
    found = await asyncio.gather(*(one.for_target("orders") for one in services))
    assert {one.id for one in found} == {target_dataset_id("orders")}
    await warehouse.append([A])
    shown = await warehouse.select("select target, name, row_count from datasets")
    assert shown == [("orders", "Orders", 1)]


async def test_a_dataset_is_its_owners_and_a_targets_everybodys(
    warehouse: Warehouse, datasets: DatasetsService
) -> None:
    owner, other = await warehouse.person(), await warehouse.person()
    own = await made(warehouse, datasets, owner)
    orders = await datasets.for_target("orders")
    seen = {
        who: [datasets.may_see(caller, one) for one in (own, orders)]
        for who, caller in (
            ("owner", owner),
            ("other", other),
            ("admin", ADMINISTRATOR),
        )
    }
    assert seen == {
        "owner": [True, True],
        "other": [False, True],
        "admin": [True, True],
    }
    assert {one.id for one in await datasets.page(owner.user_id, 9, None)} == {
        own.id,
        orders.id,
    }
    assert [one.id for one in await datasets.page(other.user_id, 9, None)] == [
        orders.id
    ]
    assert await datasets.count(owner.user_id) == 2
    assert (await datasets.count(other.user_id), await datasets.count(None)) == (1, 2)


async def test_pages_of_datasets_go_back_in_time(
    warehouse: Warehouse, datasets: DatasetsService
) -> None:
    orders = await datasets.for_target("orders")
    one, two = [await made(warehouse, datasets, ADMINISTRATOR) for _ in range(2)]
    page = await datasets.page(None, 2, None)
    assert [found.id for found in page] == [two.id, one.id]
    rest = await datasets.page(None, 2, (one.created_at, one.id))
    assert [found.id for found in rest] == [orders.id]


async def refused(datasets: DatasetsService, caller: Caller, dataset_id: str) -> str:
    with pytest.raises(AppError) as caught:
        await datasets.delete(caller, dataset_id)
    return f"{caught.value.code}: {caught.value.message}"


async def test_a_dataset_is_deleted_with_its_table(
    warehouse: Warehouse, datasets: DatasetsService
) -> None:
    owner, other = await warehouse.person(), await warehouse.person()
    own = await made(warehouse, datasets, owner)
    kept = await made(warehouse, datasets, other)
    said = "NOT_FOUND: There is no such dataset."
    assert await refused(datasets, other, own.id) == said
    assert await refused(datasets, owner, "dataset_1") == said
    await datasets.delete(owner, own.id)
    assert await warehouse.tables() == [kept.table_name]
    assert await datasets.by_ids([own.id]) == {}
    assert (await datasets.rows(own, 5, 0)).keys == []
    assert await refused(datasets, owner, own.id) == said


async def test_only_administrators_delete_a_targets_rows(
    warehouse: Warehouse, datasets: DatasetsService
) -> None:
    await warehouse.append([A, B])
    await warehouse.append([A], mode=ImportMode.UPSERT)
    orders = await datasets.for_target("orders")
    member = await warehouse.person()
    assert await refused(datasets, member, orders.id) == (
        "FORBIDDEN: Only an administrator may delete the rows of an import target."
    )
    assert len(await warehouse.orders()) == 2
    await datasets.delete(ADMINISTRATOR, orders.id)
    assert await warehouse.orders() == []
    assert await warehouse.select("select * from import_previous") == []
    assert (await datasets.for_target("orders")).row_count == 0


async def test_a_deleted_file_takes_its_imports_and_its_dataset_along(
    warehouse: Warehouse, datasets: DatasetsService, database: Database
) -> None:
    await warehouse.append([A])
    dataset = await made(warehouse, datasets, ADMINISTRATOR)
    stored = await warehouse.append([A, B], mode=ImportMode.UPSERT)
    await warehouse.select(
        f"update jobs set status = 'SUCCEEDED', finished_at = '{datetime.now(UTC)}' "
        "returning 1"
    )
    deletions = Deletions(database, JobRowsService(database))
    for file_id, *_ in await warehouse.select("select file_id from imports"):
        await deletions.delete_file(ADMINISTRATOR, file_id)
    assert stored.merged.updated == 1
    assert await warehouse.select("select id from imports") == []
    assert await warehouse.select("select * from import_previous") == []
    assert len(await warehouse.orders()) == 2
    assert await datasets.by_ids([dataset.id]) == {}
    assert (
        await warehouse.select(
            "select tablename from pg_tables where schemaname = 'datasets'"
        )
        == []
    )
