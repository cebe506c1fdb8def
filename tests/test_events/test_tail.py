"""The tail: every event once, in order, whatever the server goes through."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from events.cursor import Position
from events.live.tail import Tail
from events.log import EventLog
from events.recorded import Recorded
from events.streams import ensure_streams
from events.subjects import EVENTS
from tests.test_events.bodies import Rows, Written
from tests.test_events.conftest import Mortal, connected, fresh_streams
from tests.test_events.publishing import eventually, send, until

pytestmark = pytest.mark.usefixtures("quick")


class Followed:
    """A tail and what it has called back."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.events: list[Recorded] = []
        self.starts: list[tuple[int, Position]] = []
        self.restarts: list[Position] = []
        self.attached = 0
        self.tail = Tail(
            client,
            EventLog(client),
            on_start=self._on_start,
            on_event=self._on_event,
            on_restart=self._on_restart,
            on_attached=self._on_attached,
        )
        self._rows = Rows()
        self._job_id = self._rows.add()

    async def _on_start(self, first: int, position: Position) -> None:
        assert self.tail.position is None
        self.starts.append((first, position))

    async def _on_event(self, event: Recorded) -> None:
        self.events.append(event)

    def _on_restart(self, position: Position) -> None:
        assert position == self.tail.position
        self.restarts.append(position)

    def _on_attached(self) -> None:
        self.attached += 1

    def born(self, count: int) -> list[Written]:
        """Return the job's next events."""
        return [self._rows.emit(self._job_id) for _ in range(count)]

    async def publish(self, count: int) -> list[int]:
        """Publish the job's next events; return their sequences."""
        return [await send(self.client, event) for event in self.born(count)]

    @property
    def sequences(self) -> list[int]:
        """The stream sequences of all that came."""
        return [event.sequence for event in self.events]

    async def attached_again(self, before: int) -> None:
        """Wait until the tail is connected once more."""
        await eventually(lambda: self.attached > before)

    async def delete_consumer(self) -> None:
        """Take the tail's consumer away, as the server does from a stopped process."""
        jetstream = self.client.jetstream(timeout=5)
        for info in await jetstream.consumers_info(EVENTS):
            await jetstream.delete_consumer(EVENTS, info.name)


def followed_by(count: int) -> list[Written]:
    """Return so many events of another job."""
    rows = Rows()
    job = rows.add()
    return [rows.emit(job) for _ in range(count)]


@asynccontextmanager
async def following(client: Client, old: int = 0) -> AsyncIterator[Followed]:
    """Follow a stream that holds some events already."""
    followed = Followed(client)
    await followed.publish(old)
    work = asyncio.create_task(followed.tail.run())
    await followed.attached_again(0)
    yield followed
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work


async def test_only_what_comes_behind_the_start_is_told(client: Client) -> None:
    async with following(client, old=300) as followed:
        start = followed.tail.position
        assert start is not None and start.sequence == 300
        assert await EventLog(client).holds(start)
        new = await followed.publish(5)
        await until(followed.events, 5)

        assert followed.sequences == new == [301, 302, 303, 304, 305]
        assert followed.starts == [(1, start)]
        assert followed.restarts == []


async def test_an_empty_stream_is_followed_from_its_first_event(client: Client) -> None:
    async with following(client) as followed:
        assert await followed.publish(3) == [1, 2, 3]
        await until(followed.events, 3)

        assert followed.sequences == [1, 2, 3]


async def test_an_event_is_what_the_leader_tells_of_it(client: Client) -> None:
    async with following(client) as followed:
        events = followed.born(1)
        await send(client, events[0])
        await until(followed.events, 1)

        told, live = await EventLog(client).at(1), followed.events[0]
        assert told is not None
        assert (live.sequence, live.time, live.subject, live.data) == (
            told.sequence,
            told.time,
            told.subject,
            told.data,
        )
        assert (live.subject, live.data) == (events[0].subject, events[0].data)
        position = followed.tail.position
        assert position is not None
        assert (position.sequence, position.time) == (1, live.time)
        assert await EventLog(client).holds(position)


async def test_a_kill_before_the_first_message_brings_no_old_events(
    mortal: Mortal, mortal_client: Client
) -> None:
    async with following(mortal_client, old=50) as followed:
        mortal.kill()
        await asyncio.sleep(0.2)
        await mortal.restart()
        new = await followed.publish(5)
        await followed.attached_again(1)
        await until(followed.events, 5)

        assert followed.sequences == new == [51, 52, 53, 54, 55]
        assert followed.restarts == []


async def test_a_kill_in_the_middle_costs_and_repeats_nothing(
    mortal: Mortal, mortal_client: Client
) -> None:
    async with following(mortal_client, old=5) as followed:
        work = asyncio.create_task(followed.publish(60))
        await eventually(lambda: len(followed.events) >= 10)
        mortal.kill()
        await asyncio.sleep(0.3)
        await mortal.restart()
        new = await work
        await until(followed.events, 60)

        assert followed.sequences == new == list(range(6, 66))
        numbers = [
            event.body.job and event.body.job.job_seq for event in followed.events
        ]
        assert numbers == list(range(6, 66))
        assert followed.restarts == []


async def test_a_consumer_that_was_deleted_is_made_again_at_its_place(
    client: Client,
) -> None:
    async with following(client, old=5) as followed:
        await followed.publish(3)
        await until(followed.events, 3)
        await followed.delete_consumer()
        await followed.publish(4)
        await followed.attached_again(1)
        await followed.publish(2)
        await until(followed.events, 9)

        assert followed.sequences == list(range(6, 15))
        assert followed.restarts == []
        consumers = await client.jetstream().consumers_info(EVENTS)
        assert len(consumers) == 1


@pytest.mark.parametrize("lost", [3, 6], ids=["middle", "last"])
async def test_a_message_lost_on_its_way_is_fetched_again(
    client: Client, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    handler, losses = Tail._handler, [lost]

    def forgetful(self: Tail, inbox: str) -> Callable[[Msg], Awaitable[None]]:
        take = handler(self, inbox)

        async def handle(message: Msg) -> None:
            is_event = message.subject.startswith("events.")
            if is_event and message.metadata.sequence.stream in losses:
                losses.clear()
            else:
                await take(message)

        return handle

    monkeypatch.setattr(Tail, "_handler", forgetful)
    async with following(client) as followed:
        await followed.publish(6)
        await until(followed.events, 6)

        assert followed.sequences == [1, 2, 3, 4, 5, 6]
        assert losses == []
        assert followed.restarts == []


async def test_a_new_stream_is_told_and_read_from_its_first_event(
    client: Client,
) -> None:
    async with following(client, old=20) as followed:
        before = followed.tail.position
        await fresh_streams(client)
        await followed.publish(4)
        await until(followed.events, 4)

        assert followed.sequences == [1, 2, 3, 4]
        after = followed.tail.position
        assert before is not None and after is not None
        assert after.creation > before.creation
        assert after.creation == (await EventLog(client).state()).creation
        assert followed.restarts == [Position(after.creation, 0, None)]
        assert len(followed.starts) == 1


async def test_a_new_stream_that_is_longer_already_is_told_too(client: Client) -> None:
    async with following(client, old=3) as followed:
        await fresh_streams(client)
        await followed.publish(10)
        await until(followed.events, 10)

        assert followed.sequences == list(range(1, 11))
        assert len(followed.restarts) == 1


async def test_wiped_data_are_told(mortal: Mortal, mortal_client: Client) -> None:
    async with following(mortal_client, old=20) as followed:
        mortal.kill()
        mortal.wipe()
        await mortal.restart()
        await ensure_streams(mortal_client, 1)
        await followed.publish(3)
        await until(followed.events, 3)

        assert followed.sequences == [1, 2, 3]
        assert len(followed.restarts) == 1


async def test_events_that_were_purged_unseen_are_told(client: Client) -> None:
    async with following(client, old=5) as followed:
        await followed.delete_consumer()
        await followed.publish(6)
        await client.jetstream().purge_stream(EVENTS, seq=10)
        await followed.attached_again(1)
        await until(followed.events, 2)

        assert followed.sequences == [10, 11]
        position = followed.tail.position
        assert position is not None and position.sequence == 11
        assert followed.restarts == [Position(position.creation, 9, None)]


async def test_a_purge_of_what_was_seen_is_no_loss(client: Client) -> None:
    async with following(client, old=5) as followed:
        await client.jetstream().purge_stream(EVENTS)
        await followed.delete_consumer()
        await followed.attached_again(1)
        await followed.publish(2)
        await until(followed.events, 2)

        assert followed.sequences == [6, 7]
        assert followed.restarts == []


async def test_without_a_stream_the_tail_waits_for_it(
    client: Client, nats_url: str
) -> None:
    await client.jetstream().delete_stream(EVENTS)
    async with connected(nats_url) as second:
        followed = Followed(second)
        work = asyncio.create_task(followed.tail.run())
        await asyncio.sleep(0.3)
        assert followed.tail.position is None
        await fresh_streams(client)
        await followed.attached_again(0)
        await followed.publish(2)
        await until(followed.events, 2)

        assert followed.sequences == [1, 2]
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    assert await client.jetstream().consumers_info(EVENTS) == []


async def test_a_stream_that_is_replaced_while_the_consumer_is_made_is_told(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    add, replacements = Tail._add_consumer, [followed_by(3)]

    async def late(self: Tail, inbox: str) -> str:
        if replacements:
            await fresh_streams(client)
            for event in replacements.pop():
                await send(client, event)
        return await add(self, inbox)

    async with following(client, old=1) as followed:
        monkeypatch.setattr(Tail, "_add_consumer", late)
        await followed.delete_consumer()
        await until(followed.events, 3)

        assert followed.sequences == [1, 2, 3]
        assert [place.sequence for place in followed.restarts] == [0]
        creation = (await EventLog(client).state()).creation
        assert {event.creation for event in followed.events} == {creation}


async def test_events_that_were_deleted_from_the_middle_are_passed_over(
    client: Client,
) -> None:
    async with following(client, old=5) as followed:
        await followed.delete_consumer()
        await followed.publish(6)
        assert await client.jetstream().delete_msg(EVENTS, 8)
        await followed.attached_again(1)
        await until(followed.events, 5)

        assert followed.sequences == [6, 7, 9, 10, 11]
        assert followed.restarts == []
