"""SQL for files and stored objects."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ForeignKey,
    Select,
    Table,
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
    union,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from core.base import utc_now
from core.database_async import among
from features.files.models import SourceFile, StoredObject


async def files_by_ids(
    session: AsyncSession, ids: Sequence[str]
) -> Sequence[SourceFile]:
    """Return the files with these ids, in no order."""
    query = select(SourceFile).where(among(col(SourceFile.id), ids))
    return (await session.scalars(query)).all()


async def lock_file(session: AsyncSession, file_id: str) -> SourceFile | None:
    """Return a file that nobody else changes until the transaction ends."""
    query = select(SourceFile).where(col(SourceFile.id) == file_id)
    return await session.scalar(query.with_for_update())


async def lock_file_by_key(session: AsyncSession, key: str) -> SourceFile | None:
    """Return the file stored at `key`, locked until the transaction ends."""
    query = select(SourceFile).where(col(SourceFile.storage_key) == key)
    return await session.scalar(query.with_for_update())


async def files_page(
    session: AsyncSession,
    owner_id: str | None,
    limit: int,
    after: tuple[datetime, str] | None,
) -> Sequence[SourceFile]:
    """Return the newest files of an owner (None: of all), older than `after`."""
    position = tuple_(col(SourceFile.created_at), col(SourceFile.id))
    query = select(SourceFile)
    if owner_id is not None:
        query = query.where(col(SourceFile.owner_id) == owner_id)
    if after is not None:
        query = query.where(position < after)
    ordered = query.order_by(
        col(SourceFile.created_at).desc(), col(SourceFile.id).desc()
    )
    return (await session.scalars(ordered.limit(limit))).all()


async def count_files(session: AsyncSession, owner_id: str | None) -> int:
    """Count an owner's files (None: all)."""
    query = select(func.count()).select_from(SourceFile)
    if owner_id is not None:
        query = query.where(col(SourceFile.owner_id) == owner_id)
    return (await session.scalars(query)).one()


async def objects_by_ids(
    session: AsyncSession, ids: Sequence[str]
) -> Sequence[StoredObject]:
    """Return the stored objects with these ids, in no order."""
    query = select(StoredObject).where(among(col(StoredObject.id), ids))
    return (await session.scalars(query)).all()


async def set_expiry(
    session: AsyncSession, ids: Sequence[str], expires_at: datetime
) -> None:
    """Set when stored objects may be swept."""
    await session.execute(
        update(StoredObject)
        .where(among(col(StoredObject.id), ids))
        .values(expires_at=expires_at)
    )


async def lock_expired(session: AsyncSession, limit: int) -> Sequence[StoredObject]:
    """Return expired objects that no other sweeper holds, locked."""
    query = (
        select(StoredObject)
        .where(col(StoredObject.expires_at) < func.now())
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(query)).all()


async def remove_objects(session: AsyncSession, ids: Sequence[str]) -> None:
    """Delete the rows of stored objects; what names them holds null from now on."""
    await session.execute(delete(StoredObject).where(among(col(StoredObject.id), ids)))


async def lock_unnamed(
    session: AsyncSession, before: datetime, limit: int
) -> Sequence[StoredObject]:
    """Return objects older than `before` that no row names, locked."""
    query = (
        select(StoredObject)
        .where(
            col(StoredObject.created_at) < before,
            or_(
                col(StoredObject.expires_at).is_(None),
                col(StoredObject.expires_at) > func.now(),
            ),
            *(~exists().where(name == StoredObject.id) for name in _names()),
        )
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(query)).all()


async def lock_objects_below(session: AsyncSession, row: SQLModel) -> list[str]:
    """Return the objects named by a row, or by one that is deleted with it, locked."""
    table, chosen = _table_of(row), _itself(row)
    found = await session.execute(union(*_names_below(table, chosen)))
    named = [one[0] for one in found]
    await session.execute(_locked(named))
    return named


async def lock_row(session: AsyncSession, row: SQLModel) -> bool:
    """Lock a row of whatever table; False where it is gone."""
    return await session.scalar(_itself(row).with_for_update()) is not None


async def ids_below(session: AsyncSession, row: SQLModel) -> list[str]:
    """Return a row's id and those of the rows that hang on it and go with it."""
    table, chosen = _table_of(row), _itself(row)
    below = [
        select(other.c.id).where(key.parent.in_(chosen))
        for other, key in _hanging_on(table)
    ]
    found = await session.execute(union(chosen, *below))
    return [one[0] for one in found]


async def expire_unnamed(session: AsyncSession, ids: Sequence[str]) -> None:
    """End the life of those of the objects that no row names any more."""
    # Whoever is about to name one holds it: only behind that lock it can be told.
    await session.execute(_locked(ids))
    unnamed = await unnamed_among(session, ids)
    await set_expiry(session, unnamed, utc_now())


async def unnamed_among(session: AsyncSession, ids: Sequence[str]) -> Sequence[str]:
    """Return those of the objects that no row names."""
    query = select(col(StoredObject.id)).where(
        among(col(StoredObject.id), ids),
        *(~exists().where(name == StoredObject.id) for name in _names()),
    )
    return (await session.scalars(query)).all()


async def same_content(
    session: AsyncSession, owner_id: str, sha256s: Sequence[str]
) -> dict[str, str]:
    """Return an owner's objects of these bytes that are to last, by sha256."""
    query = select(col(StoredObject.sha256), col(StoredObject.id)).where(
        col(StoredObject.owner_id) == owner_id,
        among(col(StoredObject.sha256), sha256s),
        col(StoredObject.expires_at).is_(None),
    )
    return {sha256: object_id for sha256, object_id in await session.execute(query)}


async def hold_objects(session: AsyncSession, ids: Sequence[str]) -> int:
    """Keep objects that are to last from being deleted; return how many there are."""
    query = (
        select(col(StoredObject.id))
        .where(among(col(StoredObject.id), ids), col(StoredObject.expires_at).is_(None))
        .order_by(col(StoredObject.id))
        .with_for_update(read=True)
    )
    return len((await session.scalars(query)).all())


async def recorded_keys(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Return those of the keys that stored objects have."""
    query = select(col(StoredObject.key)).where(col(StoredObject.key).in_(keys))
    return set(await session.scalars(query))


async def known_files(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Return those of the keys that files have, or had whose bytes are to be swept."""
    files = select(col(SourceFile.storage_key)).where(
        among(col(SourceFile.storage_key), keys)
    )
    return {*await session.scalars(files)} | await recorded_keys(session, keys)


def _locked(ids: Sequence[str]) -> Select[Any]:
    query = select(col(StoredObject.id)).where(among(col(StoredObject.id), ids))
    return query.order_by(col(StoredObject.id)).with_for_update()


def _names() -> list[Column[Any]]:
    """Return all columns, of whatever feature, that name stored objects."""
    tables = StoredObject.metadata.sorted_tables
    return [column for table in tables for column in _names_in(table)]


def _names_in(table: Table) -> list[Column[Any]]:
    target = StoredObject.metadata.tables[str(StoredObject.__tablename__)].c.id
    return [column for column in table.columns if column.references(target)]


def _names_below(table: Table, chosen: Select[Any]) -> Iterator[Select[Any]]:
    """Yield queries for the objects that chosen rows, and those below them, name."""
    for name in _names_in(table):
        yield select(name).where(table.c.id.in_(chosen), name.is_not(None))
    for other, key in _hanging_on(table):
        below = select(other.c.id).where(key.parent.in_(chosen))
        yield from _names_below(other, below)


def _hanging_on(table: Table) -> Iterator[tuple[Table, ForeignKey]]:
    """Yield the tables whose rows are deleted with this one's, and by which key."""
    for other in table.metadata.sorted_tables:
        for key in other.foreign_keys:
            if key.column.table is table and key.ondelete == "CASCADE":
                yield other, key


def _table_of(row: SQLModel) -> Table:
    table: Table = row.__table__  # type: ignore[attr-defined]
    return table


def _itself(row: SQLModel) -> Select[Any]:
    table = _table_of(row)
    return select(table.c.id).where(table.c.id == row.id)  # type: ignore[attr-defined]
