"""SQL for datasets: which there are, their rows, and what an import makes of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from core.base import utc_now
from core.database_async import among
from features.data_import.models import (
    DATASETS_SCHEMA,
    Dataset,
    DatasetRows,
    ImportPlan,
    ImportRecord,
    Merged,
    StoredColumn,
    target_dataset_id,
)
from features.data_import.targets import TARGETS
from features.data_import.utils.messages import ImportedColumn
from features.data_import.utils.types import ROW, ColumnType

_UNDEFINED_TABLE = "42P01"


async def ensure_targets(session: AsyncSession) -> None:
    """Have a dataset for each target; what is there already stays."""
    for target in TARGETS.values():
        dataset = Dataset(
            id=target_dataset_id(target.name),
            name=target.title,
            target=target.name,
            table_name=target.table,
        )
        given = insert(Dataset).values(**dataset.model_dump())
        await session.execute(given.on_conflict_do_nothing())


async def add_dataset(
    session: AsyncSession,
    plan: ImportPlan,
    dataset_id: str,
    table: str,
    columns: Sequence[ImportedColumn],
    rows: int,
) -> None:
    """Store that a dataset has been made."""
    stored = [
        StoredColumn(one.heading, one.name, one.type, one.aware) for one in columns
    ]
    session.add(
        Dataset(
            id=dataset_id,
            owner_id=plan.owner_id,
            name=plan.dataset_name,
            table_name=table,
            columns=[one._asdict() for one in stored],
            row_count=rows,
        )
    )
    await session.flush()


async def grow_target(
    session: AsyncSession, target: str, rows: int, *, anew: bool = False
) -> str:
    """Count rows that a target's table has got (`anew`: it has no others); return its id."""
    await ensure_targets(session)
    count = rows if anew else col(Dataset.row_count) + rows
    dataset_id = target_dataset_id(target)
    await session.execute(
        update(Dataset).where(col(Dataset.id) == dataset_id).values(row_count=count)
    )
    return dataset_id


async def write_counts(
    session: AsyncSession,
    plan: ImportPlan,
    dataset_id: str | None,
    merged: Merged,
    rows_read: int,
    rows_rejected: int,
) -> bool:
    """Store what became of an import; False where there is no record to store it in."""
    found = await session.execute(
        update(ImportRecord)
        .where(col(ImportRecord.id) == plan.import_id)
        .where(col(ImportRecord.stored_at).is_(None))
        .values(
            dataset_id=dataset_id,
            rows_read=rows_read,
            rows_inserted=merged.inserted,
            rows_updated=merged.updated,
            rows_rejected=rows_rejected,
            first_id=plan.first_id if plan.target else None,
            stored_at=None if plan.dry_run else utc_now(),
        )
        .returning(col(ImportRecord.id))
        .execution_options(synchronize_session=False)
    )
    return found.first() is not None


async def by_ids(session: AsyncSession, ids: Sequence[str]) -> Sequence[Dataset]:
    """Return the datasets with these ids, in no order."""
    query = select(Dataset).where(among(col(Dataset.id), ids))
    return (await session.scalars(query)).all()


async def lock(session: AsyncSession, dataset_id: str) -> Dataset | None:
    """Return a dataset that nobody else changes until the transaction ends."""
    query = select(Dataset).where(col(Dataset.id) == dataset_id)
    return await session.scalar(query.with_for_update())


async def page(
    session: AsyncSession,
    owner_id: str | None,
    limit: int,
    after: tuple[datetime, str] | None,
) -> Sequence[Dataset]:
    """Return the newest of an owner's and all targets' (None: of all), before `after`."""
    position = tuple_(col(Dataset.created_at), col(Dataset.id))
    query = select(Dataset)
    if owner_id is not None:
        query = query.where(_readable(owner_id))
    if after is not None:
        query = query.where(position < after)
    ordered = query.order_by(col(Dataset.created_at).desc(), col(Dataset.id).desc())
    return (await session.scalars(ordered.limit(limit))).all()


async def count(session: AsyncSession, owner_id: str | None) -> int:
    """Count an owner's datasets and all targets' (None: all)."""
    query = select(func.count()).select_from(Dataset)
    if owner_id is not None:
        query = query.where(_readable(owner_id))
    return (await session.scalars(query)).one()


async def rows(
    session: AsyncSession,
    dataset: Dataset,
    columns: Sequence[StoredColumn],
    limit: int,
    after: int,
) -> DatasetRows:
    """Return rows behind the key `after`, values ready for JSON; none of a dropped table."""
    try:
        found = (
            await session.execute(*_rows_query(dataset, columns, limit, after))
        ).all()
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != _UNDEFINED_TABLE:
            raise
        found = []
    return DatasetRows(
        [one[0] for one in found],
        [[_json(value) for value in one[1:]] for one in found],
    )


async def drop(session: AsyncSession, dataset: Dataset) -> None:
    """Delete a dataset with its table."""
    await session.execute(delete(Dataset).where(col(Dataset.id) == dataset.id))
    await session.execute(text(f"drop table {_table(dataset)}"))


def _readable(owner_id: str) -> Any:
    return or_(col(Dataset.owner_id) == owner_id, col(Dataset.target).is_not(None))


def _table(dataset: Dataset) -> str:
    schema = DATASETS_SCHEMA if dataset.target is None else "public"
    return f'{schema}."{dataset.table_name}"'


def _rows_query(
    dataset: Dataset, columns: Sequence[StoredColumn], limit: int, after: int
) -> tuple[Any, dict[str, int]]:
    key = ROW if dataset.target is None else "id"
    keyed = TARGETS[dataset.target].key if dataset.target is not None else ()
    shown = ", ".join([key, *(_shown(one, one.column in keyed) for one in columns)])
    # Numbers of a dataset's rows are dense: with both ends the index finds its part.
    end = f"and {key} <= :last" if dataset.target is None else ""
    query = (
        f"select {shown} from {_table(dataset)} where {key} > :after {end} "
        f"order by {key} limit :limit"
    )
    given = {"after": after, "limit": limit}
    return text(query), given | ({"last": after + limit} if end else {})


def _shown(column: StoredColumn, is_key: bool) -> str:
    """Return the expression of a column's values, as texts where JSON would lose some."""
    name = f'"{column.column}"'
    match ColumnType(column.type):
        case ColumnType.TEXT:
            return f"nullif({name}, '')" if is_key else name
        case ColumnType.DECIMAL:
            return f"cast(trim_scale({name}) as text)"
        case ColumnType.DATE:
            return f"cast({name} as text)"
        case ColumnType.TIMESTAMP if column.aware:
            utc = f"cast({name} at time zone 'UTC' as text)"
            return f"replace({utc}, ' ', 'T') || 'Z'"
        case ColumnType.TIMESTAMP:
            return f"replace(cast({name} as text), ' ', 'T')"
        case _:
            return name


def _json(value: Any) -> Any:
    """Return a number that JavaScript cannot hold as a text, everything else as it is."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number and abs(value) > 2**53 else value
