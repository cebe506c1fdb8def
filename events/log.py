"""Reading the EVENTS stream, always from its leader: a follower may lag."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final, NamedTuple

import msgspec
import nats.errors
from loguru import logger
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from events.cursor import Position
from events.schemas import EventBody, decode
from events.subjects import ALL_EVENTS, EVENTS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_V1_TOKENS: Final = 9
_NO_MESSAGE: Final = 10037
# Nobody answers while a cluster elects the stream's leader: rather ask again.
ANSWER_SECONDS: Final = 2.0
RETRY_SECONDS: Final = 0.25
EXPECTED_SEQUENCE: Final = "Nats-Expected-Last-Subject-Sequence"


class LogState(NamedTuple):
    """The stream as its leader sees it; `creation` in microseconds since 1970."""

    creation: int
    first: int
    last: int


class Recorded:
    """One stored event; `time` in microseconds since 1970.

    `previous` is the sequence of the job's event before, 0 where the stream held none
    when this one was stored; it is known of events that were asked for by themselves.
    """

    def __init__(
        self, sequence: int, time: int, subject: str, data: bytes, previous: int = 0
    ) -> None:
        self.sequence = sequence
        self.time = time
        self.subject = subject
        self.data = data
        self.previous = previous

    @cached_property
    def body(self) -> EventBody:
        """The decoded body, shared by all who read this event."""
        return decode(self.data)

    @cached_property
    def is_readable(self) -> bool:
        """False where the body is none of ours, which is logged once."""
        try:
            return self.body is not None
        except msgspec.MsgspecError as error:
            logger.error("event {} on {}: {}", self.sequence, self.subject, error)
            return False

    @cached_property
    def payload(self) -> Any:
        """The body as plain JSON values, as it was published."""
        return msgspec.json.decode(self.data)

    @property
    def at(self) -> datetime:
        """When the stream stored the event."""
        return _EPOCH + timedelta(microseconds=self.time)


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


def microseconds(moment: datetime) -> int:
    """Return the whole microseconds from 1970 to `moment`."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


class EventLog:
    """The EVENTS stream, read by sequence and by subject.

    Where NATS is away, every call waits for its return.
    """

    def __init__(self, client: Client) -> None:
        self._jetstream = client.jetstream(timeout=ANSWER_SECONDS)

    async def state(self) -> LogState:
        """Return creation, first and last sequence; nats errors where it cannot be told."""
        info = await _patiently(lambda: self._jetstream.stream_info(EVENTS))
        created = info.created
        assert created is not None
        return LogState(
            microseconds(created), info.state.first_seq, info.state.last_seq
        )

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
        while found := await self.next(subject_filter, after):
            yield found
            after = found.sequence

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
        if there is None or position.time is None:
            return True
        return there.time == position.time

    async def _get(self, **request: Any) -> Recorded | None:
        try:
            return _recorded(
                await _patiently(lambda: self._jetstream.get_msg(EVENTS, **request))
            )
        except NotFoundError:
            return None


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


def _recorded(message: RawStreamMsg) -> Recorded:
    assert message.seq is not None and message.subject is not None
    assert message.time is not None
    return Recorded(
        message.seq,
        microseconds(message.time),
        message.subject,
        message.data or b"",
        int((message.headers or {}).get(EXPECTED_SEQUENCE, 0)),
    )
