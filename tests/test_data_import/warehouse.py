"""Imports into a real database, of rows that a test gives."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import polars as pl
from sqlalchemy import text

from core.base import derived_id, new_id, utc_now, uuid_of
from core.database_async import Database
from core.security import Caller
from features.data_import import crud
from features.data_import.models import (
    DuplicateRow,
    ImportMode,
    ImportPlan,
    ImportRecord,
    Merged,
)
from features.data_import.storing import Storing
from features.data_import.targets import TARGETS
from features.data_import.utils.copying import encode
from features.data_import.utils.messages import ImportedColumn
from features.data_import.utils.types import ColumnType
from features.files.models import FileStatus, SourceFile
from features.jobs.models import Job
from features.users.models import LOCAL_ADMINISTRATOR_ID, User

ADMINISTRATOR = Caller(LOCAL_ADMINISTRATOR_ID, is_admin=True)
KINDS: Mapping[ColumnType, Any] = {
    ColumnType.TEXT: pl.String,
    ColumnType.INTEGER: pl.Int64,
    ColumnType.DECIMAL: pl.Decimal(38, 4),
    ColumnType.BOOLEAN: pl.Boolean,
    ColumnType.DATE: pl.Date,
    ColumnType.TIMESTAMP: pl.Datetime("us"),
}


def column(
    name: str,
    kind: ColumnType = ColumnType.TEXT,
    heading: str = "",
    aware: bool = False,
) -> ImportedColumn:
    """Describe a column of a stream."""
    return ImportedColumn(1, heading or name, name, kind, aware)


ORDERS = (
    column("order_number"),
    column("sku"),
    column("status"),
    column("quantity", ColumnType.INTEGER),
)
KEY = TARGETS["orders"].key
_FIRST_IDS: dict[str, int] = {}
type Row = Sequence[Any]


def encoded(
    record: ImportRecord, columns: Sequence[ImportedColumn], rows: Sequence[Row]
) -> bytes:
    """Return rows, numbered from 1, as an import's COPY takes them."""
    frame = pl.DataFrame(
        [(number, *row) for number, row in enumerate(rows, 1)],
        schema={"_row": pl.Int64} | {one.name: KINDS[one.type] for one in columns},
        orient="row",
    )
    if record.target:
        frame = frame.select(
            (pl.col("_row") + first_id(record)).alias("id"),
            pl.lit(uuid_of(record.id).bytes).alias("import_id"),
            *(
                pl.col(one.name).fill_null("") if one.name in KEY else one.name
                for one in columns
            ),
        )
    return encode(frame)


def first_id(record: ImportRecord) -> int:
    """Return the id before an import's rows: later imports' have higher ones."""
    return _FIRST_IDS.setdefault(record.id, len(_FIRST_IDS) + 1 << 32)


async def parts(
    record: ImportRecord,
    rows: Sequence[Row],
    columns: Sequence[ImportedColumn] = ORDERS,
    size: int = 2,
) -> AsyncIterator[bytes]:
    """Yield encoded rows, a few at a time."""
    whole = encoded(record, columns, rows)
    at = 0
    for start in range(0, len(rows), size):
        part = encoded(record, columns, rows[: start + size])
        yield whole[at : len(part)]
        at = len(part)


class Stored(NamedTuple):
    """What an import came to."""

    import_id: str
    merged: Merged
    duplicates: list[DuplicateRow]


class Warehouse:
    """People, files, and what is imported."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def person(self) -> Caller:
        """Make somebody with an account."""
        user = User(id=new_id("user"), email=f"{new_id('user')}@example.com", name="A")
        async with self.database.transaction() as session:
            session.add(user)
        return Caller(user.id, is_admin=False)

    async def record(
        self,
        caller: Caller = ADMINISTRATOR,
        target: str | None = "orders",
        mode: ImportMode = ImportMode.APPEND,
        *,
        dry_run: bool = False,
        sha256: str = "",
    ) -> ImportRecord:
        """Make a file, a job and the record of an import that is about to begin."""
        file = SourceFile(
            owner_id=caller.user_id,
            filename="orders.csv",
            content_type="text/csv",
            size=1,
            sha256=sha256 or None,
            recorded_status=FileStatus.READY.value,
            storage_key=new_id("file"),
            upload_expires_at=utc_now(),
        )
        job = Job(
            kind="DATA_IMPORT",
            owner_id=caller.user_id,
            mutation="importData",
            input={},
            task_name="data_import.import",
            start_cursor="",
        )
        record = ImportRecord(
            id=derived_id("import", job.id, "import"),
            owner_id=caller.user_id,
            job_id=job.id,
            file_id=file.id,
            target=target,
            mode=mode.value,
            dry_run=dry_run,
        )
        async with self.database.transaction() as session:
            session.add_all([file, job])
            await session.flush()
            await crud.begin_record(session, record)
        return record

    @asynccontextmanager
    async def storing(self, record: ImportRecord) -> AsyncIterator[Storing]:
        """Open an import's transaction; it is committed at the block's end."""
        plan = ImportPlan(
            record.id,
            record.owner_id,
            record.target,
            ImportMode(record.mode),
            record.dry_run,
            "A dataset",
            first_id(record),
        )
        async with self.database.transaction() as session:
            yield Storing(session, plan)

    async def store(
        self,
        record: ImportRecord,
        rows: Sequence[Row],
        columns: Sequence[ImportedColumn] = ORDERS,
    ) -> Stored:
        """Import rows, all of them."""
        async with self.storing(record) as storing:
            return await copy_and_merge(storing, record, rows, columns)

    async def append(self, rows: Sequence[Row], **options: Any) -> Stored:
        """Import rows as an import of its own: `options` are those of `record`."""
        columns = options.pop("columns", ORDERS)
        return await self.store(await self.record(**options), rows, columns)

    async def orders(self, *names: str) -> list[tuple[Any, ...]]:
        """Return all orders, by key: the columns named, or those of `ORDERS`."""
        shown = ", ".join(names or [one.name for one in ORDERS])
        return await self.select(
            f"select {shown} from orders order by order_number, platform, sku"
        )

    async def select(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        async with self.database.statement() as session:
            return [tuple(one) for one in await session.execute(text(query))]

    async def reread(self, import_id: str) -> ImportRecord:
        """Return an import's record."""
        async with self.database.statement() as session:
            (found,) = await crud.records_by_ids(session, [import_id])
        return found

    async def tables(self) -> list[str]:
        """Return the tables of datasets that there are."""
        query = "select tablename from pg_tables where schemaname = 'datasets'"
        return [one[0] for one in await self.select(query)]

    async def everything(self) -> list[Any]:
        """Return all that an import may leave: to compare before and after."""
        return [
            await self.select("select * from orders order by id"),
            await self.select("select * from import_previous order by 1, 2"),
            await self.select("select * from datasets order by id"),
            await self.select("select * from imports order by id"),
            await self.tables(),
        ]


async def copy_and_merge(
    storing: Storing,
    record: ImportRecord,
    rows: Sequence[Row],
    columns: Sequence[ImportedColumn] = ORDERS,
) -> Stored:
    """Do all that an import does inside of its transaction."""
    await storing.open(columns)
    assert await storing.copy(parts(record, rows, columns)) == len(rows)
    merged = await storing.merge()
    duplicates = [one async for some in storing.duplicates() for one in some]
    await storing.record(merged, len(rows), merged.duplicates)
    return Stored(record.id, merged, duplicates)
