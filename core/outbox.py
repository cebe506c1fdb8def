"""The outbox: what a transaction wants published, stored by the same transaction.

The relay publishes its rows and deletes them; see events/publisher.py.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Identity,
    LargeBinary,
    Select,
    SQLColumnExpression,
    String,
    any_,
    bindparam,
    delete,
    func,
    insert,
    not_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from core.base import new_id
from core.database_async import among


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
    message_id: str = Field(default_factory=lambda: new_message_id())
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


class DueMessage(NamedTuple):
    """A row of the outbox whose time has come."""

    position: int
    message_id: str
    stream: str
    subject: str
    job_id: str | None
    job_seq: int | None
    body: bytes

    @property
    def group(self) -> str:
        """What is published in order: a job's events; any other row is by itself."""
        if self.stream == OutboxStream.EVENTS and self.job_id is not None:
            return self.job_id
        return self.message_id


def new_message_id() -> str:
    """Make the id by which JetStream knows a message that has no id of its own."""
    return new_id("outbox")


class OutboxRow(NamedTuple):
    """A message to be stored; `not_before` delays it."""

    stream: OutboxStream
    subject: str
    body: bytes
    message_id: str
    job_id: str | None = None
    job_seq: int | None = None
    not_before: datetime | None = None


async def append(session: AsyncSession, rows: Sequence[OutboxRow]) -> None:
    """Store messages with the transaction of `session`: in their order, delayed ones last."""
    for is_delayed in (False, True):
        chosen = [row for row in rows if (row.not_before is not None) is is_delayed]
        if chosen:
            await session.execute(
                insert(OutboxMessage), [_values(row, is_delayed) for row in chosen]
            )


def _values(row: OutboxRow, is_delayed: bool) -> dict[str, Any]:
    values = {**row._asdict(), "stream": row.stream.value}
    if not is_delayed:
        del values["not_before"]  # the database's own clock says now
    return values


def _group(stream: OutboxStream) -> SQLColumnExpression[str]:
    """Return `DueMessage.group` for rows of one stream."""
    if stream is OutboxStream.TASKS:
        return col(OutboxMessage.message_id)
    return func.coalesce(col(OutboxMessage.job_id), col(OutboxMessage.message_id))


def _due(stream: OutboxStream) -> Select[Any]:
    """Make the query of what is due; made once, as it is asked many times a second.

    The clock is read behind the snapshot: an event's own time would else hide it.
    """
    clock = select(func.clock_timestamp()).scalar_subquery()
    group = _group(stream)
    is_of_stream = col(OutboxMessage.stream) == stream.value
    later = select(group).where(is_of_stream, col(OutboxMessage.not_before) > clock)
    in_flight = any_(bindparam("in_flight", type_=ARRAY(String)))
    columns = [getattr(OutboxMessage, name) for name in DueMessage._fields]
    return (
        select(*columns)
        .where(is_of_stream, group.not_in(later), not_(group == in_flight))
        .order_by(col(OutboxMessage.position))
        .limit(bindparam("limit"))
    )


_DUE: Final = {stream: _due(stream) for stream in OutboxStream}


async def due(
    session: AsyncSession,
    stream: OutboxStream,
    limit: int,
    in_flight: Sequence[str] = (),
) -> list[DueMessage]:
    """Return a stream's oldest rows whose time has come, in order of their positions.

    Groups `in_flight` are left out, and those with a row that is put off, so that no
    event passes one of its job before it.
    """
    values = {"in_flight": list(in_flight), "limit": limit}
    rows = await session.execute(_DUE[stream], values)
    return [DueMessage(*row) for row in rows]


async def put_off(session: AsyncSession, position: int, seconds: float) -> None:
    """Keep a row, and the later ones of its group, from being due for some time."""
    until = func.clock_timestamp() + timedelta(seconds=seconds)
    await session.execute(
        update(OutboxMessage)
        .where(col(OutboxMessage.position) == position)
        .values(not_before=until)
    )


async def remove(session: AsyncSession, positions: Sequence[int]) -> None:
    """Delete rows that have been published."""
    await session.execute(
        delete(OutboxMessage).where(
            among(col(OutboxMessage.position), positions, BigInteger)
        )
    )


class Waiting(NamedTuple):
    """A stream's rows: those that are due, for how many seconds the first has been so,
    and those that are put off."""

    due: int
    oldest_seconds: float
    delayed: int


async def waiting(session: AsyncSession) -> dict[OutboxStream, Waiting]:
    """Return what waits to be published, for each stream."""
    clock = func.statement_timestamp()
    since = func.min(col(OutboxMessage.not_before))
    is_due = col(OutboxMessage.not_before) <= clock
    age = func.extract("epoch", clock - since.filter(is_due))
    due, delayed = (func.count().filter(one) for one in (is_due, not_(is_due)))
    query = select(col(OutboxMessage.stream), due, age, delayed).group_by(
        col(OutboxMessage.stream)
    )
    found = dict.fromkeys(OutboxStream, Waiting(0, 0.0, 0))
    for stream, count, seconds, put_off in await session.execute(query):
        found[OutboxStream(stream)] = Waiting(count, float(seconds or 0), put_off)
    return found


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
