"""Pulling tasks from the work queue: the interactive ones first, never more than fit.

One inbox for each of the two consumers stays subscribed, so that no delivery is lost
between two requests, and a waiting worker needs no round trip when a task comes.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

import nats.errors
from loguru import logger
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import AckPolicy, ConsumerConfig

from core.task_queue import TASK_STREAM, TaskPriority

ACK_WAIT_SECONDS: Final = 12.0
PULL_SECONDS: Final = 5.0
HEARTBEAT_SECONDS: Final = 1.0
# Of silence, after which the server that was asked is no more, or its leader.
ANSWER_SECONDS: Final = 2.5
RETRY_SECONDS: Final = 0.5
_STATUS: Final = "Status"
_HEARTBEAT: Final = "100"
_NOTHING: Final = frozenset({"404", "408"})


class PullRefused(Exception):
    """The server's answer tells that the consumer has to be bound anew."""


class Puller:
    """One consumer of the work queue, asked by one worker."""

    def __init__(
        self, client: Client, priority: TaskPriority, take: Callable[[Msg], None]
    ) -> None:
        self._client = client
        self._priority = priority
        self._take = take
        self._inbox: Subscription | None = None
        self._prefix = ""
        self._number = 0
        self._left = 0
        self._answered: asyncio.Future[None] | None = None
        self._has_beaten = False

    async def request(self, count: int, seconds: float) -> None:
        """Ask for up to `count` deliveries, waiting so long for the first; 0: not at all.

        Returns once the server has answered. PullRefused or nats errors where it
        cannot be asked; the next request begins anew.
        """
        try:
            if self._inbox is None:
                await self._bind()
            await self._ask(count, seconds)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Take no more deliveries."""
        inbox, self._inbox = self._inbox, None
        if inbox is not None:
            with suppress(nats.errors.Error, OSError):
                await inbox.unsubscribe()

    async def _bind(self) -> None:
        # Nobody answers while a cluster elects the consumer's leader: do not wait long.
        jetstream = self._client.jetstream(timeout=ANSWER_SECONDS)
        await jetstream.add_consumer(
            TASK_STREAM,
            config=ConsumerConfig(
                durable_name=self._priority.consumer,
                filter_subject=self._priority.filter,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=ACK_WAIT_SECONDS,
                max_deliver=-1,
                max_ack_pending=5000,
            ),
        )
        self._prefix = self._client.new_inbox()
        self._inbox = await self._client.subscribe(f"{self._prefix}.*", cb=self._on)

    async def _ask(self, count: int, seconds: float) -> None:
        self._number += 1
        self._left = count
        self._answered = asyncio.get_running_loop().create_future()
        asked = {"batch": count, "no_wait": True}
        if seconds:
            beat = min(HEARTBEAT_SECONDS, seconds / 2)
            asked = {"batch": count, "expires": _nanoseconds(seconds)}
            asked["idle_heartbeat"] = _nanoseconds(beat)
        await self._client.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{TASK_STREAM}.{self._priority.consumer}",
            json.dumps(asked).encode(),
            reply=self._reply,
        )
        await self._answer(self._answered)

    async def _answer(self, answered: asyncio.Future[None]) -> None:
        """Wait for the answer; TimeoutError where the server falls silent."""
        self._has_beaten = True
        while self._has_beaten and not answered.done():
            self._has_beaten = False
            await asyncio.wait({answered}, timeout=ANSWER_SECONDS)
        if not answered.done():
            raise TimeoutError("the work queue does not answer")
        answered.result()

    @property
    def _reply(self) -> str:
        return f"{self._prefix}.{self._number}"

    async def _on(self, message: Msg) -> None:
        status = (message.headers or {}).get(_STATUS)
        if status is None:
            self._take(message)
            self._left -= 1
            if self._left <= 0:
                self._end()
        elif status == _HEARTBEAT:
            self._has_beaten = True
        elif message.subject == self._reply:
            self._end(None if status in _NOTHING else PullRefused(message.headers))

    def _end(self, error: Exception | None = None) -> None:
        if self._answered is None or self._answered.done():
            return
        if error is None:
            self._answered.set_result(None)
        else:
            self._answered.set_exception(error)


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)


class TaskPuller:
    """Both consumers of one worker. `take` gets every delivery as it arrives."""

    def __init__(self, client: Client, take: Callable[[Msg], None]) -> None:
        self._client = client
        self._pullers = {
            priority: Puller(client, priority, take) for priority in TaskPriority
        }
        self._waits: dict[TaskPriority, asyncio.Task[None]] = {}

    async def pull(self, count: int, has_come: asyncio.Event) -> None:
        """Ask for up to `count` deliveries; return when some came, or after seconds.

        Tasks of the lower priority are asked for where none of the higher is there.
        """
        try:
            self._end_waits()
            for priority in self._idle():
                await self._pullers[priority].request(count, 0)
                if has_come.is_set():
                    return
            await self._wait(has_come)
        except (PullRefused, TimeoutError, nats.errors.Error, OSError) as error:
            if self._client.is_closed:
                raise
            logger.debug("asking for tasks again: {!r}", error)
            await asyncio.sleep(RETRY_SECONDS)

    async def close(self) -> None:
        """Have the server send what comes from now on to other workers."""
        for wait in self._waits.values():
            wait.cancel()
        await asyncio.gather(*self._waits.values(), return_exceptions=True)
        for puller in self._pullers.values():
            await puller.close()
        with suppress(nats.errors.Error, OSError):
            await self._client.flush(timeout=2)

    def _idle(self) -> Iterator[TaskPriority]:
        """Return what is not being waited for: a wait tells that nothing was there."""
        return (one for one in TaskPriority if one not in self._waits)

    async def _wait(self, has_come: asyncio.Event) -> None:
        for priority in self._idle():
            waiting = self._pullers[priority].request(1, PULL_SECONDS)
            self._waits[priority] = asyncio.create_task(waiting)
        coming = asyncio.create_task(has_come.wait())
        try:
            await asyncio.wait(
                {coming, *self._waits.values()}, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            coming.cancel()
        self._end_waits()

    def _end_waits(self) -> None:
        """Forget the waits that are over; raise what one of them has met."""
        for priority, wait in tuple(self._waits.items()):
            if wait.done():
                del self._waits[priority]
                wait.result()
