"""The one ordered consumer of a gateway process: every event once, in stream order.

It starts at an explicit sequence and checks what comes, as a consumer that is made
anew may otherwise begin anywhere.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import nats.errors
from loguru import logger
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from events.cursor import Position
from events.log import ANSWER_SECONDS, EventLog, delivered
from events.recorded import Recorded
from events.subjects import EVENTS

HEARTBEAT_SECONDS: Final = 1.0
SILENCE_SECONDS: Final = 3.5
RETRY_SECONDS: Final = 0.25
_STATUS: Final = "Status"
_STALLED: Final = "Nats-Consumer-Stalled"
_LAST_CONSUMER: Final = "Nats-Last-Consumer"


class Tail:
    """Follows the stream's end through restarts of NATS, pauses and new streams.

    `on_start` gets the log's first sequence and where the tail begins; `on_event` each
    event; `on_restart` is called where the stream is another or was cut, before the
    tail begins anew from what is kept; `on_attached` each time that the tail is
    connected again.
    """

    def __init__(
        self,
        client: Client,
        log: EventLog,
        *,
        on_start: Callable[[int, Position], Awaitable[None]],
        on_event: Callable[[Recorded], Awaitable[None]],
        on_restart: Callable[[Position], None],
        on_attached: Callable[[], None],
    ) -> None:
        self._client = client
        self._log = log
        self._on_start = on_start
        self._on_event = on_event
        self._on_restart = on_restart
        self._on_attached = on_attached
        self._consumer_sequence = 0
        self._broken = asyncio.Event()
        self._confirmed = asyncio.Event()
        self._last_sign = 0.0
        self.position: Position | None = None

    @property
    def is_alive(self) -> bool:
        """True while the consumer, or its heartbeat, has been heard of lately."""
        loop = asyncio.get_running_loop()
        return loop.time() - self._last_sign < 2 * SILENCE_SECONDS

    @property
    def silence(self) -> float | None:
        """Seconds since either was heard of; None before the first sign."""
        now = asyncio.get_running_loop().time()
        return now - self._last_sign if self._last_sign else None

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                await self._find_start()
                await self._follow()
            except (nats.errors.Error, TimeoutError, OSError) as error:
                logger.debug("the event tail begins again: {!r}", error)
            except Exception:  # silence would be worse than another try
                logger.exception("the event tail broke and begins again")
            await asyncio.sleep(RETRY_SECONDS)

    async def _find_start(self) -> None:
        """Decide where to read on: at the end at first, else where it stopped."""
        state = await self._log.state()
        if self.position is None:
            start = await self._log.end(state)
            await self._on_start(state.first, start)
            self.position = start
        elif not await self._log.holds(self.position):
            logger.warning(
                "the event log is another or was cut: starting from its rest"
            )
            self.position = Position(state.creation, max(state.first - 1, 0), None)
            self._on_restart(self.position)

    async def _follow(self) -> None:
        """Deliver events until the consumer shows a gap or falls silent."""
        self._broken, self._confirmed = asyncio.Event(), asyncio.Event()
        self._consumer_sequence = 0
        start = self.position
        inbox = self._client.new_inbox()
        subscription = await self._client.subscribe(inbox, cb=self._handler(inbox))
        name: str | None = None
        try:
            name = await self._add_consumer(inbox)
            if await self._log.holds(start):  # else the consumer is another stream's
                self._confirmed.set()
                self._on_attached()
                await self._watch_heartbeats()
        finally:
            await self._detach(subscription, name)

    async def _add_consumer(self, inbox: str) -> str:
        assert self.position is not None
        jetstream = self._client.jetstream(timeout=ANSWER_SECONDS)
        info = await jetstream.add_consumer(
            EVENTS,
            config=ConsumerConfig(
                deliver_subject=inbox,
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=self.position.sequence + 1,
                ack_policy=AckPolicy.NONE,
                max_deliver=1,
                flow_control=True,
                idle_heartbeat=HEARTBEAT_SECONDS,
                inactive_threshold=30,
                mem_storage=True,
                num_replicas=1,
            ),
        )
        return info.name

    async def _detach(self, subscription: Subscription, name: str | None) -> None:
        with suppress(nats.errors.Error, TimeoutError, OSError):
            await subscription.unsubscribe()
            if name is not None and self._client.is_connected:
                jetstream = self._client.jetstream(timeout=1)
                await jetstream.delete_consumer(EVENTS, name)

    async def _watch_heartbeats(self) -> None:
        loop = asyncio.get_running_loop()
        self._last_sign = loop.time()
        while loop.time() - self._last_sign < SILENCE_SECONDS:
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._broken.wait()
                    return

    def _handler(self, inbox: str) -> Callable[[Msg], Awaitable[None]]:
        broken, confirmed = self._broken, self._confirmed

        async def handle(message: Msg) -> None:
            await confirmed.wait()
            if broken is not self._broken or broken.is_set():
                return  # a late message of the consumer before
            self._last_sign = asyncio.get_running_loop().time()
            headers = message.headers or {}
            if headers.get(_STATUS) == "100":
                await self._control(message, headers)
            else:
                await self._take(message)

        return handle

    async def _control(self, message: Msg, headers: dict[str, str]) -> None:
        """Answer flow control; compare a heartbeat with what has arrived."""
        reply = message.reply or headers.get(_STALLED)
        if reply:
            await self._client.publish(reply)
        last = headers.get(_LAST_CONSUMER)
        if last is not None and int(last) != self._consumer_sequence:
            self._broken.set()

    async def _take(self, message: Msg) -> None:
        found = delivered(message)
        if found.consumer_sequence != self._consumer_sequence + 1:
            self._broken.set()
            return
        assert self.position is not None
        if found.stream_sequence != self.position.sequence + 1:
            # Removed before they came; where it was from the front, that is a cut.
            if not await self._log.holds(self.position):
                self._broken.set()
                return
        self._consumer_sequence = found.consumer_sequence
        self.position = Position(
            self.position.creation, found.stream_sequence, found.time
        )
        await self._on_event(
            Recorded(
                found.stream_sequence,
                found.time,
                message.subject,
                message.data,
                creation=self.position.creation,
            )
        )
