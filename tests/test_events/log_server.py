"""JetStream's EVENTS stream in memory, with every way in which it can lose something.

It answers the few requests that EventLog and Tail make, late by random waits, so that
those two, Hub and JobReader run as they are.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig, RawStreamMsg
from nats.js.errors import NotFoundError

from events.cursor import Position
from events.recorded import EXPECTED_SEQUENCE
from events.subjects import matches
from tests.test_events.bodies import Written
from tests.test_events.lineage import Lineage, Stored

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEGIN = 1_767_000_000_000_000


class Kept(NamedTuple):
    """One message of the stream; `time` in microseconds since 1970."""

    time: int
    written: Written
    previous: int


class _State(NamedTuple):
    first_seq: int
    last_seq: int


class _Info(NamedTuple):
    created: datetime
    state: _State


class _Name(NamedTuple):
    name: str


type Callback = Callable[[Msg], Awaitable[None]]


class LogServer:
    """The stream and those who read it; its faults are methods."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.creation = _BEGIN
        self.first = self.last = 0
        self.kept: dict[int, Kept] = {}
        self.lineage = Lineage()
        # How often something was lost.
        self.faults = 0
        self.is_away = False
        self._consumers: dict[str, asyncio.Task[None]] = {}
        self._answers: set[asyncio.Task[None]] = set()
        self._clock = _BEGIN
        self._made = 0

    def now(self) -> int:
        """Return the server's clock, which never gives a time twice."""
        seconds = asyncio.get_running_loop().time()
        self._clock = max(self._clock + 1, _BEGIN + int(seconds * 1_000_000))
        return self._clock

    def append(self, written: Written) -> None:
        """Store a message as the newest."""
        mine = [seq for seq in self.kept if is_of(self.kept[seq], written.job_id)]
        self.last += 1
        self.first = self.first or 1
        time = self.now()
        self.kept[self.last] = Kept(time, written, mine[-1] if mine else 0)
        self.lineage.append(self.creation, self.last, time, written)

    def newest_of(self, job_id: str) -> int:
        """Return the job_seq of a job's last message, 0 where none is kept."""
        numbers = [m.written.job_seq for m in self.kept.values() if is_of(m, job_id)]
        return numbers[-1] if numbers else 0

    def restart(self) -> None:
        """Forget all consumers, as a restarted server does."""
        for task in self._consumers.values():
            task.cancel()
        self._consumers.clear()

    def lose_tail(self, count: int) -> None:
        """Lose the newest messages, as a crash without fsync does."""
        for sequence in sorted(self.kept)[-count:]:
            del self.kept[sequence]
        self.last = max(self.kept, default=max(self.first - 1, 0))
        self.lineage.cut(self.last)
        self.faults += 1
        self.restart()

    def expire(self, count: int) -> None:
        """Drop the oldest messages, as their age does."""
        for sequence in sorted(self.kept)[:count]:
            del self.kept[sequence]
        self.first = min(self.kept, default=self.last + 1)
        self.faults += 1

    def wipe(self) -> None:
        """Lose the stream; another is made."""
        self.kept.clear()
        self.lineage.cut(0)
        self.faults += 1
        self.first = self.last = 0
        self.creation = self.now()
        self.restart()

    def keeps(self, stored: Stored) -> bool:
        """Tell whether a message is still there."""
        there = self.kept.get(stored.sequence)
        return there is not None and there.time == stored.time

    def is_in_line(self, position: Position) -> bool:
        """Tell whether the stream grows from a position, as far as it can still tell."""
        if position.creation != self.creation or position.sequence > self.last:
            return False
        there = self.kept.get(position.sequence)
        return there is None or position.time in (None, there.time)

    def holds(self, position: Position) -> bool:
        """Tell whether a position holds, as the contract says."""
        return self.is_in_line(position) and position.sequence >= self.first - 1

    def surely_holds(self, position: Position | None) -> bool:
        """Tell whether a place holds, and has held ever since it was made."""
        if position is None or not self.holds(position):
            return False
        is_known = position.time is not None and position.sequence in self.kept
        return is_known or not self.faults

    def forgets(self, position: Position | None) -> bool:
        """Tell whether a place may be lost and look as if it had only expired."""
        if position is None or position.sequence in self.kept:
            return False
        return self.is_in_line(position)

    async def answer(self) -> None:
        """Take the time of a request; fail where the server is away."""
        await asyncio.sleep(self.chance.choice((0, 0.001, 0.02)))
        if self.is_away:
            raise nats.errors.NoRespondersError

    async def reply(self) -> None:
        """Take the time of an answer: what it says may be so no more."""
        await asyncio.sleep(self.chance.choice((0, 0, 0.001, 0.02)))

    def add_consumer(self, start: int, heartbeat: float, callback: Callback) -> str:
        """Begin to deliver to a callback."""
        self._made += 1
        name = f"c{self._made}"
        work = self._deliver(name, max(start, 1), heartbeat, callback)
        self._consumers[name] = asyncio.create_task(work)
        return name

    def delete_consumer(self, name: str) -> None:
        """Stop a consumer."""
        if name not in self._consumers:
            raise NotFoundError
        self._consumers.pop(name).cancel()

    def answer_batch(self, request: dict[str, Any], callback: Callback) -> None:
        """Send a batch of messages as a server does that may lag, or break off."""
        self._answers.add(task := asyncio.create_task(self._send(request, callback)))
        task.add_done_callback(self._answers.discard)

    async def _send(self, request: dict[str, Any], callback: Callback) -> None:
        try:
            await self.answer()
        except nats.errors.Error:
            await callback(_status("503"))
            return
        known = self.last - self.chance.choice((0, 0, 0, 2, 20))
        sequences = [
            sequence
            for sequence in sorted(self.kept)
            if request["seq"] <= sequence <= known
            and matches(request["next_by_subj"], self.kept[sequence].written.subject)
        ]
        messages = [
            _stored(sequence, self.kept[sequence])
            for sequence in sequences[: min(request["batch"], 10)]
        ]
        for message in messages:
            await callback(message)
            await asyncio.sleep(self.chance.choice((0, 0, 0.001)))
            if self.chance.random() < 0.01:
                return
        await callback(_status("204" if messages else "404"))

    async def _deliver(
        self, name: str, following: int, heartbeat: float, callback: Callback
    ) -> None:
        count = 0
        while True:
            following = max(following, self.first)
            if following <= self.last:
                count += 1
                if self.chance.random() < 0.99:  # else lost on its way
                    await callback(self._delivery(name, following, count))
                following += 1
                await asyncio.sleep(self.chance.choice((0, 0, 0.001, 0.05)))
            else:
                headers = {"Status": "100", "Nats-Last-Consumer": str(count)}
                await callback(Msg(cast(Client, None), headers=headers))
                await asyncio.sleep(heartbeat * self.chance.uniform(0.5, 1))

    def _delivery(self, name: str, sequence: int, count: int) -> Msg:
        message = self.kept[sequence]
        reply = f"$JS.ACK.EVENTS.{name}.1.{sequence}.{count}.{message.time}000.0"
        written = message.written
        return Msg(cast(Client, None), written.subject, reply, written.data)


class LogClient:
    """A connection to the stream in memory."""

    is_connected = True

    def __init__(self, server: LogServer) -> None:
        self._server = server
        self._callbacks: dict[str, Callback] = {}

    def jetstream(self, timeout: float) -> "LogClient":
        """Return what answers JetStream's requests."""
        return self

    def new_inbox(self) -> str:
        """Return a new subject to deliver to."""
        return f"_INBOX.{len(self._callbacks)}"

    async def subscribe(self, subject: str, cb: Callback) -> "LogClient":
        """Have a callback called for an inbox."""
        self._callbacks[subject] = cb
        return self

    async def unsubscribe(self) -> None:
        """End a subscription; its consumer is deleted next."""

    async def publish(self, subject: str, payload: bytes, reply: str) -> None:
        """Ask for a batch of messages, the only thing that is published here."""
        self._server.answer_batch(json.loads(payload), self._callbacks[reply])

    async def stream_info(self, name: str) -> _Info:
        """Return creation, first and last sequence."""
        await self._server.answer()
        server = self._server
        created = _EPOCH + timedelta(microseconds=server.creation)
        info = _Info(created, _State(server.first, server.last))
        await server.reply()
        return info

    async def get_msg(
        self, name: str, seq: int = 0, subject: str = "", next: bool = False
    ) -> RawStreamMsg:
        """Return the message at `seq`, the newest of `subject`, or the next one."""
        await self._server.answer()
        kept = dict(self._server.kept)
        await self._server.reply()
        sequences = [
            sequence
            for sequence in kept
            if (not subject or matches(subject, kept[sequence].written.subject))
            and (sequence >= seq if next else seq in (0, sequence))
        ]
        if not sequences:
            raise NotFoundError(code=404, err_code=10037)
        found = sequences[0] if next else sequences[-1]
        return RawStreamMsg(
            subject=kept[found].written.subject,
            seq=found,
            data=kept[found].written.data,
            time=_EPOCH + timedelta(microseconds=kept[found].time),
            headers={EXPECTED_SEQUENCE: str(kept[found].previous)},
        )

    async def add_consumer(self, name: str, config: ConsumerConfig) -> _Name:
        """Make an ordered push consumer."""
        await self._server.answer()
        assert config.deliver_subject and config.opt_start_seq and config.idle_heartbeat
        callback = self._callbacks[config.deliver_subject]
        return _Name(
            self._server.add_consumer(
                config.opt_start_seq, config.idle_heartbeat, callback
            )
        )

    async def delete_consumer(self, stream: str, name: str) -> None:
        """Delete a consumer."""
        await self._server.answer()
        self._server.delete_consumer(name)


def _stored(sequence: int, message: Kept) -> Msg:
    at = _EPOCH + timedelta(microseconds=message.time)
    headers = {
        "Nats-Sequence": str(sequence),
        "Nats-Subject": message.written.subject,
        "Nats-Time-Stamp": at.isoformat(),
        EXPECTED_SEQUENCE: str(message.previous),
    }
    return Msg(cast(Client, None), data=message.written.data, headers=headers)


def _status(code: str) -> Msg:
    return Msg(cast(Client, None), headers={"Status": code})


def is_of(message: Kept, job_id: str) -> bool:
    """Tell whether a message is a job's."""
    return message.written.job_id == job_id


def connect(server: LogServer) -> Client:
    """Return a connection that EventLog and Tail take for one to NATS."""
    connection: Any = LogClient(server)
    return cast(Client, connection)
