"""Reading the EVENTS stream; where it ends, its leader says: a follower may lag."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, NamedTuple

import nats.errors
from loguru import logger
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from events.batches import BatchReader
from events.cursor import Position
from events.recorded import EXPECTED_SEQUENCE, Recorded, microseconds
from events.subjects import ALL_EVENTS, EVENTS

_V1_TOKENS: Final = 9
_NO_MESSAGE: Final = 10037
# Nobody answers while a cluster elects the stream's leader: rather ask again.
ANSWER_SECONDS: Final = 2.0
RETRY_SECONDS: Final = 0.25


class LogState(NamedTuple):
    """The stream as its leader sees it; `creation` in microseconds since 1970."""

    creation: int
    first: int
    last: int


class Delivered(NamedTuple):
    """What a JetStream delivery's reply subject tells."""

    consumer_sequence: int
    stream_sequence: int
    time: int


def delivered(message: Msg) -> Delivered:
    """Read the sequences and the time (microseconds) of a JetStream delivery."""
    tokens = message.reply.split(".")
    start = 5 if len(tokens) == _V1_TOKENS else 7
    return Delivered(
        consumer_sequence=int(tokens[start + 1]),
        stream_sequence=int(tokens[start]),
        time=int(tokens[start + 2]) // 1000,
    )


class EventLog:
    """The EVENTS stream, read by sequence and by subject.

    Where NATS is away, every call waits for its return.
    """

    def __init__(self, client: Client) -> None:
        self._jetstream = client.jetstream(timeout=ANSWER_SECONDS)
        self._batches = BatchReader(client)
        self._creation = 0

    async def state(self) -> LogState:
        """Return creation, first and last sequence; nats errors where it cannot be told."""
        info = await _patiently(lambda: self._jetstream.stream_info(EVENTS))
        created = info.created
        assert created is not None
        self._creation = microseconds(created)
        return LogState(self._creation, info.state.first_seq, info.state.last_seq)

    async def end(self, state: LogState) -> Position:
        """Return the place behind the last event."""
        newest = await self.at(state.last)
        return Position(state.creation, state.last, newest.time if newest else None)

    async def at(self, sequence: int) -> Recorded | None:
        """Return the event at `sequence`, if it is still kept."""
        if sequence < 1:
            return None
        return await self._get(seq=sequence)

    async def last(self, subject_filter: str) -> Recorded | None:
        """Return the newest event that the filter covers."""
        return await self._get(subject=subject_filter)

    async def next(self, subject_filter: str, after: int) -> Recorded | None:
        """Return the first event behind sequence `after` that the filter covers."""
        return await self._get(seq=after + 1, subject=subject_filter, next=True)

    async def replay(
        self, after: int, subject_filter: str = ALL_EVENTS
    ) -> AsyncIterator[Recorded]:
        """Yield what the filter covers behind sequence `after`, up to the present end."""
        async for batch in self.batches(after, subject_filter):
            for event in batch:
                yield event

    async def batches(
        self, after: int, subject_filter: str = ALL_EVENTS
    ) -> AsyncIterator[list[Recorded]]:
        """Yield the same in batches; that it is the end, the leader says."""
        while True:
            batch = await self._batches.read(after, subject_filter, self._creation)
            if not batch:
                found = await self.next(subject_filter, after)
                if found is None:
                    return
                batch = [found]
            yield batch
            after = batch[-1].sequence

    async def holds(self, position: Position | None) -> bool:
        """Tell whether reading on from `position` misses nothing."""
        if position is None:
            return False
        there = await self.at(position.sequence)
        state = await self.state()  # last, lest it be of the stream before
        if position.creation != state.creation:
            return False
        if not state.first - 1 <= position.sequence <= state.last:
            return False
        if there is None and position.sequence >= state.first:
            there = await self.at(position.sequence)  # stored between the two looks
        if there is None or position.time is None:
            return True
        return there.time == position.time

    async def _get(self, **request: Any) -> Recorded | None:
        creation = self._creation  # a newer one may come to be known meanwhile
        try:
            message = await _patiently(
                lambda: self._jetstream.get_msg(EVENTS, **request)
            )
        except NotFoundError:
            return None
        return _recorded(message, creation)


async def _patiently[T](ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until NATS answers; NotFoundError only where the stream lacks a message."""
    while True:
        try:
            return await ask()
        except NotFoundError as error:
            if error.err_code == _NO_MESSAGE:
                raise
        except (nats.errors.Error, TimeoutError, OSError) as error:
            logger.debug("the event log does not answer yet: {!r}", error)
        await asyncio.sleep(RETRY_SECONDS)


def _recorded(message: RawStreamMsg, creation: int) -> Recorded:
    assert message.seq is not None and message.subject is not None
    assert message.time is not None
    return Recorded(
        message.seq,
        microseconds(message.time),
        message.subject,
        message.data or b"",
        creation=creation,
        previous=int((message.headers or {}).get(EXPECTED_SEQUENCE, 0)),
    )
