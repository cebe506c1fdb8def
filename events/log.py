"""Reading the EVENTS stream, always from its leader: a follower may lag."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final, NamedTuple

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from events.cursor import Position
from events.schemas import EventBody, decode
from events.subjects import ALL_EVENTS, EVENTS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_V1_TOKENS: Final = 9


class LogState(NamedTuple):
    """The stream as its leader sees it; `creation` in microseconds since 1970."""

    creation: int
    first: int
    last: int


class Recorded:
    """One stored event; `time` in microseconds since 1970."""

    def __init__(self, sequence: int, time: int, subject: str, data: bytes) -> None:
        self.sequence = sequence
        self.time = time
        self.subject = subject
        self.data = data

    @cached_property
    def body(self) -> EventBody:
        """The decoded body, shared by all who read this event."""
        return decode(self.data)

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
    """The EVENTS stream, read by sequence and by subject."""

    def __init__(self, client: Client) -> None:
        self._jetstream = client.jetstream(timeout=5)

    async def state(self) -> LogState:
        """Return creation, first and last sequence; nats errors where it cannot be told."""
        info = await self._jetstream.stream_info(EVENTS)
        created = info.created
        assert created is not None
        return LogState(
            microseconds(created), info.state.first_seq, info.state.last_seq
        )

    async def at(self, sequence: int) -> Recorded | None:
        """Return the event at `sequence`, if it is still kept."""
        if sequence < 1:
            return None
        try:
            return _recorded(await self._jetstream.get_msg(EVENTS, seq=sequence))
        except NotFoundError:
            return None

    async def last(self, subject_filter: str) -> Recorded | None:
        """Return the newest event that the filter covers."""
        try:
            found = await self._jetstream.get_msg(EVENTS, subject=subject_filter)
        except NotFoundError:
            return None
        return _recorded(found)

    async def next(self, subject_filter: str, after: int) -> Recorded | None:
        """Return the first event behind sequence `after` that the filter covers."""
        try:
            found = await self._jetstream.get_msg(
                EVENTS, seq=after + 1, subject=subject_filter, next=True
            )
        except NotFoundError:
            return None
        return _recorded(found)

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
        state = await self.state()
        if position.creation != state.creation:
            return False
        if not state.first - 1 <= position.sequence <= state.last:
            return False
        if position.time is None:
            return True
        there = await self.at(position.sequence)
        return there is None or there.time == position.time


def _recorded(message: RawStreamMsg) -> Recorded:
    assert message.seq is not None and message.subject is not None
    assert message.time is not None
    return Recorded(
        message.seq, microseconds(message.time), message.subject, message.data or b""
    )
