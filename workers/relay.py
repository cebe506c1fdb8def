"""The outbox relay: ``python -m workers.relay``. Any number of them may run."""

import asyncio

from loguru import logger
from nats.aio.client import Client
from nats.aio.msg import Msg

from core.config import Settings
from core.database_async import Database
from core.nats import WAKE_RELAY
from core.outbox import OutboxStream
from events.publisher import OutboxPublisher
from events.streams import ensure_streams
from workers.process import Process, run_process

STREAMS_SECONDS = 5.0
RETRY_SECONDS = 1.0


class Relay:
    """Publishes the outbox, each stream by itself, and keeps the streams in being."""

    def __init__(self, client: Client, database: Database, settings: Settings) -> None:
        self._client = client
        self._publishers = [
            OutboxPublisher(database, client, stream) for stream in OutboxStream
        ]
        self._replicas = settings.nats_replicas

    async def run(self) -> None:
        """Relay until cancelled."""
        await self._client.subscribe(WAKE_RELAY, cb=self._on_wake)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_streams())
            for publisher in self._publishers:
                group.create_task(publisher.run())

    async def _on_wake(self, _message: Msg) -> None:
        for publisher in self._publishers:
            publisher.wake()

    async def _keep_streams(self) -> None:
        """Make the streams, and make them again should NATS have lost its data."""
        told = ""
        while True:
            try:
                await ensure_streams(self._client, self._replicas)
            except Exception as error:
                trouble = str(error) or repr(error)
                if trouble != told:  # what lasts is told once
                    logger.warning("the streams are not as they should be: {}", trouble)
                told = trouble
                await asyncio.sleep(RETRY_SECONDS)
            else:
                told = ""
                await asyncio.sleep(STREAMS_SECONDS)


async def relay(process: Process) -> None:
    """Run the relay."""
    await Relay(process.client, process.database, process.settings).run()


if __name__ == "__main__":
    run_process("relay", relay)
