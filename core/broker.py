"""TaskIQ on JetStream with leases: a task is held by heartbeats, and never lost.

The stock pull broker gives a task to a second worker after 30 s, loses tasks when NATS
restarts and drops those it does not know. Here each delivery is a lease: it is kept
alive from delivery on and settled explicitly, and a settlement is confirmed.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple

import nats.errors
from loguru import logger
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig
from pydantic import ConfigDict
from taskiq import AckableMessage, BrokerMessage, TaskiqMessage
from taskiq.acks import AckController
from taskiq.receiver import Receiver
from taskiq.result import TaskiqResult
from taskiq_nats import PullBasedJetStreamBroker

TASK_STREAM: Final = "TASKS"
TASK_SUBJECT: Final = "tasks.default"
TASK_CONSUMER: Final = "workers_default"
ACK_WAIT_SECONDS: Final = 12.0
REDELIVER_SECONDS: Final = 5.0
UNKNOWN_DELIVERIES: Final = 4

type Bury = Callable[[bytes, str], Awaitable[None]]


def task_message(task_name: str, job_id: str) -> bytes:
    """Return TaskIQ's message that runs a task for one job; its task id is the job's."""
    message = TaskiqMessage(
        task_id=job_id,
        task_name=task_name,
        labels={},
        labels_types={},
        args=[job_id],
        kwargs={},
    )
    return message.model_dump_json().encode()


class Redeliver(NamedTuple):
    """Returned by a task that cannot run now: its message comes again after `seconds`."""

    seconds: float


class Unroutable(NamedTuple):
    """Returned by a task whose message can never be understood: it is buried."""

    reason: str


type Settlement = Redeliver | Unroutable | None


class Lease:
    """One delivery of a task: held while it runs, then settled once."""

    def __init__(self, broker: "LeasedBroker", message: Msg) -> None:
        self._broker = broker
        self._message = message
        self.is_settled = False
        self.result: TaskiqResult[Settlement] | None = None

    async def extend(self) -> None:
        """Tell JetStream that the task is still being worked on."""
        with suppress(nats.errors.Error, OSError):
            await self._message.in_progress()

    async def finish(self) -> None:
        """Settle the delivery by what has become of the task."""
        if self.is_settled:
            return
        if self.result is None:
            await self._bury_or_redeliver("No worker understands this message.")
        elif isinstance(self.result.return_value, Unroutable):
            await self._bury_or_redeliver(self.result.return_value.reason)
        elif isinstance(self.result.return_value, Redeliver):
            await self._redeliver(self.result.return_value.seconds)
        elif self.result.is_err:
            await self._redeliver(REDELIVER_SECONDS)
        else:
            await self._settle(b"+ACK")

    async def _bury_or_redeliver(self, reason: str) -> None:
        """Another worker may know the task; after some deliveries nobody does."""
        if self._message.metadata.num_delivered < UNKNOWN_DELIVERIES:
            await self._redeliver(REDELIVER_SECONDS)
            return
        await self._broker.bury(self._message.data, reason)
        await self._settle(b"+TERM")

    async def _redeliver(self, seconds: float) -> None:
        delay = json.dumps({"delay": int(seconds * 1e9)})
        await self._settle(b"-NAK " + delay.encode())

    async def _settle(self, verb: bytes) -> None:
        """Send the verb and wait for the server's confirmation, several times."""
        self.is_settled = True
        self._broker.leases.discard(self)
        for _ in range(5):
            with suppress(nats.errors.Error, TimeoutError, OSError):
                await self._broker.client.request(self._message.reply, verb, timeout=2)
                return
            await asyncio.sleep(0.5)
        logger.warning("a delivery could not be settled; it will come again")


class LeasedMessage(AckableMessage):
    """A TaskIQ message that carries its lease to the receiver."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    lease: Lease


class LeasedBroker(PullBasedJetStreamBroker):
    """A pull broker whose deliveries are leases; `bury` stores what nobody understands."""

    def __init__(self, servers: list[str], **options: Any) -> None:
        super().__init__(
            servers,
            subject=TASK_SUBJECT,
            stream_name=TASK_STREAM,
            durable=TASK_CONSUMER,
            consumer_config=ConsumerConfig(
                durable_name=TASK_CONSUMER,
                filter_subject=TASK_SUBJECT,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=ACK_WAIT_SECONDS,
                max_deliver=-1,
                max_ack_pending=5000,
            ),
            **options,
        )
        self.leases: set[Lease] = set()
        self.bury: Bury = _log_only

    async def _add_or_reuse_stream(self) -> None:
        """Leave the streams to the process' start: events/streams.py makes them."""

    async def _startup_consumer(self) -> None:
        if self.is_worker_process:
            await self._bind_consumer()

    async def _bind_consumer(self) -> None:
        assert self.consumer_config is not None
        await self.js.add_consumer(TASK_STREAM, config=self.consumer_config)
        self.consumer = await self.js.pull_subscribe_bind(
            consumer=TASK_CONSUMER, stream=TASK_STREAM
        )

    async def kick(self, message: BrokerMessage) -> None:
        """Refuse: a task is enqueued by its job's transaction, through the outbox."""
        raise RuntimeError("start a job instead; its outbox row becomes the task")

    async def listen(self) -> AsyncGenerator[AckableMessage, None]:
        """Yield deliveries for ever, whatever NATS goes through."""
        heartbeats = asyncio.create_task(self._extend_leases())
        try:
            while True:
                for message in await self._fetch():
                    lease = Lease(self, message)
                    self.leases.add(lease)
                    yield LeasedMessage(
                        data=message.data, ack=lease.finish, lease=lease
                    )
        finally:
            heartbeats.cancel()

    async def _fetch(self) -> list[Msg]:
        try:
            return await self.consumer.fetch(1, timeout=10, heartbeat=2)
        except (nats.errors.TimeoutError, TimeoutError):
            return []
        except nats.errors.ConnectionClosedError:
            raise
        except (nats.errors.Error, OSError) as error:
            logger.debug("fetching tasks again: {!r}", error)
            await asyncio.sleep(0.5)
            with suppress(nats.errors.Error, TimeoutError, OSError):
                await self._bind_consumer()
            return []

    async def _extend_leases(self) -> None:
        while True:
            await asyncio.sleep(ACK_WAIT_SECONDS / 3)
            for lease in tuple(self.leases):
                await lease.extend()


class LeasedReceiver(Receiver):
    """Runs leased tasks; at shutdown it cancels them, so that they are handed back."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._running: dict[asyncio.Task[Any], Lease] = {}

    async def listen(self, finish_event: asyncio.Event) -> None:
        """Listen until `finish_event`, then interrupt what runs."""
        interrupter = asyncio.create_task(self._interrupt(finish_event))
        try:
            await super().listen(finish_event)
        finally:
            interrupter.cancel()

    async def callback(
        self, message: bytes | AckableMessage, raise_err: bool = False
    ) -> None:
        """Run one delivery and leave it settled whatever happens."""
        assert isinstance(message, LeasedMessage)
        lease = message.lease
        task = asyncio.current_task()
        assert task is not None
        self._running[task] = lease
        try:
            await super().callback(message, raise_err)
        finally:
            del self._running[task]
            await lease.finish()

    async def run_task(
        self,
        target: Callable[..., Any],
        message: TaskiqMessage,
        ack_controller: AckController | None = None,
    ) -> TaskiqResult[Any]:
        """Run the task and note in its lease how it ended."""
        task = asyncio.current_task()
        assert task is not None
        lease = self._running[task]
        lease.result = await super().run_task(target, message, ack_controller)
        return lease.result

    async def _interrupt(self, finish_event: asyncio.Event) -> None:
        await finish_event.wait()
        for task in tuple(self._running):
            task.cancel()


async def _log_only(message: bytes, reason: str) -> None:
    logger.error("a dead letter: {} {!r}", reason, message[:200])
