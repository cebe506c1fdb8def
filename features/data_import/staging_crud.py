"""SQL of one import: the tables that it copies into, and its hold on a target.

Over the driver's own connection: PostgreSQL's COPY is there alone, and statements may
take longer than the pool lets others.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from features.data_import.exceptions import target_busy
from features.data_import.models import DATASETS_SCHEMA
from features.data_import.utils.declaring import Target
from features.data_import.utils.messages import ImportedColumn
from features.data_import.utils.types import ROW, ColumnType, EncodedRows

type Driver = asyncpg.Connection

# Seconds: the job's own time and its cancellation end a statement before.
LONG: Final = 24 * 3600.0
STAGING: Final = "import_staging"
_HASH: Final = "hashtextextended($1, 0)"
DUPLICATES_AT_ONCE: Final = 5000
# How long an undo, or a deletion, waits for the imports into its target.
PATIENCE_MILLISECONDS: Final = 2000
# What goes before and behind rows in PostgreSQL's binary COPY format.
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER: Final = b"\xff\xff"
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


async def end_former(driver: Driver, import_id: str) -> None:
    """End the transaction of an earlier attempt, which is frozen or out of reach.

    Amid a COPY no timeout of PostgreSQL's ends it, and it may hold the target. The
    transaction is named by its import, so that one without a job can be found as well.
    """
    await driver.execute("select set_config('application_name', $1, true)", import_id)
    key = f"import {import_id}"
    while not await driver.fetchval(f"select pg_try_advisory_xact_lock({_HASH})", key):
        await driver.fetch(
            "select pg_terminate_backend(pid, 5000) from pg_locks where granted "
            "and locktype = 'advisory' and objsubid = 1 and pid <> pg_backend_pid() "
            "and database = (select oid from pg_database where datname = "
            f"current_database()) and (classid::bigint << 32 | objid::bigint) = {_HASH}",
            key,
            timeout=LONG,
        )


async def end_orphans(driver: Driver) -> int:
    """End the transactions of imports whose job has ended; return how many there were.

    A frozen worker's, and no attempt comes that would end it.
    """
    ended = await driver.fetch(
        "select pg_terminate_backend(a.pid) from pg_stat_activity a "
        "left join imports i on i.id = a.application_name "
        "left join jobs j on j.id = i.job_id "
        "where a.datname = current_database() and a.application_name ^@ 'import_' "
        "and coalesce(j.status, 'FAILED') in ('SUCCEEDED', 'FAILED', 'CANCELLED')"
    )
    return len(ended)


async def make_staging(driver: Driver, columns: Sequence[ImportedColumn]) -> None:
    """Make the tables of one import's rows, of duplicates, and of rows to be updated.

    The rows are named by the ids that they are given where they are inserted.
    """
    for name, columns_of in (
        (STAGING, f"id bigint not null, import_id uuid not null, {_typed(columns)}"),
        ("import_duplicates", "id bigint, first_id bigint, key text[]"),
        ("import_known", "id bigint, new_id bigint"),
    ):
        await run(driver, f"create temp table {name} ({columns_of}) on commit drop")


async def make_table(
    driver: Driver, name: str, columns: Sequence[ImportedColumn]
) -> None:
    """Make a dataset's table."""
    defined = f"{ROW} bigint not null, {_typed(columns)}"
    await run(driver, f"create table {DATASETS_SCHEMA}.{name} ({defined})")


async def index_table(driver: Driver, name: str) -> None:
    """Have a dataset's rows found by their number."""
    await run(driver, f"create index on {DATASETS_SCHEMA}.{name} using brin ({ROW})")


async def copy(
    driver: Driver,
    schema: str | None,
    table: str,
    columns: Sequence[str],
    parts: AsyncIterator[EncodedRows],
) -> int:
    """Copy rows, encoded for COPY, into a table; return how many there were.

    What `parts` raises is raised behind the COPY, whose rows are not to be kept then:
    amid one that the server has refused the driver would wait for an answer in vain.
    """
    stream = _Stream(driver, parts)
    try:
        status: str = await driver.copy_to_table(
            table,
            schema_name=schema,
            columns=columns,
            source=stream.read(),
            format="binary",
            timeout=LONG,
            freeze=schema == DATASETS_SCHEMA,
        )
    finally:
        if stream.error is not None:
            raise stream.error
    return int(status.rpartition(" ")[2])


async def try_lock_target(driver: Driver, target: Target) -> bool:
    """Keep other imports out of a target, if none is at work there."""
    is_alone: bool = await driver.fetchval(
        f"select pg_try_advisory_xact_lock({_HASH})", _lock_name(target)
    )
    return is_alone


async def lock_target(driver: Driver, target: Target) -> None:
    """Wait for the other imports into a target, and keep them out to the end."""
    await run(driver, f"select pg_advisory_xact_lock({_HASH})", _lock_name(target))


async def lock_target_soon(driver: Driver, target: Target) -> None:
    """Lock a target for somebody who waits; AppError CONFLICT behind a long import."""
    await run(driver, f"set local lock_timeout = '{PATIENCE_MILLISECONDS}'")
    try:
        await lock_target(driver, target)
    except asyncpg.LockNotAvailableError:
        raise target_busy(target.title) from None
    await run(driver, "set local lock_timeout to default")


async def have_memory(driver: Driver) -> None:
    """Let the transaction join and sort in memory what one import has staged."""
    await run(driver, f"set local work_mem = '{_MERGE_MEMORY}'")


async def forget_previous(driver: Driver, target: Target) -> None:
    """Delete what undoing earlier imports into a target would need."""
    await run(
        driver,
        "delete from import_previous where import_id in (select "
        "substr(id, length('import_') + 1)::uuid from imports where target = $1)",
        target.name,
    )


async def delete_rows(driver: Driver, target: Target) -> None:
    """Delete all rows of a target."""
    await run(driver, f"delete from {quoted(target.table)}")


async def duplicates(driver: Driver) -> AsyncIterator[list[asyncpg.Record]]:
    """Yield the noted duplicates, by row: `id`, `first_id` and `key`."""
    cursor = await driver.cursor(
        "select id, first_id, key from import_duplicates order by id", timeout=LONG
    )
    while found := await cursor.fetch(DUPLICATES_AT_ONCE, timeout=LONG):
        yield found


def _typed(columns: Sequence[ImportedColumn]) -> str:
    return ", ".join(
        f"{quoted(one.name)} {_TYPES[one.type]}{'tz' * one.aware}" for one in columns
    )


def _lock_name(target: Target) -> str:
    return f"import target {target.name}"


def quoted(name: str) -> str:
    """Return a name as SQL takes it, whatever is in it."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


class _Stream:
    """One COPY's bytes, and what has ended them before their end."""

    def __init__(self, driver: Driver, parts: AsyncIterator[EncodedRows]) -> None:
        self._driver = driver
        self._parts = parts
        self.error: BaseException | None = None

    async def read(self) -> AsyncIterator[EncodedRows]:
        """Yield them; the driver would hear at their end that the server has gone."""
        yield _HEADER
        try:
            async for part in self._parts:
                if self._driver.is_closed():
                    raise ConnectionResetError("PostgreSQL has gone amid a COPY")
                yield part
        except (Exception, asyncio.CancelledError) as error:
            self.error = error
        yield _TRAILER
