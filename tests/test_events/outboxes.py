"""Rows in a real outbox, and what has come of them in the real streams."""

import asyncio
from collections import defaultdict

from nats.aio.client import Client
from nats.js.errors import NotFoundError
from sqlalchemy import func, select

from core import outbox
from core.base import new_id
from core.database_async import Database
from core.outbox import OutboxMessage, OutboxRow, OutboxStream
from core.task_queue import TaskPriority, task_subject
from events.log import EventLog
from events.publisher import OutboxPublisher
from events.subjects import TASKS, Transition, trailing_id
from tests.test_events.bodies import Rows, Written


async def store(database: Database, *events: Written) -> None:
    """Put events into the outbox as `transitions.record` does, in one transaction."""
    async with database.transaction() as session:
        await outbox.append(session, [event_row(event) for event in events])


def event_row(event: Written) -> OutboxRow:
    """Make the row of a job's event."""
    return OutboxRow(
        OutboxStream.EVENTS,
        event.subject,
        event.data,
        message_id=f"{event.job_id}:{event.job_seq}",
        job_id=event.job_id,
        job_seq=event.job_seq,
    )


async def store_task(database: Database, body: bytes) -> None:
    """Put a task into the outbox."""
    job_id = new_id("job")
    async with database.transaction() as session:
        await outbox.append(session, [task_row(job_id, body)])


def task_row(job_id: str, body: bytes) -> OutboxRow:
    """Make the row of a job's task."""
    return OutboxRow(
        OutboxStream.TASKS,
        task_subject(TaskPriority.BULK, job_id),
        body,
        message_id=outbox.new_message_id(),
        job_id=job_id,
    )


class Relaying:
    """What a relay process runs: a publisher for each stream."""

    def __init__(self, database: Database, client: Client) -> None:
        self._database = database
        self._client = client
        self.events = OutboxPublisher(database, client, OutboxStream.EVENTS)
        self.tasks = OutboxPublisher(database, client, OutboxStream.TASKS)

    def reborn(self) -> "Relaying":
        """Return what stands in after its death: a process that remembers nothing."""
        return Relaying(self._database, self._client)

    async def run(self) -> None:
        """Publish until cancelled, once."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.events.run())
            group.create_task(self.tasks.run())

    async def empties(self, left: int = 0, patience: float = 20) -> None:
        """Publish until no more than `left` rows wait, then stop at once."""
        work = asyncio.create_task(self.run())
        try:
            async with asyncio.timeout(patience):
                while await waiting(self._database) > left:
                    assert not work.done()
                    await asyncio.sleep(0.01)
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


def history(rows: Rows, events: int) -> list[Written]:
    """Make a job with that many events, the last one terminal."""
    job_id = rows.add()
    made = [rows.emit(job_id, Transition.QUEUED)]
    made += [rows.emit(job_id) for _ in range(events - 2)]
    return [*made, rows.emit(job_id, Transition.COMPLETED)]


async def waiting(database: Database) -> int:
    """Return how many rows the outbox holds."""
    async with database.transaction() as session:
        count = await session.scalar(select(func.count()).select_from(OutboxMessage))
    return count or 0


async def numbers(client: Client) -> dict[str, list[int]]:
    """Return the job_seqs in EVENTS by job, in stream order, each body checked."""
    found: dict[str, list[int]] = defaultdict(list)
    async for event in EventLog(client).replay(0):
        job = event.body.job
        assert job and job.id == trailing_id(event.subject)
        found[job.id].append(job.job_seq)
    return dict(found)


async def tasks(client: Client) -> list[bytes]:
    """Return the bodies in TASKS, in stream order."""
    jetstream = client.jetstream(timeout=5)
    info = await jetstream.stream_info(TASKS)
    found: list[bytes] = []
    for sequence in range(max(info.state.first_seq, 1), info.state.last_seq + 1):
        try:
            message = await jetstream.get_msg(TASKS, seq=sequence)
        except NotFoundError:
            continue
        found.append(message.data or b"")
    return found
