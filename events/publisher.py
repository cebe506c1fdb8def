"""Publishing the outbox: every event once and in its job's order, whoever else relays.

The stream itself arbitrates among relays: each event names the sequence of its job's
event before. See docs/contract/event-log.md, "Writing".
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from typing import Final

import nats.errors
from loguru import logger
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import BadRequestError

from core import outbox
from core.database_async import Database
from core.outbox import OutboxMessage, OutboxStream
from events.log import EXPECTED_SEQUENCE, EventLog
from events.subjects import EVENTS, TASKS, job_filter

BATCH_ROWS: Final = 500
JOBS_AT_ONCE: Final = 100
REMEMBERED_JOBS: Final = 10_000
PATIENCE_SECONDS: Final = 30.0
RETRY_SECONDS: Final = 0.2
_EXPECTED_SUBJECT: Final = f"{EXPECTED_SEQUENCE}-Subject"
_MESSAGE_ID: Final = "Nats-Msg-Id"
_REFUSED: Final = frozenset({10071, 10164})


class OutboxPublisher:
    """Moves rows from the outbox to JetStream and deletes them there."""

    def __init__(self, database: Database, client: Client) -> None:
        self._database = database
        self._client = client
        self._jetstream: JetStreamContext = client.jetstream(timeout=2)
        self._log = EventLog(client)
        self._last: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._slots = asyncio.Semaphore(JOBS_AT_ONCE)

    async def publish_due(self) -> int:
        """Publish one batch of due rows; return how many were published."""
        async with self._database.transaction() as session:
            rows = await outbox.due(session, BATCH_ROWS)
        groups: dict[str, list[OutboxMessage]] = defaultdict(list)
        for row in rows:
            events_of_job = row.stream == OutboxStream.EVENTS and row.job_id
            groups[events_of_job or row.message_id].append(row)
        done = await asyncio.gather(*map(self._publish_group, groups.values()))
        positions = [position for group in done for position in group]
        if positions:
            async with self._database.transaction() as session:
                await outbox.remove(session, positions)
        return len(positions)

    async def _publish_group(self, rows: Sequence[OutboxMessage]) -> list[int]:
        """Publish one job's rows one after the other; return the positions done."""
        done: list[int] = []
        async with self._slots:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    for row in rows:
                        await self._publish(row)
                        assert row.position is not None
                        done.append(row.position)
            except TimeoutError:
                logger.warning("NATS takes no messages; {} wait", len(rows) - len(done))
            except Exception:
                logger.exception("the row at {} cannot be published", rows[len(done)])
        return done

    async def _publish(self, row: OutboxMessage) -> None:
        if row.stream == OutboxStream.TASKS:
            await self._send(row, TASKS, {})
        elif row.job_id is None:
            await self._send(row, EVENTS, {})
        else:
            await self._publish_event(row, row.job_id)

    async def _publish_event(self, row: OutboxMessage, job_id: str) -> None:
        """Publish one event of a job behind the one before it."""
        assert row.job_seq is not None
        expected = self._known_expectation(job_id, row.job_seq)
        while True:
            if expected is None:
                expected, job_seq = await self._newest(job_id)
                if job_seq >= row.job_seq:
                    self._remember(job_id, expected, job_seq)
                    return
            headers = {
                EXPECTED_SEQUENCE: str(expected),
                _EXPECTED_SUBJECT: job_filter(job_id),
            }
            try:
                sequence = await self._send(row, EVENTS, headers)
            except BadRequestError as error:
                if error.err_code not in _REFUSED:
                    raise
                expected = None
            else:
                self._remember(job_id, sequence, row.job_seq)
                return

    def _known_expectation(self, job_id: str, job_seq: int) -> int | None:
        """Return the sequence of the event before, where nobody need be asked."""
        if job_seq == 1:
            return 0
        sequence, last_seq = self._last.get(job_id, (0, 0))
        return sequence if last_seq == job_seq - 1 else None

    async def _newest(self, job_id: str) -> tuple[int, int]:
        """Return the sequence and job_seq of the job's last event, or zeros."""
        newest = await self._log.last(job_filter(job_id))
        if newest is None or not newest.body.job:
            return 0, 0
        return newest.sequence, newest.body.job.job_seq

    def _remember(self, job_id: str, sequence: int, job_seq: int) -> None:
        self._last[job_id] = sequence, job_seq
        self._last.move_to_end(job_id)
        if len(self._last) > REMEMBERED_JOBS:
            self._last.popitem(last=False)

    async def _send(
        self, row: OutboxMessage, stream: str, headers: dict[str, str]
    ) -> int:
        """Publish until it is acknowledged, always under the same message id."""
        headers = {**headers, _MESSAGE_ID: row.message_id}
        while True:
            try:
                acknowledgement = await self._jetstream.publish(
                    row.subject, row.body, stream=stream, headers=headers
                )
                return acknowledgement.seq
            except BadRequestError:
                raise
            except (nats.errors.Error, TimeoutError, OSError) as error:
                logger.debug("publishing again: {!r}", error)
                await asyncio.sleep(RETRY_SECONDS)
