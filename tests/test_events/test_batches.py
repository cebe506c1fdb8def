"""Many events by one request: what a batch holds, and where the log's end is."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from events import batches
from events.batches import BatchReader
from events.log import EventLog
from events.recorded import Recorded
from events.subjects import ALL_EVENTS, EVENTS, Transition, job_filter
from tests.test_events.bodies import Rows
from tests.test_events.happening import happen
from tests.test_events.publishing import eventually, publish

CREATION = 7


async def read(
    log: EventLog, after: int, subject_filter: str = ALL_EVENTS
) -> list[list[int]]:
    """Return the sequences that each batch holds."""
    await log.state()
    return [
        [event.sequence for event in batch]
        async for batch in log.batches(after, subject_filter)
    ]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a batch hold three events at most."""
    monkeypatch.setattr(batches, "BATCH_EVENTS", 3)


async def test_an_event_of_a_batch_is_what_the_leader_tells_of_it(
    client: Client, rows: Rows
) -> None:
    job = rows.add()
    await happen(client, rows, job, 3)
    log = EventLog(client)
    await log.state()
    (batch,) = [batch async for batch in log.batches(0)]

    assert [event.sequence for event in batch] == [1, 2, 3, 4, 5, 6]
    for event in batch:
        told = await log.at(event.sequence)
        assert told is not None
        assert event.__dict__ == told.__dict__
    assert [event.previous for event in batch] == [0, 0, 1, 2, 3, 4]


@pytest.mark.usefixtures("small")
async def test_several_batches_are_the_whole_log_once(
    client: Client, rows: Rows
) -> None:
    job = rows.add()
    await publish(client, rows, *(rows.emit(job) for _ in range(8)))
    log = EventLog(client)

    assert await read(log, 0) == [[1, 2, 3], [4, 5, 6], [7, 8]]
    assert await read(log, 5) == [[6, 7, 8]]
    assert await read(log, 7) == [[8]]
    assert await read(log, 8) == []
    assert await read(log, 100) == []


@pytest.mark.usefixtures("small")
async def test_a_filter_s_batches_hold_what_it_covers(
    client: Client, rows: Rows
) -> None:
    job = rows.add()
    await happen(client, rows, job, 4)
    await publish(client, rows, rows.emit(job, Transition.COMPLETED))
    log = EventLog(client)

    assert await read(log, 0, job_filter(job)) == [[1, 3, 5], [7, 9]]
    assert await read(log, 3, job_filter(job)) == [[5, 7, 9]]
    assert await read(log, 0, "events.*.*.completed.*") == [[9]]
    assert await read(log, 0, job_filter("job_0")) == []


@pytest.mark.usefixtures("small")
async def test_what_was_removed_is_passed_over(client: Client, rows: Rows) -> None:
    job = rows.add()
    await publish(client, rows, *(rows.emit(job) for _ in range(9)))
    jetstream = client.jetstream()
    await jetstream.purge_stream(EVENTS, seq=4)
    await jetstream.delete_msg(EVENTS, 6)

    assert await read(EventLog(client), 0) == [[4, 5, 7], [8, 9]]


async def test_big_events_come_in_several_batches(
    client: Client, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH_BYTES", 2000)
    job = rows.add()
    await publish(client, rows, *(rows.emit(job) for _ in range(9)))
    found = await read(EventLog(client), 0)

    assert len(found) > 1
    assert [sequence for batch in found for sequence in batch] == [*range(1, 10)]


class Less:
    """What stands between a reader and a server that lags, or breaks off."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *counts: int) -> None:
        self.asked: list[int] = []
        self._counts = iter(counts)
        read = BatchReader.read

        async def less(
            reader: BatchReader, after: int, subject_filter: str, creation: int
        ) -> list[Recorded]:
            self.asked.append(after)
            found = await read(reader, after, subject_filter, creation)
            return found[: next(self._counts, len(found))]

        monkeypatch.setattr(BatchReader, "read", less)


async def test_a_server_that_answers_with_less_ends_nothing(
    client: Client, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = rows.add()
    await publish(client, rows, *(rows.emit(job) for _ in range(6)))
    less = Less(monkeypatch, 2, 0, 1, 0, 0)

    # Where a batch is empty, the leader gives one event, or says that it is the end.
    assert await read(EventLog(client), 0) == [[1, 2], [3], [4], [5], [6]]
    assert less.asked == [0, 2, 3, 4, 5, 6]


async def test_events_that_come_while_the_end_is_asked_for_are_read(
    client: Client, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, log = rows.add(), EventLog(client)
    await publish(client, rows, *(rows.emit(job) for _ in range(2)))
    late = [rows.emit(job), rows.emit(job)]
    following = log.next

    async def publishing(subject_filter: str, after: int) -> Recorded | None:
        await publish(client, rows, *late)
        late.clear()
        return await following(subject_filter, after)

    monkeypatch.setattr(log, "next", publishing)

    assert await read(log, 0) == [[1, 2], [3], [4]]


def mute(
    client: Client, monkeypatch: pytest.MonkeyPatch, messages: int
) -> list[Subscription]:
    """Have answers break off behind some messages; return what is subscribed to."""
    subscribe, made = client.subscribe, list[Subscription]()

    async def subscribing(
        subject: str, cb: Callable[[Msg], Awaitable[None]]
    ) -> Subscription:
        left = [messages]

        async def some(message: Msg) -> None:
            if left[0]:
                left[0] -= 1
                await cb(message)

        made.append(await subscribe(subject, cb=some))
        return made[-1]

    monkeypatch.setattr(client, "subscribe", subscribing)
    return made


@pytest.mark.parametrize("count", [0, 2])
async def test_a_batch_that_breaks_off_is_what_has_come(
    client: Client, rows: Rows, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH_SECONDS", 0.2)
    job = rows.add()
    await publish(client, rows, *(rows.emit(job) for _ in range(5)))
    made = mute(client, monkeypatch, count)
    found = await BatchReader(client).read(0, ALL_EVENTS, CREATION)

    assert [event.sequence for event in found] == [*range(1, count + 1)]
    assert [event.creation for event in found] == [CREATION] * count
    assert [subscription._closed for subscription in made] == [True]


async def test_a_reader_that_is_cancelled_frees_its_place_and_its_inbox(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCHES_AT_ONCE", 1)
    made = mute(client, monkeypatch, 0)
    reader = BatchReader(client)
    work = asyncio.create_task(reader.read(0, ALL_EVENTS, CREATION))
    await eventually(lambda: bool(made))
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work

    assert made[0]._closed
    assert not reader._free.locked()


async def test_only_so_many_batches_are_read_at_once(
    client: Client, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCHES_AT_ONCE", 2)
    job, at_once, most = rows.add(), [0], [0]
    await publish(client, rows, *(rows.emit(job) for _ in range(3)))
    collect = BatchReader._collect

    async def counted(*given: Any) -> None:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        await collect(*given)
        at_once[0] -= 1

    monkeypatch.setattr(BatchReader, "_collect", counted)
    reader = BatchReader(client)
    found = await asyncio.gather(
        *(reader.read(0, ALL_EVENTS, CREATION) for _ in range(10))
    )

    assert [[event.sequence for event in batch] for batch in found] == [[1, 2, 3]] * 10
    assert (most, at_once) == ([2], [0])


async def test_a_stream_that_is_not_there_gives_nothing(client: Client) -> None:
    await client.jetstream().delete_stream(EVENTS)

    assert await BatchReader(client).read(0, ALL_EVENTS, CREATION) == []


async def test_a_request_asks_for_no_more_than_it_is_to_hold(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    publishing = client.publish

    async def listening(subject: str, payload: bytes, reply: str) -> None:
        asked.append((subject, msgspec.json.decode(payload)))
        await publishing(subject, payload, reply=reply)

    monkeypatch.setattr(client, "publish", listening)
    await BatchReader(client).read(41, "events.psd.>", CREATION)

    request = {"seq": 42, "batch": 256, "max_bytes": 524288}
    covered = {"next_by_subj": "events.psd.>"}
    assert asked == [("$JS.API.DIRECT.GET.EVENTS", {**request, **covered})]


async def test_a_replay_is_its_batches(
    client: Client, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH_EVENTS", 2)
    job = rows.add()
    await publish(client, rows, *(rows.emit(job) for _ in range(5)))
    replay = EventLog(client).replay(1)

    assert [event.sequence async for event in replay] == [2, 3, 4, 5]
