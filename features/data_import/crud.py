"""SQL for imports and the rows that they rejected."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    String,
    delete,
    func,
    literal,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from core.base import derived_id, derived_ids
from core.database_async import among
from features.data_import.models import ImportRecord, ImportRowError
from features.data_import.utils.types import RowError
from features.files.models import SourceFile

MAX_VALUE: Final = 500
_SAVE: Final = """
insert into import_errors
    (import_id, row, position, id, "column", value, code, message)
select :import_id, * from unnest(
    cast(:rows as bigint[]), cast(:positions as integer[]), cast(:ids as text[]),
    cast(:columns as text[]), cast(:values as text[]), cast(:codes as text[]),
    cast(:messages as text[])
)
on conflict do nothing
"""


async def begin_record(session: AsyncSession, record: ImportRecord) -> None:
    """Store an import's record where no attempt before has stored it."""
    given = insert(ImportRecord).values(**record.model_dump())
    await session.execute(given.on_conflict_do_nothing())


async def records_by_ids(
    session: AsyncSession, ids: Sequence[str]
) -> Sequence[ImportRecord]:
    """Return the imports with these ids, in no order."""
    query = select(ImportRecord).where(among(col(ImportRecord.id), ids))
    return (await session.scalars(query)).all()


async def records_page(
    session: AsyncSession,
    owner_id: str | None,
    limit: int,
    after: tuple[datetime, str] | None,
) -> Sequence[ImportRecord]:
    """Return the newest imports of an owner (None: of all), older than `after`."""
    position = tuple_(col(ImportRecord.created_at), col(ImportRecord.id))
    query = select(ImportRecord)
    if owner_id is not None:
        query = query.where(col(ImportRecord.owner_id) == owner_id)
    if after is not None:
        query = query.where(position < after)
    ordered = query.order_by(
        col(ImportRecord.created_at).desc(), col(ImportRecord.id).desc()
    )
    return (await session.scalars(ordered.limit(limit))).all()


async def count_records(session: AsyncSession, owner_id: str | None) -> int:
    """Count an owner's imports (None: all)."""
    query = select(func.count()).select_from(ImportRecord)
    if owner_id is not None:
        query = query.where(col(ImportRecord.owner_id) == owner_id)
    return (await session.scalars(query)).one()


async def lock_record(session: AsyncSession, import_id: str) -> ImportRecord | None:
    """Return an import that nobody else changes until the transaction ends."""
    query = select(ImportRecord).where(col(ImportRecord.id) == import_id)
    return await session.scalar(query.with_for_update())


async def set_report(
    session: AsyncSession, import_id: str, object_id: str, name: str
) -> None:
    """Store where the report of an import's rejected rows is, and its file name."""
    await session.execute(
        update(ImportRecord)
        .where(col(ImportRecord.id) == import_id)
        .values(report_id=object_id, report_name=name)
    )


async def save_errors(
    session: AsyncSession, import_id: str, errors: Sequence[RowError]
) -> None:
    """Store rejected rows; those that an attempt before has stored stay as they are."""
    await session.execute(
        text(_SAVE),
        {
            "import_id": import_id,
            "rows": [one.row for one in errors],
            "positions": [one.position for one in errors],
            "ids": derived_ids(
                "importerror",
                import_id,
                [_place(one.row, one.position) for one in errors],
            ),
            "columns": [_storable(one.column) for one in errors],
            "values": [_storable(one.value, MAX_VALUE) for one in errors],
            "codes": [one.code.value for one in errors],
            "messages": [_storable(one.message) for one in errors],
        },
    )


async def delete_errors(session: AsyncSession, import_id: str) -> None:
    """Forget an import's rejected rows."""
    await session.execute(
        delete(ImportRowError).where(col(ImportRowError.import_id) == import_id)
    )


async def errors_by_ids(
    session: AsyncSession, ids: Sequence[str]
) -> Sequence[ImportRowError]:
    """Return the errors with these ids, in no order."""
    query = select(ImportRowError).where(among(col(ImportRowError.id), ids))
    return (await session.scalars(query)).all()


async def errors_page(
    session: AsyncSession,
    import_id: str,
    limit: int,
    after: tuple[int, int] | None = None,
) -> Sequence[ImportRowError]:
    """Return an import's first `limit` errors behind `after`, by row and position."""
    key = tuple_(col(ImportRowError.row), col(ImportRowError.position))
    query = select(ImportRowError).where(col(ImportRowError.import_id) == import_id)
    if after is not None:
        query = query.where(key > after)
    ordered = query.order_by(col(ImportRowError.row), col(ImportRowError.position))
    return (await session.scalars(ordered.limit(limit))).all()


async def error_pages(
    session: AsyncSession,
    import_ids: Sequence[str],
    limit: int,
    after: tuple[int, int] | None,
) -> Sequence[ImportRowError]:
    """Return each import's first `limit` errors behind `after`, by row and position."""
    given = literal(list(import_ids), ARRAY(String))
    imports = func.unnest(given).table_valued("id").render_derived()
    key = tuple_(col(ImportRowError.row), col(ImportRowError.position))
    one = select(ImportRowError).where(col(ImportRowError.import_id) == imports.c.id)
    if after is not None:
        one = one.where(key > after)
    ordered = one.order_by(col(ImportRowError.row), col(ImportRowError.position))
    # A page of each by its index: an import may have a million of them.
    page = aliased(ImportRowError, ordered.limit(limit).lateral())
    query: Any = select(page).select_from(imports).join(page, text("true"))
    shown = query.order_by(page.import_id, page.row, page.position)
    return (await session.scalars(shown)).all()


async def error_counts(
    session: AsyncSession, import_ids: Sequence[str]
) -> dict[str, int]:
    """Return how many errors each import has; none: left out."""
    query = (
        select(col(ImportRowError.import_id), func.count())
        .where(among(col(ImportRowError.import_id), import_ids))
        .group_by(col(ImportRowError.import_id))
    )
    return {import_id: count for import_id, count in await session.execute(query)}


def error_id(import_id: str, row: int, position: int) -> str:
    """Return the id of what is wrong at a place of an import's file."""
    return derived_id("importerror", import_id, _place(row, position))


def _place(row: int, position: int) -> str:
    return f"{row}:{position}"


def _storable(value: str | None, most: int | None = None) -> str | None:
    """Return a text as PostgreSQL takes it, which has no NUL, and not too long."""
    return None if value is None else value[:most].replace("\0", "\ufffd")
