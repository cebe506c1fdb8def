"""SQL for imports' records while they run, and for earlier ones of the same file."""

from collections.abc import Sequence

from sqlalchemy import func, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from core.database_async import among
from features.data_import import crud
from features.data_import.models import ImportRecord
from features.data_import.utils.declaring import Target
from features.files.models import SourceFile


async def begin_anew(session: AsyncSession, record: ImportRecord) -> None:
    """Store a record, or make the one of an attempt before as if it were new."""
    await crud.begin_record(session, record)
    await crud.delete_errors(session, record.id)
    await session.execute(
        update(ImportRecord)
        .where(col(ImportRecord.id) == record.id)
        .values(rows_read=0, rows_rejected=0, report_id=None, report_name=None)
    )


async def reserve_ids(session: AsyncSession, target: Target) -> int:
    """Return the id before those of one import's rows, IDS_OF_ONE_IMPORT of them.

    The target's sequence goes on by as many each time.
    """
    sequence = func.pg_get_serial_sequence(target.table, "id")
    first: int = (await session.execute(select(func.nextval(sequence)))).scalar_one()
    return first


async def set_counts(
    session: AsyncSession, import_id: str, *, read: int, rejected: int
) -> None:
    """Write how many rows have been read and rejected, where nothing is stored yet."""
    await session.execute(
        update(ImportRecord)
        .where(col(ImportRecord.id) == import_id)
        .values(rows_read=read, rows_rejected=rejected)
    )


async def show_life(session: AsyncSession) -> None:
    """Have PostgreSQL know that the transaction's client is alive."""
    await session.execute(text("select 1"))


async def earlier_imports(
    session: AsyncSession, import_ids: Sequence[str]
) -> dict[str, ImportRecord]:
    """Return the newest earlier import of the same bytes to the same target, by import.

    Of the same person, stored, and not taken back; none: left out.
    """
    later, earlier = aliased(ImportRecord), aliased(ImportRecord)
    its_file, other_file = aliased(SourceFile), aliased(SourceFile)
    query = (
        select(col(later.id), earlier)
        .join(its_file, col(its_file.id) == col(later.file_id))
        .join(
            other_file,
            (col(other_file.owner_id) == col(its_file.owner_id))
            & (col(other_file.sha256) == col(its_file.sha256)),
        )
        .join(earlier, col(earlier.file_id) == col(other_file.id))
        .where(
            among(col(later.id), import_ids),
            col(earlier.owner_id) == col(later.owner_id),
            col(earlier.target).is_not_distinct_from(col(later.target)),
            col(earlier.stored_at).is_not(None),
            col(earlier.undone_at).is_(None),
            func.coalesce(col(earlier.target), col(earlier.dataset_id)).is_not(None),
            tuple_(col(earlier.created_at), col(earlier.id))
            < tuple_(col(later.created_at), col(later.id)),
        )
        .order_by(col(earlier.created_at), col(earlier.id))
    )
    return {import_id: record for import_id, record in await session.execute(query)}
