"""TaskIQ on JetStream with leases: a task is held by heartbeats, and never lost.

The stock pull broker gives a task to a second worker after 30 s, loses tasks when NATS
restarts and drops those it does not know. Here each delivery is a lease: it is kept
alive from delivery on and settled explicitly, and a settlement is confirmed.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple

import nats.errors
from loguru import logger
from nats.aio.msg import Msg
from pydantic import ConfigDict
from taskiq import AckableMessage, BrokerMessage, TaskiqMessage
from taskiq.acks import AckController
from taskiq.receiver import Receiver
from taskiq.result import TaskiqResult
from taskiq_nats import PullBasedJetStreamBroker

from core import pulling
from core.base import utc_now
from core.nats import callbacks
from core.pulling import TaskPuller
from core.task_queue import TASK_STREAM

REDELIVER_SECONDS: Final = 5.0
UNKNOWN_DELIVERIES: Final = 4
UNKNOWN_SECONDS: Final = 600.0
NOT_UNDERSTOOD: Final = "No worker understands this message."

type Bury = Callable[[bytes, str], Awaitable[None]]


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

    @property
    def data(self) -> bytes:
        """The message's body."""
        return self._message.data

    async def extend(self) -> None:
        """Tell JetStream that the task is still being worked on."""
        with suppress(nats.errors.Error, OSError):
            await self._message.in_progress()

    async def finish(self) -> None:
        """Settle the delivery by what has become of the task."""
        if self.is_settled:
            return
        if self.result is None:
            await self._bury_or_redeliver(NOT_UNDERSTOOD)
        elif isinstance(self.result.return_value, Unroutable):
            await self._bury_or_redeliver(self.result.return_value.reason)
        elif isinstance(self.result.return_value, Redeliver):
            await self._redeliver(self.result.return_value.seconds)
        elif isinstance(self.result.error, asyncio.CancelledError):
            await self.release()
        elif self.result.is_err:
            await self._redeliver(REDELIVER_SECONDS)
        else:
            await self._settle(b"+ACK")

    async def release(self) -> None:
        """Give the task to whichever worker wants it now."""
        await self._redeliver(0)

    async def _bury_or_redeliver(self, reason: str) -> None:
        """Another worker may know the task; after some minutes nobody does.

        Deliveries alone prove nothing: busy or stopping workers put messages off.
        """
        metadata = self._message.metadata
        age = (utc_now() - metadata.timestamp).total_seconds()
        if (
            metadata.num_delivered < UNKNOWN_DELIVERIES
            or age < self._broker.unknown_seconds
        ):
            await self._redeliver(REDELIVER_SECONDS)
            return
        try:
            await self._broker.bury(self._message.data, reason)
        except Exception:
            logger.exception("a dead letter cannot be stored yet")
            await self._redeliver(REDELIVER_SECONDS)
            return
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
    """A pull broker whose deliveries are leases; `bury` stores what nobody understands.

    `unknown_seconds` is how long a message waits for a worker that does, `capacity`
    how many tasks run at once.
    """

    def __init__(self, servers: list[str], **options: Any) -> None:
        super().__init__(
            servers,
            stream_name=TASK_STREAM,
            **options,
        )
        self.connection_kwargs.update(callbacks(self.client))
        self.leases: set[Lease] = set()
        self.capacity = 1
        self.bury: Bury = _log_only
        self.unknown_seconds = UNKNOWN_SECONDS
        self._puller: TaskPuller | None = None
        self._arrived: deque[Lease] = deque()
        self._has_arrived = asyncio.Event()
        self._releases: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        self._starting: asyncio.Task[None] | None = None

    async def startup(self) -> None:
        """Connect, as long as that takes; `stop_fetching` ends it."""
        self._starting = asyncio.create_task(super().startup())
        await self._starting

    async def shutdown(self) -> None:
        """Close what is open: nothing, where it was stopped before it had connected."""
        if self._starting is None or not self._starting.cancelled():
            await super().shutdown()

    async def _add_or_reuse_stream(self) -> None:
        """Leave the streams to the process' start: events/streams.py makes them."""

    async def _startup_consumer(self) -> None:
        """Leave the consumer to `listen`, which makes it anew whenever it is gone."""

    async def kick(self, message: BrokerMessage) -> None:
        """Refuse: a task is enqueued by its job's transaction, through the outbox."""
        raise RuntimeError("start a job instead; its outbox row becomes the task")

    async def listen(self) -> AsyncGenerator[AckableMessage, None]:
        """Yield deliveries for ever, whatever NATS goes through."""
        heartbeats = asyncio.create_task(self._extend_leases())
        self._puller = TaskPuller(self.client, self._deliver)
        try:
            while True:
                lease = await self._next()
                yield LeasedMessage(data=lease.data, ack=lease.finish, lease=lease)
        finally:
            heartbeats.cancel()

    async def _next(self) -> "Lease":
        """Return the next delivery; the caller has room for it."""
        while not self._arrived:
            assert self._puller is not None
            self._has_arrived.clear()
            room = max(self.capacity - len(self.leases), 1)
            await self._puller.pull(room, self._has_arrived)
        return self._arrived.popleft()

    def _deliver(self, message: Msg) -> None:
        """Hold a delivery from now on; one that there is no room for goes to others."""
        lease = Lease(self, message)
        if self._is_stopping or len(self.leases) >= self.capacity:
            self._releases.add(release := asyncio.create_task(lease.release()))
            release.add_done_callback(self._releases.discard)
            return
        self.leases.add(lease)
        self._arrived.append(lease)
        self._has_arrived.set()

    async def stop_fetching(self) -> None:
        """Have the server send what comes from now on to other workers."""
        self._is_stopping = True
        if self._starting is not None:
            self._starting.cancel()
        if self._puller is not None:
            await self._puller.close()
        arrived = [lease.release() for lease in self._arrived]
        self._arrived.clear()
        await asyncio.gather(*arrived, *self._releases)

    async def _extend_leases(self) -> None:
        while True:
            await asyncio.sleep(pulling.ACK_WAIT_SECONDS / 3)
            for lease in tuple(self.leases):
                await lease.extend()


class LeasedReceiver(Receiver):
    """Runs leased tasks; at shutdown it cancels them, so that they are handed back."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        assert isinstance(self.broker, LeasedBroker)
        self.broker.capacity = options.get("max_async_tasks") or 1
        self._running: dict[asyncio.Task[Any], Lease] = {}
        self._stopping = False

    async def listen(self, finish_event: asyncio.Event) -> None:
        """Listen until `finish_event`, then interrupt what runs."""
        interrupter = asyncio.create_task(self._interrupt(finish_event))
        try:
            await super().listen(finish_event)
        except asyncio.CancelledError:
            if not finish_event.is_set():
                raise  # else it was stopped before it had connected
        finally:
            if finish_event.is_set():
                await interrupter
            else:
                interrupter.cancel()

    async def callback(
        self, message: bytes | AckableMessage, raise_err: bool = False
    ) -> None:
        """Run one delivery and leave it settled whatever happens."""
        assert isinstance(message, LeasedMessage)
        lease = message.lease
        if self._stopping:
            await lease.release()
            return
        task = asyncio.current_task()
        assert task is not None
        self._running[task] = lease
        try:
            await super().callback(message, raise_err)
        except Exception:
            logger.exception("a delivery could not be worked on")
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
        # Labels are TaskIQ's orders to its own receiver: a timeout, when to settle.
        if message.args != [message.task_id] or message.kwargs or message.labels:
            lease.result = _not_understood()
        else:
            lease.result = await super().run_task(target, message, ack_controller)
        return lease.result

    async def _interrupt(self, finish_event: asyncio.Event) -> None:
        await finish_event.wait()
        self._stopping = True
        # First what runs: it goes back by PostgreSQL, also where NATS is away.
        for task in tuple(self._running):
            task.cancel()
        assert isinstance(self.broker, LeasedBroker)
        await self.broker.stop_fetching()


def _not_understood() -> TaskiqResult[Settlement]:
    answer = Unroutable(NOT_UNDERSTOOD)
    return TaskiqResult(is_err=False, return_value=answer, execution_time=0.0)


async def _log_only(message: bytes, reason: str) -> None:
    logger.error("a dead letter: {} {!r}", reason, message[:200])
