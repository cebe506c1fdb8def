"""SQL for exports and their pictures."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from core.database_async import among
from features.psd.crud import upsert
from features.psd.models import PsdExport, PsdExportPicture


async def save_export(session: AsyncSession, export: PsdExport) -> None:
    """Store an export, anew where an attempt before has stored it."""
    await upsert(session, PsdExport, [export.model_dump()])


async def save_pictures(
    session: AsyncSession, pictures: Sequence[PsdExportPicture]
) -> None:
    """Store pictures; those of an attempt before are replaced, images and all."""
    await upsert(
        session, PsdExportPicture, [picture.model_dump() for picture in pictures]
    )
    await session.execute(
        update(PsdExportPicture),
        [{"id": one.id, "image_id": one.image_id} for one in pictures],
    )


async def set_archive(session: AsyncSession, export_id: str, object_id: str) -> None:
    """Store where an export's archive is."""
    await session.execute(
        update(PsdExport)
        .where(col(PsdExport.id) == export_id)
        .values(archive_id=object_id)
    )


async def exports_by_ids(
    session: AsyncSession, ids: Sequence[str]
) -> Sequence[PsdExport]:
    """Return the exports with these ids, in no order."""
    query = select(PsdExport).where(among(col(PsdExport.id), ids))
    return (await session.scalars(query)).all()


async def pictures_by_ids(
    session: AsyncSession, ids: Sequence[str]
) -> Sequence[PsdExportPicture]:
    """Return the pictures with these ids, in no order."""
    query = select(PsdExportPicture).where(among(col(PsdExportPicture.id), ids))
    return (await session.scalars(query)).all()


async def picture_pages(
    session: AsyncSession, export_ids: Sequence[str], limit: int, after: int
) -> Sequence[PsdExportPicture]:
    """Return each export's first `limit` pictures behind index `after`, by index."""
    number = func.row_number().over(
        partition_by=col(PsdExportPicture.export_id),
        order_by=col(PsdExportPicture.index),
    )
    found = (
        select(PsdExportPicture, number.label("number"))
        .where(
            among(col(PsdExportPicture.export_id), export_ids),
            col(PsdExportPicture.index) > after,
        )
        .subquery()
    )
    page = aliased(PsdExportPicture, found)
    query = select(page).where(found.c.number <= limit)
    ordered = query.order_by(found.c.export_id, found.c.index)
    return (await session.scalars(ordered)).all()


async def picture_counts(
    session: AsyncSession, export_ids: Sequence[str]
) -> dict[str, int]:
    """Return how many pictures each export has; none: left out."""
    query = (
        select(col(PsdExportPicture.export_id), func.count())
        .where(among(col(PsdExportPicture.export_id), export_ids))
        .group_by(col(PsdExportPicture.export_id))
    )
    rows = (await session.execute(query)).all()
    return {export_id: count for export_id, count in rows}


async def export_pages(
    session: AsyncSession,
    document_ids: Sequence[str],
    limit: int,
    after: tuple[datetime, str] | None,
) -> Sequence[PsdExport]:
    """Return each document's newest `limit` exports, older than `after`."""
    newest = col(PsdExport.created_at).desc(), col(PsdExport.id).desc()
    number = func.row_number().over(
        partition_by=col(PsdExport.document_id), order_by=newest
    )
    query = select(PsdExport, number.label("number")).where(
        among(col(PsdExport.document_id), document_ids)
    )
    if after is not None:
        key = tuple_(col(PsdExport.created_at), col(PsdExport.id))
        query = query.where(key < after)
    found = query.subquery()
    page = aliased(PsdExport, found)
    shown = select(page).where(found.c.number <= limit)
    ordered = shown.order_by(found.c.document_id, found.c.number)
    return (await session.scalars(ordered)).all()


async def export_counts(
    session: AsyncSession, document_ids: Sequence[str]
) -> dict[str, int]:
    """Return how many exports each document has; none: left out."""
    query = (
        select(col(PsdExport.document_id), func.count())
        .where(among(col(PsdExport.document_id), document_ids))
        .group_by(col(PsdExport.document_id))
    )
    rows = (await session.execute(query)).all()
    return {document_id: count for document_id, count in rows}
