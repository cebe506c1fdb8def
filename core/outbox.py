"""The outbox: what a transaction wants published, stored by the same transaction.

The relay publishes its rows and deletes them; see events/publisher.py.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    DateTime,
    Identity,
    LargeBinary,
    delete,
    func,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from core.base import new_id


class OutboxStream(StrEnum):
    """The JetStream stream that a row goes to."""

    EVENTS = "EVENTS"
    TASKS = "TASKS"


class OutboxMessage(SQLModel, table=True):
    """One message that waits to be published.

    `position` grows with every row, and within a job in the order of `job_seq`,
    as a job's rows are written under the lock of its row.
    """

    __tablename__ = "outbox"

    position: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=BigInteger,
        sa_column_args=[Identity(always=True)],
    )
    message_id: str = Field(default_factory=lambda: new_id("outbox"))
    stream: str
    subject: str
    job_id: str | None = Field(default=None, index=True)
    job_seq: int | None = None
    body: bytes = Field(sa_type=LargeBinary)
    not_before: datetime = Field(
        sa_type=DateTime(timezone=True),
        sa_column_kwargs={"server_default": func.now()},
        index=True,
    )


async def append(
    session: AsyncSession,
    stream: OutboxStream,
    subject: str,
    body: bytes,
    *,
    message_id: str | None = None,
    job_id: str | None = None,
    job_seq: int | None = None,
    not_before: datetime | None = None,
) -> None:
    """Store a message with the transaction of `session`; `not_before` delays it."""
    row = OutboxMessage.__table__.insert().values(  # type: ignore[attr-defined]
        message_id=message_id or new_id("outbox"),
        stream=stream.value,
        subject=subject,
        job_id=job_id,
        job_seq=job_seq,
        body=body,
        not_before=not_before if not_before is not None else func.now(),
    )
    await session.execute(row)


async def due(session: AsyncSession, limit: int) -> Sequence[OutboxMessage]:
    """Return the oldest rows whose time has come, in the order of their positions.

    Events are due as soon as they can be seen: were a clock asked, a job's event
    could hide while a later one of the same job shows.
    """
    query = (
        select(OutboxMessage)
        .where(
            or_(
                col(OutboxMessage.stream) == OutboxStream.EVENTS.value,
                col(OutboxMessage.not_before) <= func.now(),
            )
        )
        .order_by(col(OutboxMessage.position))
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def remove(session: AsyncSession, positions: Sequence[int]) -> None:
    """Delete rows that have been published."""
    await session.execute(
        delete(OutboxMessage).where(col(OutboxMessage.position).in_(positions))
    )


async def first_waiting(
    session: AsyncSession, job_ids: Sequence[str]
) -> dict[str, int]:
    """Return the lowest job_seq that is still in the outbox, for jobs that have one."""
    query = (
        select(col(OutboxMessage.job_id), func.min(col(OutboxMessage.job_seq)))
        .where(
            col(OutboxMessage.job_id).in_(job_ids),
            col(OutboxMessage.stream) == OutboxStream.EVENTS.value,
        )
        .group_by(col(OutboxMessage.job_id))
    )
    rows = (await session.execute(query)).all()
    return {job_id: job_seq for job_id, job_seq in rows if job_id and job_seq}
