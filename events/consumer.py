"""Durable consumers: one for each event handler, at least once, each by itself.

A handler is a coroutine function named ``on_…`` that is marked with `on_event`; its
consumer is called ``consumer_`` and its name. Handlers are idempotent. One that fails
is tried again after a growing wait and holds no other up.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec
import nats.errors
from loguru import logger
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from core.container import Container
from events.schemas import EventBody, decode
from events.subjects import EVENTS

ACK_WAIT_SECONDS: Final = 30.0
LONGEST_WAIT_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 0.5
ANSWER_SECONDS: Final = 2.0
PULL_SECONDS: Final = 10.0
_UNLIMITED: Final = -1

type HandlerFunction = Callable[[EventBody, Container], Awaitable[None]]


class EventHandler(NamedTuple):
    """A handler, and the filter of the subjects that it handles."""

    subject_filter: str
    function: HandlerFunction

    @property
    def name(self) -> str:
        """The handler's name."""
        return self.function.__name__

    @property
    def consumer(self) -> str:
        """The name of the handler's durable consumer."""
        return f"consumer_{self.name}"


HANDLERS: Final[dict[str, EventHandler]] = {}


def on_event(subject_filter: str) -> Callable[[HandlerFunction], HandlerFunction]:
    """Mark a function as the handler of the events that the filter covers."""

    def register(function: HandlerFunction) -> HandlerFunction:
        handler = EventHandler(subject_filter, function)
        HANDLERS[handler.name] = handler
        return function

    return register


class HandlerLoop:
    """Feeds one handler from its durable consumer."""

    def __init__(
        self, client: Client, container: Container, handler: EventHandler
    ) -> None:
        self._jetstream: JetStreamContext = client.jetstream(timeout=ANSWER_SECONDS)
        self._container = container
        self._handler = handler

    async def run(self) -> None:
        """Handle events until cancelled, whatever NATS goes through."""
        while True:
            with suppress(nats.errors.Error, TimeoutError, OSError):
                await self._consume()
            await asyncio.sleep(RETRY_SECONDS)

    async def _consume(self) -> None:
        await self._jetstream.add_consumer(
            EVENTS,
            config=ConsumerConfig(
                durable_name=self._handler.consumer,
                filter_subject=self._handler.subject_filter,
                deliver_policy=DeliverPolicy.ALL,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=ACK_WAIT_SECONDS,
                max_deliver=_UNLIMITED,
                # Events that fail for hours must not keep new ones from being tried.
                max_ack_pending=_UNLIMITED,
            ),
        )
        consumer = await self._jetstream.pull_subscribe_bind(
            consumer=self._handler.consumer, stream=EVENTS
        )
        try:
            while True:
                with suppress(nats.errors.TimeoutError):
                    for message in await consumer.fetch(
                        1, timeout=PULL_SECONDS, heartbeat=PULL_SECONDS / 5
                    ):
                        await self._handle(message)
        finally:
            with suppress(nats.errors.Error, OSError):
                await consumer.unsubscribe()

    async def _handle(self, message: Msg) -> None:
        deliveries = message.metadata.num_delivered
        try:
            body = decode(message.data)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            logger.error(
                "{}: {} is no event: {}", self._handler.name, message.subject, error
            )
            await message.term()
            return
        with logger.contextualize(job_id=body.task_id):
            try:
                async with asyncio.timeout(ACK_WAIT_SECONDS - 1):
                    await self._handler.function(body, self._container)
            except Exception:
                wait = min(2.0**deliveries, LONGEST_WAIT_SECONDS)
                logger.exception("{} failed; again in {} s", self._handler.name, wait)
                await message.nak(delay=wait)
            else:
                await message.ack_sync()
