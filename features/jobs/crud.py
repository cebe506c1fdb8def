"""SQL for jobs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    String,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from core import outbox
from core.database_async import among
from core.outbox import OutboxMessage, OutboxStream
from events.heads import JobHead
from features.jobs.exceptions import PlacesHeld
from features.jobs.models import DeadLetter, Job, JobSelection, JobStatus, OpenJobs

_PLACES_SEED: Final = 1
_LOCK_NOT_AVAILABLE: Final = "55P03"
# Spelled as the indexes jobs_to_admit and jobs_admitted are.
_ADMITTED: Final = text("admitted")
_TO_ADMIT: Final = (text("NOT admitted AND finished_at IS NULL"),)


async def add(session: AsyncSession, jobs: Sequence[Job]) -> set[str]:
    """Insert jobs; return the ids of those that are new.

    The others' idempotency key or retry exists already.
    """
    statement = insert(Job).on_conflict_do_nothing().returning(col(Job.id))
    rows = [job.model_dump() for job in jobs]
    return set((await session.scalars(statement, rows)).all())


async def active_on(session: AsyncSession, ids: Sequence[str]) -> Sequence[str]:
    """Return the jobs that have not ended and name one of the ids in their input."""
    value = func.jsonb_each_text(col(Job.input)).table_valued("key", "value").c.value
    query = select(col(Job.id)).where(
        or_(_ADMITTED, *_TO_ADMIT), exists().where(among(value, ids))
    )
    return (await session.scalars(query.order_by(col(Job.id)))).all()


async def stored(session: AsyncSession, ids: Sequence[str]) -> set[str]:
    """Return those of the ids that jobs have."""
    if not ids:
        return set()
    query = select(col(Job.id)).where(among(col(Job.id), ids))
    return set((await session.scalars(query)).all())


async def by_id(session: AsyncSession, job_id: str) -> Job | None:
    """Return one job."""
    return await session.get(Job, job_id)


async def by_ids(session: AsyncSession, ids: Sequence[str]) -> Sequence[Job]:
    """Return the jobs with these ids, in no order."""
    return (await session.scalars(select(Job).where(among(col(Job.id), ids)))).all()


async def by_key(
    session: AsyncSession, owner_id: str, mutation: str, key: str
) -> Job | None:
    """Return the job that a caller's idempotency key stands for."""
    query = select(Job).where(
        col(Job.owner_id) == owner_id,
        col(Job.mutation) == mutation,
        col(Job.idempotency_key) == key,
    )
    return (await session.scalars(query)).first()


async def retries_of(session: AsyncSession, ids: Sequence[str]) -> Sequence[Job]:
    """Return the jobs that run one of these again."""
    return (
        await session.scalars(select(Job).where(among(col(Job.retry_of), ids)))
    ).all()


async def locked(session: AsyncSession, job_id: str) -> Job | None:
    """Return a job with its row locked until the transaction's end."""
    query = select(Job).where(col(Job.id) == job_id).with_for_update()
    return (await session.scalars(query)).first()


async def locked_at_once(session: AsyncSession, ids: Sequence[str]) -> dict[str, Job]:
    """Return jobs with their rows locked, less those that somebody else has locked."""
    query = (
        select(Job)
        .where(among(col(Job.id), ids))
        .order_by(col(Job.id))
        .with_for_update(skip_locked=True)
    )
    return {job.id: job for job in await session.scalars(query)}


async def lock_places(
    session: AsyncSession, owner_ids: Sequence[str], patience: float | None = None
) -> None:
    """Let nobody else give or take these owners' places until the transaction's end.

    PlacesHeld where that takes longer than `patience` seconds; the transaction is over.
    """
    owners = select(func.unnest(literal(sorted(owner_ids), ARRAY(String)))).subquery()
    (owner_id,) = owners.columns
    lock = func.pg_advisory_xact_lock(func.hashtextextended(owner_id, _PLACES_SEED))
    milliseconds = str(round(1000 * patience)) if patience is not None else "0"
    waiting = func.set_config("lock_timeout", milliseconds, True)
    try:
        await session.execute(select(waiting, lock))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise PlacesHeld from error
        raise


async def admitted(session: AsyncSession, owner_ids: Sequence[str]) -> dict[str, int]:
    """Return how many jobs of owners have a place, by owner; none: left out."""
    query = (
        select(col(Job.owner_id), func.count())
        .where(among(col(Job.owner_id), owner_ids), _ADMITTED)
        .group_by(col(Job.owner_id))
    )
    return {owner_id: count for owner_id, count in await session.execute(query)}


async def admit(session: AsyncSession, ids: Sequence[str]) -> None:
    """Give jobs a place."""
    statement = update(Job).where(among(col(Job.id), ids)).values(admitted=True)
    await session.execute(statement, execution_options={"synchronize_session": False})


async def owners_who_wait(
    session: AsyncSession, owner_ids: Sequence[str] | None = None
) -> Sequence[str]:
    """Return the owners (of these) with jobs that wait for a place, in order."""
    query = select(col(Job.owner_id)).distinct().where(*_TO_ADMIT)
    if owner_ids is not None:
        query = query.where(among(col(Job.owner_id), owner_ids))
    return sorted((await session.scalars(query)).all())


async def next_to_admit(
    session: AsyncSession, owner_id: str, priorities: Sequence[str]
) -> Job | None:
    """Return, locked, the job of an owner that gets the next place.

    One that somebody else has locked is passed over, as it may be ending.
    """
    query = (
        select(Job)
        .where(
            col(Job.owner_id) == owner_id,
            col(Job.priority).in_(priorities),
            *_TO_ADMIT,
        )
        .order_by(col(Job.priority).desc(), col(Job.created_at), col(Job.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(query)).first()


async def now(session: AsyncSession) -> datetime:
    """Return PostgreSQL's clock: the one that all processes share."""
    moment: datetime = (
        await session.execute(select(func.clock_timestamp()))
    ).scalar_one()
    return moment


async def heartbeat(session: AsyncSession, job_id: str, claim: int) -> bool:
    """Note that the worker is alive; False where its claim holds no more."""
    statement = (
        update(Job)
        .where(
            col(Job.id) == job_id,
            col(Job.claim) == claim,
            col(Job.status) == JobStatus.RUNNING.value,
        )
        .values(heartbeat_at=func.clock_timestamp())
        .returning(col(Job.id))
    )
    return (await session.execute(statement)).first() is not None


async def heads(session: AsyncSession, ids: Sequence[str]) -> dict[str, JobHead]:
    """Return where jobs stand: their job_seq and what of it is still in the outbox."""
    query = select(col(Job.id), col(Job.job_seq)).where(among(col(Job.id), ids))
    rows = (await session.execute(query)).all()
    waiting = await outbox.first_waiting(session, ids)
    return {job_id: JobHead(job_seq, waiting.get(job_id)) for job_id, job_seq in rows}


async def changed(
    session: AsyncSession,
    owner_id: str | None,
    kinds: Sequence[str],
    since: datetime,
    after_id: str,
    limit: int,
) -> Sequence[Job]:
    """Return jobs that have not ended, or ended since; by id, behind `after_id`."""
    finished = col(Job.finished_at)
    query = select(Job).where(
        col(Job.id) > after_id, or_(finished.is_(None), finished > since)
    )
    if owner_id is not None:
        query = query.where(col(Job.owner_id) == owner_id)
    if kinds:
        query = query.where(among(col(Job.kind), kinds))
    return (await session.scalars(query.order_by(col(Job.id)).limit(limit))).all()


async def page(
    session: AsyncSession,
    selection: JobSelection,
    limit: int,
    after: tuple[datetime, str] | None,
) -> Sequence[Job]:
    """Return the newest jobs of a selection, behind the key `after`."""
    query = select(Job).where(*_conditions(selection))
    if after is not None:
        query = query.where(tuple_(col(Job.created_at), col(Job.id)) < after)
    query = query.order_by(col(Job.created_at).desc(), col(Job.id).desc()).limit(limit)
    return (await session.scalars(query)).all()


async def count(session: AsyncSession, selection: JobSelection) -> int:
    """Return how many jobs a selection holds."""
    query = select(func.count()).select_from(Job).where(*_conditions(selection))
    return (await session.execute(query)).scalar_one()


async def open_jobs(session: AsyncSession) -> OpenJobs:
    """Count the jobs that have not ended, by the indexes of just those."""
    waiting = select(func.count()).select_from(Job).where(*_TO_ADMIT)
    queued, running = (
        func.count().filter(col(Job.status) == status.value)
        for status in (JobStatus.QUEUED, JobStatus.RUNNING)
    )
    query = select(waiting.scalar_subquery(), queued, running).where(_ADMITTED)
    return OpenJobs(*(await session.execute(query)).one())


async def dead_letters_by_ids(
    session: AsyncSession, ids: Sequence[str]
) -> Sequence[DeadLetter]:
    """Return the dead letters with these ids, in no order."""
    query = select(DeadLetter).where(among(col(DeadLetter.id), ids))
    return (await session.scalars(query)).all()


async def dead_letters_page(
    session: AsyncSession, limit: int, after: tuple[datetime, str] | None
) -> Sequence[DeadLetter]:
    """Return the newest dead letters, behind the key `after`."""
    key = (col(DeadLetter.at), col(DeadLetter.id))
    query = select(DeadLetter).order_by(*(column.desc() for column in key))
    if after is not None:
        query = query.where(tuple_(*key) < after)
    return (await session.scalars(query.limit(limit))).all()


async def count_dead_letters(session: AsyncSession) -> int:
    """Return how many dead letters there are."""
    query = select(func.count()).select_from(DeadLetter)
    return (await session.execute(query)).scalar_one()


async def silent_since(session: AsyncSession, seconds: float) -> Sequence[str]:
    """Return RUNNING jobs whose worker has shown no sign for `seconds`."""
    limit = func.clock_timestamp() - timedelta(seconds=seconds)
    query = select(col(Job.id)).where(
        _ADMITTED,
        col(Job.status) == JobStatus.RUNNING.value,
        col(Job.heartbeat_at) < limit,
    )
    return (await session.scalars(query)).all()


async def waiting_since(session: AsyncSession, seconds: float) -> Sequence[str]:
    """Return admitted QUEUED jobs due for `seconds` whose task is not in the outbox."""
    limit = func.clock_timestamp() - timedelta(seconds=seconds)
    query = select(col(Job.id)).where(
        _ADMITTED,
        col(Job.status) == JobStatus.QUEUED.value,
        func.coalesce(col(Job.run_after), col(Job.updated_at)) < limit,
        ~exists().where(
            col(OutboxMessage.job_id) == col(Job.id),
            col(OutboxMessage.stream) == OutboxStream.TASKS.value,
        ),
    )
    return (await session.scalars(query)).all()


def _conditions(selection: JobSelection) -> list[ColumnElement[bool]]:
    conditions = []
    if selection.owner_id is not None:
        conditions.append(col(Job.owner_id) == selection.owner_id)
    if selection.kinds:
        conditions.append(col(Job.kind).in_(selection.kinds))
    if selection.statuses:
        conditions.append(col(Job.status).in_(selection.statuses))
    if selection.created_after is not None:
        conditions.append(col(Job.created_at) > selection.created_after)
    if selection.created_before is not None:
        conditions.append(col(Job.created_at) < selection.created_before)
    return conditions
