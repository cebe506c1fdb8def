"""SQL for previews that are made again."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import func, or_, select, union, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from core.database_async import among
from features.files.models import StoredObject
from features.psd.models import PsdDocument, PsdLayer


async def lacking_previews(
    session: AsyncSession, document_id: str
) -> Sequence[tuple[str, StoredObject]]:
    """Return a document's id and its layers' where images lack a living preview.

    With the images.
    """
    preview = aliased(StoredObject)
    queries = []
    for table, key in ((PsdDocument, PsdDocument.id), (PsdLayer, PsdLayer.document_id)):
        query = (
            select(col(table.id), StoredObject)
            .join(StoredObject, col(StoredObject.id) == col(table.image_id))
            .outerjoin(preview, col(preview.id) == col(table.preview_id))
            .where(
                col(key) == document_id,
                or_(col(preview.id).is_(None), col(preview.expires_at) < func.now()),
            )
        )
        queries.append(query)
    found = [row for query in queries for row in await session.execute(query)]
    return [(row_id, image) for row_id, image in found]


async def previews_of(
    session: AsyncSession, row_ids: Sequence[str]
) -> dict[str, StoredObject]:
    """Return the previews of documents and layers, by the id of either."""
    found: dict[str, StoredObject] = {}
    for table in (PsdDocument, PsdLayer):
        query = (
            select(col(table.id), StoredObject)
            .join(StoredObject, col(StoredObject.id) == col(table.preview_id))
            .where(among(col(table.id), row_ids))
        )
        found.update({row_id: one for row_id, one in await session.execute(query)})
    return found


async def documents_of(session: AsyncSession, row_ids: Sequence[str]) -> Sequence[str]:
    """Return the ids of the documents that are, or hold, what has these ids."""
    layers = select(col(PsdLayer.document_id)).where(among(col(PsdLayer.id), row_ids))
    own = select(col(PsdDocument.id)).where(among(col(PsdDocument.id), row_ids))
    return (await session.scalars(union(layers, own))).all()


async def ask_for_previews(
    session: AsyncSession,
    document_ids: Sequence[str],
    patience: timedelta,
    limit: int,
) -> Sequence[str]:
    """Note that previews are wanted; return the documents that nobody asked for lately.

    Of those, the newest `limit`.
    """
    asked = col(PsdDocument.previews_asked_at)
    # Locked in one order, whoever asks: else two that ask for the same could not end.
    new = (
        select(col(PsdDocument.id))
        .where(
            among(col(PsdDocument.id), document_ids),
            or_(asked.is_(None), asked < func.now() - patience),
        )
        .order_by(col(PsdDocument.created_at).desc(), col(PsdDocument.id).desc())
        .limit(limit)
        .with_for_update()
    )
    ids = (await session.scalars(new)).all()
    await session.execute(
        update(PsdDocument)
        .where(among(col(PsdDocument.id), ids))
        .values(previews_asked_at=func.now())
    )
    return ids


async def previews_under_way(
    session: AsyncSession, document_ids: Sequence[str], patience: timedelta
) -> Sequence[str]:
    """Return those of the documents whose previews were asked for lately."""
    asked = col(PsdDocument.previews_asked_at)
    query = select(col(PsdDocument.id)).where(
        among(col(PsdDocument.id), document_ids),
        asked > func.now() - patience,
        # Later ones are not for now: see `set_asked`.
        asked < func.now() + patience,
    )
    return (await session.scalars(query)).all()


async def set_asked(
    session: AsyncSession, document_id: str, ahead: timedelta = timedelta(0)
) -> None:
    """Note that previews were asked for now, or will have been at a time `ahead`."""
    await session.execute(
        update(PsdDocument)
        .where(col(PsdDocument.id) == document_id)
        .values(previews_asked_at=func.now() + ahead)
    )


async def set_previews(session: AsyncSession, previews: Mapping[str, str]) -> None:
    """Store the previews of documents and layers, by the id of either."""
    for table in (PsdDocument, PsdLayer):
        for row_id, preview_id in previews.items():
            await session.execute(
                update(table)
                .where(col(table.id) == row_id)
                .values(preview_id=preview_id)
            )
