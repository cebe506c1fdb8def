"""Publishing the outbox: every event once and in its job's order, whoever else relays.

The stream itself arbitrates among relays: each event names the sequence of its job's
event before. See docs/contract/event-log.md, "Writing".
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain
from typing import Final

from loguru import logger
from nats.aio.client import Client

from core import outbox
from core.database_async import Database
from core.outbox import DueMessage, OutboxStream
from events.placing import Placer

BATCH_ROWS: Final = 500
GROUPS_AT_ONCE: Final = 100
PATIENCE_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.25
# Where much comes, what comes within some milliseconds is read, and deleted, in one go.
GATHER_SECONDS: Final = 0.01
FEW_ROWS: Final = 5
FIRST_DELAY_SECONDS: Final = 1.0
LONGEST_DELAY_SECONDS: Final = 300.0
REMEMBERED_REFUSALS: Final = 10_000


class OutboxPublisher:
    """Moves one stream's rows from the outbox to JetStream and deletes them there.

    Rows go in groups: a job's events one after the other, anything else by itself.
    Each group ends on its own, so that one in trouble holds nobody else up.
    """

    def __init__(
        self, database: Database, client: Client, stream: OutboxStream
    ) -> None:
        self._database = database
        self._stream = stream
        self._placer = Placer(client)
        self._slots = asyncio.Semaphore(GROUPS_AT_ONCE)
        self._in_flight: dict[str, asyncio.Task[None]] = {}
        self._ended: list[tuple[str, list[int]]] = []
        self._refusals: OrderedDict[str, int] = OrderedDict()
        self._news = asyncio.Event()
        self._has_ended = asyncio.Event()
        self._is_waiting = False

    def wake(self) -> None:
        """Say that the outbox may hold something new."""
        self._news.set()

    async def run(self) -> None:
        """Publish until cancelled, when woken and at least every POLL_SECONDS."""
        deleting = asyncio.create_task(self._delete_for_ever())
        try:
            while True:
                self._news.clear()
                rows = await self._start_due()
                if rows < BATCH_ROWS:
                    await asyncio.sleep(GATHER_SECONDS if rows > FEW_ROWS else 0)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(POLL_SECONDS):
                            await self._news.wait()
        finally:
            tasks = [deleting, *self._in_flight.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._in_flight.clear()
            self._ended.clear()

    async def _start_due(self) -> int:
        """Start what is due and not in flight; return how many rows that is."""
        if len(self._in_flight) >= GROUPS_AT_ONCE:
            return 0
        try:
            async with self._database.statement() as session:
                rows = await outbox.due(
                    session, self._stream, BATCH_ROWS, tuple(self._in_flight)
                )
        except Exception as error:
            _stop_where_cancelled()
            logger.warning("the outbox cannot be read: {!r}", error)
            return 0
        groups: dict[str, list[DueMessage]] = defaultdict(list)
        for row in rows:
            groups[row.group].append(row)
        for group, members in groups.items():
            publishing = self._publish_group(group, members)
            self._in_flight[group] = asyncio.create_task(publishing)
        return len(rows)

    async def _publish_group(self, group: str, rows: Sequence[DueMessage]) -> None:
        """Publish a group's rows one after the other, as far as that goes."""
        done: list[int] = []
        async with self._slots:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    for row in rows:
                        await self._placer.place(row)
                        done.append(row.position)
                self._refusals.pop(group, None)
                self._is_waiting = False
            except TimeoutError:
                self._tell_of_waiting()
            except Exception as error:
                await self._put_off(rows[len(done)], error)
        self._ended.append((group, done))
        self._has_ended.set()

    def _tell_of_waiting(self) -> None:
        if not self._is_waiting:
            logger.warning("NATS takes nothing into {}; rows wait", self._stream.value)
        self._is_waiting = True

    async def _put_off(self, row: DueMessage, error: Exception) -> None:
        """Have a row that cannot be published, and its group's later ones, wait."""
        refusals = self._refusals.pop(row.group, 0)
        self._refusals[row.group] = refusals + 1
        if len(self._refusals) > REMEMBERED_REFUSALS:
            self._refusals.popitem(last=False)
        delay = min(FIRST_DELAY_SECONDS * 2**refusals, LONGEST_DELAY_SECONDS)
        with logger.contextualize(**({"job_id": row.job_id} if row.job_id else {})):
            logger.error(
                "row {} for {} cannot be published; again in {:g} s: {}",
                row.position,
                row.subject,
                delay,
                str(error)[:200] or type(error).__name__,
            )
        try:
            async with self._database.transaction() as session:
                await outbox.put_off(session, row.position, delay)
        except Exception as failure:
            logger.warning("the outbox cannot be written: {!r}", failure)
            await asyncio.sleep(FIRST_DELAY_SECONDS)

    async def _delete_for_ever(self) -> None:
        """Delete the rows of groups as they end, as many as have ended meanwhile.

        Rows that stay for want of PostgreSQL are found to be published already.
        """
        while True:
            await self._has_ended.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._has_ended.clear()
            ended, self._ended = self._ended, []
            positions = list(chain.from_iterable(done for _, done in ended))
            try:
                if positions:
                    async with self._database.statement() as session:
                        await outbox.remove(session, positions)
            except Exception as error:
                _stop_where_cancelled()
                logger.warning("published rows cannot be deleted: {!r}", error)
                await asyncio.sleep(FIRST_DELAY_SECONDS)
            for group, _ in ended:
                del self._in_flight[group]
            self._news.set()


def _stop_where_cancelled() -> None:
    """Raise what a broken connection may have hidden: that this task is to end."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
