"""Reading many events of the stream by one request, from whichever server answers.

A server that lags answers with less than there is, never with holes: what a batch
holds is true, that it holds no more is not.
"""

import asyncio
from datetime import datetime
from typing import Final

import msgspec
import nats.errors
from loguru import logger
from nats.aio.client import Client
from nats.aio.msg import Msg

from events.recorded import EXPECTED_SEQUENCE, Recorded, microseconds
from events.subjects import EVENTS

BATCH_EVENTS: Final = 256
BATCH_BYTES: Final = 512 * 1024
BATCH_SECONDS: Final = 2.0
BATCHES_AT_ONCE: Final = 16
_SUBJECT: Final = f"$JS.API.DIRECT.GET.{EVENTS}"
_STATUS: Final = "Status"


class BatchReader:
    """Reads by JetStream's direct get, a few batches at once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._free = asyncio.Semaphore(BATCHES_AT_ONCE)

    async def read(
        self, after: int, subject_filter: str, creation: int
    ) -> list[Recorded]:
        """Return the next events behind a sequence that the filter covers.

        An empty list may mean anything: that there are none, or that nobody answers.
        """
        request = {
            "seq": after + 1,
            "batch": BATCH_EVENTS,
            "max_bytes": BATCH_BYTES,
            "next_by_subj": subject_filter,
        }
        found: list[Recorded] = []
        async with self._free:
            try:
                async with asyncio.timeout(BATCH_SECONDS):
                    await self._collect(msgspec.json.encode(request), found, creation)
            except (nats.errors.Error, TimeoutError, OSError) as error:
                logger.debug("a batch of events broke off: {!r}", error)
        return found

    async def _collect(
        self, request: bytes, found: list[Recorded], creation: int
    ) -> None:
        over = asyncio.Event()

        async def take(message: Msg) -> None:
            if _STATUS in (message.headers or {}):
                over.set()
            elif not over.is_set():
                found.append(_recorded(message, creation))

        inbox = self._client.new_inbox()
        subscription = await self._client.subscribe(inbox, cb=take)
        try:
            await self._client.publish(_SUBJECT, request, reply=inbox)
            await over.wait()
        finally:
            over.set()
            await subscription.unsubscribe()


def _recorded(message: Msg, creation: int) -> Recorded:
    headers = message.headers or {}
    return Recorded(
        int(headers["Nats-Sequence"]),
        microseconds(datetime.fromisoformat(headers["Nats-Time-Stamp"])),
        headers["Nats-Subject"],
        message.data,
        creation=creation,
        previous=int(headers.get(EXPECTED_SEQUENCE, 0)),
    )
