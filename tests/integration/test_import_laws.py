"""Files that Hypothesis makes, through the whole path: what is in them is in PostgreSQL."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import given, settings

from tests.client import Client
from tests.integration.conftest import database_url
from tests.integration.importing import counts, download, empty_orders, imported
from tests.integration.made_tables import (
    FORMS,
    ORDER_HEADINGS,
    Column,
    Form,
    Outcome,
    columns,
    mended,
    orders,
    outcome_of,
    read_table,
    stored_order,
    write_table,
    written,
)
from tests.integration.test_resume import ON_SERVERS
from tests.running import Running

pytestmark = pytest.mark.timeout(180)

# Each example is several imports by a real worker.
WHOLE_PATH = settings(ON_SERVERS, max_examples=8)
ORDERS = """
select order_number, sku, quantity, unit_price, paid_at, city from orders order by id
"""
TABLE = "select table_name from datasets where id = $1"


@pytest.fixture
async def postgres(running: Running) -> AsyncIterator[asyncpg.Connection]:
    """Look into the running system's database."""
    connection = await asyncpg.connect(database_url(running.data_dir))
    yield connection
    await connection.close()


async def upload(client: Client, form: Form, rows: Sequence[Sequence[str]]) -> str:
    """Write a table and upload it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"made{form.suffix}"
        write_table(path, form, rows)
        return await client.upload(path)


async def stored(postgres: asyncpg.Connection) -> list[tuple[Any, ...]]:
    """Return all orders, in the order in which they were stored."""
    return [tuple(row) for row in await postgres.fetch(ORDERS)]


def told(record: Any) -> list[tuple[int, str]]:
    """Return each error's row and code."""
    return [(one["row"], one["code"]) for one in record["errors"]["nodes"]]


def check(record: Any, rows: Sequence[Any], outcome: Outcome) -> None:
    """Hold an import's counts and errors against what they are to be."""
    inserted = len(outcome.stored)
    assert counts(record) == [len(rows), inserted, 0, outcome.rejected]
    assert told(record) == outcome.errors


@settings(WHOLE_PATH)
@given(rows=orders(), form=FORMS)
async def test_every_row_is_stored_or_told_and_a_mended_report_gives_the_rest(
    client: Client, postgres: asyncpg.Connection, rows: list[list[str]], form: Form
) -> None:
    await empty_orders(client)
    outcome = outcome_of(rows)
    file_id = await upload(client, form, [ORDER_HEADINGS, *rows])
    options = {"target": "orders", "read": form.read}
    dry = await imported(client, file_id, dryRun=True, **options)
    check(dry, rows, outcome)
    assert await stored(postgres) == []
    record = await imported(client, file_id, **options)
    check(record, rows, outcome)
    assert await stored(postgres) == outcome.stored
    again = await imported(client, file_id, mode="UPSERT", **options)
    assert counts(again) == [len(rows), 0, len(outcome.stored), outcome.rejected]
    assert await stored(postgres) == outcome.stored
    if outcome.errors:
        await _mend(client, record, form)
        bad = [rows[at - 2] for at in sorted({at for at, _ in outcome.errors})]
        rest = [stored_order(row) for row in mended(bad)]
        assert (await stored(postgres))[len(outcome.stored) :] == rest


async def _mend(client: Client, record: Any, form: Form) -> None:
    """Mend the report of an import, and import that."""
    head, *bad = read_table(await download(record["errorReport"]), form)
    assert tuple(head) == (*ORDER_HEADINGS, "OneManage row", "OneManage errors")
    file_id = await upload(client, form, [head, *mended(bad)])
    record = await imported(client, file_id, target="orders", read=form.read)
    assert counts(record) == [len(bad), len(bad), 0, 0]


@settings(WHOLE_PATH)
@given(table=columns(), form=FORMS)
async def test_a_dataset_has_the_values_of_its_file(
    client: Client, postgres: asyncpg.Connection, table: list[Column], form: Form
) -> None:
    headings = [f"heading {at}" for at in range(len(table))]
    rows = list(zip(*(values for _, values in table), strict=True))
    cells = [[written(value) for value in row] for row in rows]
    file_id = await upload(client, form, [headings, *cells])
    record = await imported(client, file_id, read=form.read)
    assert counts(record) == [len(rows), len(rows), 0, 0]
    found = [(one["name"], one["type"]) for one in record["dataset"]["columns"]]
    kinds = [kind for kind, _ in table]
    assert found == list(zip(headings, kinds, strict=True))
    name = await postgres.fetchval(TABLE, record["dataset"]["id"])
    stored_rows = await postgres.fetch(f"select * from datasets.{name} order by _row")
    assert [tuple(row)[1:] for row in stored_rows] == rows
    assert [row["_row"] for row in stored_rows] == [*range(1, len(rows) + 1)]
