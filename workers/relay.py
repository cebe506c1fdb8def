"""The outbox relay: ``python -m workers.relay``. Any number of them may run."""

import asyncio
from contextlib import suppress

from loguru import logger
from nats.aio.client import Client
from nats.aio.msg import Msg

from core.config import Settings
from core.database_async import Database
from core.nats import WAKE_RELAY
from events.publisher import OutboxPublisher
from events.streams import ensure_streams
from workers.process import Process, run_process

POLL_SECONDS = 0.25
STREAMS_SECONDS = 30.0


class Relay:
    """Publishes the outbox when woken, and at least every POLL_SECONDS."""

    def __init__(self, client: Client, database: Database, settings: Settings) -> None:
        self._client = client
        self._publisher = OutboxPublisher(database, client)
        self._replicas = settings.nats_replicas
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Relay until cancelled; keep the streams in being meanwhile."""
        await self._client.subscribe(WAKE_RELAY, cb=self._on_wake)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_streams())
            group.create_task(self._publish_for_ever())

    async def _on_wake(self, _message: Msg) -> None:
        self._woken.set()

    async def _keep_streams(self) -> None:
        """Make the streams, and make them again should NATS have lost its data."""
        while True:
            try:
                await ensure_streams(self._client, self._replicas)
            except Exception as error:
                logger.warning("the streams cannot be made yet: {!r}", error)
                await asyncio.sleep(1)
                continue
            await asyncio.sleep(STREAMS_SECONDS)

    async def _publish_for_ever(self) -> None:
        while True:
            self._woken.clear()
            try:
                published = await self._publisher.publish_due()
            except Exception as error:
                logger.warning("the outbox cannot be read: {!r}", error)
                published = 0
            if published == 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._woken.wait()


async def relay(process: Process) -> None:
    """Run the relay."""
    await Relay(process.client, process.database, process.settings).run()


if __name__ == "__main__":
    run_process("relay", relay)
