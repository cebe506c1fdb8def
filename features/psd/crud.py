"""SQL for documents and layers."""

from collections import namedtuple
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    cast,
    func,
    inspect,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from core.database_async import among
from features.files.models import SourceFile
from features.jobs.models import Job, JobStatus
from features.psd.models import (
    REUSE,
    LayerSelection,
    Pictures,
    PsdDocument,
    PsdLayer,
)

# A layer to look at alone: what a session knows of a row costs more than the query.
_LAYER_COLUMNS: Final[list[str]] = [one.key for one in inspect(PsdLayer).columns]
_Layer: type[Any] = namedtuple("_Layer", _LAYER_COLUMNS)  # type: ignore[misc]
_as_layer: Final[Any] = _Layer._make
_KEPT = {
    "id",
    "created_at",
    "image_id",
    "image_is_composed",
    "preview_id",
    "embedded_id",
    "previews_published",
    "previews_asked_at",
}


async def upsert(
    session: AsyncSession, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Store rows; of those that are there already, all but what is kept is replaced.

    Each has all of the table's columns that have no default in PostgreSQL.
    """
    # One row's statement for all: one of its own for so many would take longer to
    # put together than to run.
    statement = insert(inspect(table).local_table)
    changed = {
        name: statement.excluded[name]
        for name in table.model_fields
        if name not in _KEPT
    }
    await session.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_=changed), rows
    )


async def save_structure(
    session: AsyncSession, document: PsdDocument, layers: Sequence[Mapping[str, Any]]
) -> None:
    """Store a document and its layers; what an attempt before stored is kept below."""
    await upsert(session, PsdDocument, [document.model_dump()])
    if layers:
        await upsert(session, PsdLayer, layers)


async def set_layer_pictures(
    session: AsyncSession, pictures: Mapping[str, Pictures]
) -> None:
    """Store the images of layers, by layer id."""
    await session.execute(
        update(PsdLayer),
        [
            {"id": layer_id, "image_id": found.image_id, "preview_id": found.preview_id}
            for layer_id, found in pictures.items()
        ],
    )


async def set_embedded(
    session: AsyncSession, layer_ids: Sequence[str], object_id: str
) -> None:
    """Store which object is the file in smart objects, by layer id."""
    await session.execute(
        update(PsdLayer)
        .where(among(col(PsdLayer.id), layer_ids))
        .values(embedded_id=object_id)
    )


async def set_damaged(session: AsyncSession, reasons: Mapping[str, str]) -> None:
    """Note that layers have no pixels that can be read, by layer id."""
    for reason in set(reasons.values()):
        damaged = [layer_id for layer_id, why in reasons.items() if why == reason]
        await session.execute(
            update(PsdLayer)
            .where(among(col(PsdLayer.id), damaged))
            .values(
                fidelity="NONE",
                unsupported=col(PsdLayer.unsupported).concat(cast([reason], JSONB)),
            )
        )


async def set_document_pictures(
    session: AsyncSession, document_id: str, pictures: Pictures, composed: bool
) -> None:
    """Store the flattened image of a document, and whether it is composed."""
    await session.execute(
        update(PsdDocument)
        .where(col(PsdDocument.id) == document_id)
        .values(
            image_id=pictures.image_id,
            preview_id=pictures.preview_id,
            image_is_composed=composed,
        )
    )


async def lock_document(session: AsyncSession, document_id: str) -> PsdDocument | None:
    """Return a document with its row locked until the transaction's end."""
    query = select(PsdDocument).where(col(PsdDocument.id) == document_id)
    return await session.scalar(query.with_for_update())


async def preview_ids(session: AsyncSession, document_id: str) -> Sequence[str]:
    """Return the stored objects of all of a document's previews."""
    layers = select(col(PsdLayer.preview_id)).where(
        col(PsdLayer.document_id) == document_id,
        col(PsdLayer.preview_id).is_not(None),
    )
    whole = select(col(PsdDocument.preview_id)).where(
        col(PsdDocument.id) == document_id, col(PsdDocument.preview_id).is_not(None)
    )
    found = await session.scalars(layers.union_all(whole))
    return [preview_id for preview_id in found if preview_id is not None]


async def unpublished_since(
    session: AsyncSession, seconds: float
) -> Sequence[PsdDocument]:
    """Return documents whose jobs SUCCEEDED that long ago, previews not published."""
    limit = func.clock_timestamp() - timedelta(seconds=seconds)
    query = (
        select(PsdDocument)
        .join(Job, col(Job.id) == col(PsdDocument.job_id))
        .where(
            col(PsdDocument.previews_published).is_(False),
            col(Job.status) == JobStatus.SUCCEEDED.value,
            col(Job.finished_at) < limit,
        )
    )
    return (await session.scalars(query)).all()


async def documents_by_ids(
    session: AsyncSession, ids: Sequence[str]
) -> Sequence[PsdDocument]:
    """Return the documents with these ids, in no order."""
    query = select(PsdDocument).where(among(col(PsdDocument.id), ids))
    return (await session.scalars(query)).all()


async def layers_by_ids(
    session: AsyncSession, ids: Sequence[str]
) -> Sequence[PsdLayer]:
    """Return the layers with these ids, in no order."""
    query = select(PsdLayer).where(among(col(PsdLayer.id), ids))
    return (await session.scalars(query)).all()


async def twin_of(
    session: AsyncSession,
    owner_id: str,
    sha256: str,
    options: Mapping[str, Any],
    engine_version: int,
) -> PsdDocument | None:
    """Return the newest document of the same bytes, parsed with the same options."""
    query = (
        select(PsdDocument)
        .join(SourceFile, col(SourceFile.id) == col(PsdDocument.file_id))
        .join(Job, col(Job.id) == col(PsdDocument.job_id))
        .where(
            col(SourceFile.owner_id) == owner_id,
            col(SourceFile.sha256) == sha256,
            col(PsdDocument.owner_id) == owner_id,
            col(PsdDocument.engine_version) == engine_version,
            col(Job.status) == JobStatus.SUCCEEDED.value,
            col(Job.input).op("-")("file_id").op("-")(REUSE)
            == cast(dict(options), JSONB),
        )
        .order_by(col(PsdDocument.created_at).desc())
        .limit(1)
    )
    return await session.scalar(query)


async def exported_layers(session: AsyncSession, document_id: str) -> Sequence[str]:
    """Return the ids of a document's layers that have images, from the bottom."""
    query = select(col(PsdLayer.id)).where(
        col(PsdLayer.document_id) == document_id, col(PsdLayer.image_id).is_not(None)
    )
    return (await session.scalars(query.order_by(col(PsdLayer.index)))).all()


async def hold_document(session: AsyncSession, document_id: str) -> bool:
    """Keep a document from being deleted until the transaction ends; False: it is gone."""
    query = select(col(PsdDocument.id)).where(col(PsdDocument.id) == document_id)
    held = await session.scalar(query.with_for_update(read=True, key_share=True))
    return held is not None


async def layers_of_documents(
    session: AsyncSession, document_ids: Sequence[str]
) -> Sequence[PsdLayer]:
    """Return all layers of documents, from the bottom of each."""
    query = (
        select(PsdLayer)
        .where(among(col(PsdLayer.document_id), document_ids))
        .order_by(col(PsdLayer.document_id), col(PsdLayer.index))
    )
    return (await session.scalars(query)).all()


async def layer_pages(
    session: AsyncSession,
    document_ids: Sequence[str],
    selection: LayerSelection,
    limit: int,
    after: int,
) -> Sequence[PsdLayer]:
    """Return each document's first `limit` layers behind index `after`, by index.

    They can be read, not changed.
    """
    number = func.row_number().over(
        partition_by=col(PsdLayer.document_id), order_by=col(PsdLayer.index)
    )
    numbered = (
        select(PsdLayer, number.label("number"))
        .where(*_conditions(document_ids, selection), col(PsdLayer.index) > after)
        .subquery()
    )
    query = (
        select(*(numbered.c[name] for name in _LAYER_COLUMNS))
        .where(numbered.c.number <= limit)
        .order_by(numbered.c.document_id, numbered.c.index)
    )
    return [_as_layer(row) for row in await session.execute(query)]


async def layer_counts(
    session: AsyncSession, document_ids: Sequence[str], selection: LayerSelection
) -> dict[str, int]:
    """Return how many layers of a selection each document has; none: left out."""
    query = (
        select(col(PsdLayer.document_id), func.count())
        .where(*_conditions(document_ids, selection))
        .group_by(col(PsdLayer.document_id))
    )
    rows = (await session.execute(query)).all()
    return {document_id: count for document_id, count in rows}


async def document_page(
    session: AsyncSession,
    owner_id: str | None,
    limit: int,
    after: tuple[datetime, str] | None,
) -> Sequence[PsdDocument]:
    """Return the newest documents of an owner (None: of all), older than `after`."""
    query = select(PsdDocument)
    if owner_id is not None:
        query = query.where(col(PsdDocument.owner_id) == owner_id)
    if after is not None:
        key = tuple_(col(PsdDocument.created_at), col(PsdDocument.id))
        query = query.where(key < after)
    ordered = query.order_by(
        col(PsdDocument.created_at).desc(), col(PsdDocument.id).desc()
    )
    return (await session.scalars(ordered.limit(limit))).all()


async def count_documents(session: AsyncSession, owner_id: str | None) -> int:
    """Count an owner's documents (None: all)."""
    query = select(func.count()).select_from(PsdDocument)
    if owner_id is not None:
        query = query.where(col(PsdDocument.owner_id) == owner_id)
    return (await session.scalars(query)).one()


def _conditions(
    document_ids: Sequence[str], selection: LayerSelection
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        among(col(PsdLayer.document_id), document_ids)
    ]
    if selection.kinds is not None:
        conditions.append(col(PsdLayer.kind).in_(selection.kinds))
    if selection.visible is not None:
        conditions.append(col(PsdLayer.visible) == selection.visible)
    return conditions
