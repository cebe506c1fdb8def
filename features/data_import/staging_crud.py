"""SQL of one import: the tables that it copies into, and its hold on a target.

Over the driver's own connection: PostgreSQL's COPY is there alone, and statements may
take longer than the pool lets others.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from features.data_import.models import DATASETS_SCHEMA
from features.data_import.utils.declaring import Target
from features.data_import.utils.messages import ImportedColumn
from features.data_import.utils.types import ROW, ColumnType

type Driver = asyncpg.Connection

# Seconds: the job's own time and its cancellation end a statement before.
LONG: Final = 24 * 3600.0
STAGING: Final = "import_staging"
DUPLICATES_AT_ONCE: Final = 5000
# Enough for the keys of a million rows; nothing else of the server's runs like this.
_MERGE_MEMORY: Final = "64MB"
_TYPES: Final = {
    ColumnType.TEXT: "text",
    ColumnType.INTEGER: "bigint",
    ColumnType.DECIMAL: "numeric",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATE: "date",
    ColumnType.TIMESTAMP: "timestamp",
}


async def driver_of(session: AsyncSession) -> Driver:
    """Return a session's connection, in its transaction, without limits of time."""
    await session.execute(text("set local statement_timeout = 0"))
    raw = await (await session.connection()).get_raw_connection()
    driver: Driver = raw.driver_connection
    return driver


async def run(driver: Driver, statement: str, *values: Any) -> int:
    """Run a statement; return how many rows it concerned, 0 where it says nothing."""
    status: str = await driver.execute(statement, *values, timeout=LONG)
    count = status.rpartition(" ")[2]
    return int(count) if count.isdigit() else 0


async def be_patient(driver: Driver, *, patient: bool) -> None:
    """Let the transaction be idle for ever, or as long as any other."""
    limit = "0" if patient else "default"
    await run(driver, f"set local idle_in_transaction_session_timeout to {limit}")


async def make_staging(driver: Driver, columns: Sequence[ImportedColumn]) -> None:
    """Make the tables of one import's rows, of duplicates, and of rows to be updated."""
    await run(
        driver, f"create temp table {STAGING} ({_definition(columns)}) on commit drop"
    )
    await run(
        driver,
        "create temp table import_duplicates "
        "(_row bigint, first_row bigint, key text[]) on commit drop",
    )
    await run(
        driver, "create temp table import_known (id bigint, _row bigint) on commit drop"
    )


async def make_table(
    driver: Driver, name: str, columns: Sequence[ImportedColumn]
) -> None:
    """Make a dataset's table."""
    await run(driver, f"create table {DATASETS_SCHEMA}.{name} ({_definition(columns)})")


async def index_table(driver: Driver, name: str) -> None:
    """Have a dataset's rows found by their number."""
    await run(driver, f"create index on {DATASETS_SCHEMA}.{name} using brin ({ROW})")


async def copy(
    driver: Driver,
    schema: str,
    table: str,
    columns: Sequence[str],
    chunks: AsyncIterator[bytes],
) -> int:
    """Copy a binary stream into a table; return how many rows it had."""
    status: str = await driver.copy_to_table(
        table,
        schema_name=schema,
        columns=[ROW, *columns],
        source=_while_open(driver, chunks),
        format="binary",
        timeout=LONG,
        freeze=schema == DATASETS_SCHEMA,
    )
    return int(status.rpartition(" ")[2])


async def lock_target(driver: Driver, target: Target) -> None:
    """Wait for the other imports into a target, and keep them out to the end."""
    await run(
        driver,
        "select pg_advisory_xact_lock(hashtextextended($1, 0))",
        f"import target {target.name}",
    )
    await run(driver, f"set local work_mem = '{_MERGE_MEMORY}'")


async def clear(driver: Driver, target: Target) -> None:
    """Delete all rows of a target, and what undoing earlier imports would need."""
    await run(
        driver,
        "delete from import_previous where import_id in (select "
        "substr(id, length('import_') + 1)::uuid from imports where target = $1)",
        target.name,
    )
    await run(driver, f"delete from {quoted(target.table)}")


async def duplicates(driver: Driver) -> AsyncIterator[list[asyncpg.Record]]:
    """Yield the noted duplicates, by row: `_row`, `first_row` and `key`."""
    cursor = await driver.cursor(
        "select _row, first_row, key from import_duplicates order by _row", timeout=LONG
    )
    while found := await cursor.fetch(DUPLICATES_AT_ONCE, timeout=LONG):
        yield found


def _definition(columns: Sequence[ImportedColumn]) -> str:
    parts = [
        f"{quoted(one.name)} {_TYPES[one.type]}{'tz' * one.aware}" for one in columns
    ]
    return ", ".join([f"{ROW} bigint not null", *parts])


def quoted(name: str) -> str:
    """Return a name as SQL takes it, whatever is in it."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


async def _while_open(
    driver: Driver, chunks: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    """Yield the chunks; the driver would hear at their end that the server has gone."""
    async for chunk in chunks:
        if driver.is_closed():
            raise ConnectionResetError("PostgreSQL has gone amid a COPY")
        yield chunk
