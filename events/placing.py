"""Placing one row of the outbox in its stream, behind its job's event before."""

import asyncio
from collections import OrderedDict
from typing import Final

import nats.errors
from loguru import logger
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import BadRequestError

from core.outbox import DueMessage, OutboxStream
from events.log import EventLog
from events.recorded import EXPECTED_SEQUENCE
from events.subjects import EVENTS, TASKS, job_filter

REMEMBERED_JOBS: Final = 10_000
RETRY_SECONDS: Final = 0.2
_EXPECTED_SUBJECT: Final = f"{EXPECTED_SEQUENCE}-Subject"
_MESSAGE_ID: Final = "Nats-Msg-Id"
_REFUSED: Final = frozenset({10071, 10164})
_HOPELESS: Final = (
    BadRequestError,
    nats.errors.MaxPayloadError,
    nats.errors.BadSubjectError,
)


class Placer:
    """Publishes rows; remembers where the last events of recent jobs lie."""

    def __init__(self, client: Client) -> None:
        self._jetstream: JetStreamContext = client.jetstream(timeout=2)
        self._log = EventLog(client)
        self._last: OrderedDict[str, tuple[int, int]] = OrderedDict()

    async def place(self, row: DueMessage) -> None:
        """Publish a row, or find that it has been; wait for NATS without an end.

        Raises what no waiting mends, such as BadRequestError or MaxPayloadError.
        """
        if row.stream == OutboxStream.TASKS:
            await self._send(row, TASKS, {})
        elif row.job_id is None:
            await self._send(row, EVENTS, {})
        else:
            await self._place_event(row, row.job_id)

    async def _place_event(self, row: DueMessage, job_id: str) -> None:
        """Publish one event of a job behind the one before it."""
        assert row.job_seq is not None
        expected = self._known_expectation(job_id, row.job_seq)
        refusals = 0
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
                if refusals:  # a relay that is ahead costs one refusal
                    await asyncio.sleep(RETRY_SECONDS)
                refusals += 1
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

    async def _send(self, row: DueMessage, stream: str, headers: dict[str, str]) -> int:
        """Publish until it is acknowledged, always under the same message id."""
        headers = {**headers, _MESSAGE_ID: row.message_id}
        while True:
            try:
                acknowledgement = await self._jetstream.publish(
                    row.subject, row.body, stream=stream, headers=headers
                )
                return acknowledgement.seq
            except _HOPELESS:
                raise
            except (nats.errors.Error, TimeoutError, OSError) as error:
                logger.debug("publishing again: {!r}", error)
                await asyncio.sleep(RETRY_SECONDS)
