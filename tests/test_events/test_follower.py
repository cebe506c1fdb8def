"""Followers: at the receiver's pace, in order, from the ring or from the log."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from nats.aio.client import Client

from events.live import watchers
from events.live.hub import Hub
from events.log import EventLog
from events.recorded import Recorded
from events.subjects import Transition
from tests.test_events import following
from tests.test_events.bodies import Rows
from tests.test_events.conftest import shrink_ring
from tests.test_events.following import follow_job
from tests.test_events.happening import (
    caught_up,
    deafen,
    end,
    happen,
    lose,
    mutation_cursor,
    words,
)
from tests.test_events.publishing import publish
from tests.test_events.reading import word
from tests.test_events.receiving import COMPLETE, OPENED, Noting, watch

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give the sequences behind which the log is read from now on."""
    batches, asked = EventLog.batches, list[int]()

    def noted(
        self: EventLog, after: int, subject_filter: str = "events.>"
    ) -> AsyncIterator[list[Recorded]]:
        asked.append(after)
        return batches(self, after, subject_filter)

    monkeypatch.setattr(EventLog, "batches", noted)
    return asked


async def test_a_receiver_without_room_gets_the_rest_from_the_ring(
    client: Client, hub: Hub, rows: Rows, asked: list[int]
) -> None:
    job, receiver = rows.add(), Noting(room=2)
    await watch(hub, rows, job, receiver)
    await receiver.hears("snapshot 0", OPENED)
    await happen(client, rows, job, 5)
    await caught_up(hub)
    assert receiver.heard == ["snapshot 0", OPENED, "event 1"]

    receiver.make_room(1)
    assert receiver.heard[3:] == ["event 2"]
    receiver.make_room(2)
    assert receiver.heard[4:] == ["event 3", "event 4"]
    receiver.make_room(10)
    await happen(client, rows, job, 1)
    await end(client, rows, job)
    await receiver.hears("snapshot 0", OPENED, *words(1, 7), COMPLETE)
    assert asked == []


async def test_one_that_lags_out_of_the_ring_is_served_from_the_log(
    client: Client,
    hub: Hub,
    rows: Rows,
    asked: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shrink_ring(monkeypatch, 4)
    job, receiver = rows.add(), Noting(room=2)
    await watch(hub, rows, job, receiver)
    await receiver.hears("snapshot 0", OPENED)
    await happen(client, rows, job, 10)
    await caught_up(hub)
    assert (receiver.heard[2:], asked) == (["event 1"], [])

    receiver.make_room(3)
    await receiver.hears("snapshot 0", OPENED, *words(1, 4))
    # Behind event 2, which was held: the log holds another job's between them.
    assert asked == [3]
    receiver.make_room(100)
    await end(client, rows, job)
    await receiver.hears("snapshot 0", OPENED, *words(1, 11), COMPLETE)


LATER = [one for one in Transition if one is not Transition.PROGRESSED]


@pytest.mark.parametrize("later", LATER)
async def test_latest_leaves_out_progress_before_any_later_event_alone(
    client: Client, hub: Hub, rows: Rows, later: Transition
) -> None:
    job, other, receiver = rows.add(), rows.add(), Noting(room=2)
    await watch(hub, rows, job, receiver, is_latest=True)
    await receiver.hears("snapshot 0", OPENED)
    changes = [*[Transition.PROGRESSED] * 3, later]
    await publish(client, rows, *(rows.emit(job, one) for one in changes))
    await publish(client, rows, rows.emit(other))
    await caught_up(hub)
    receiver.make_room(100)

    # The first was on its way before anything waited.
    expected = ["snapshot 0", OPENED, "event 1", "event 4"]
    await receiver.hears(*expected, *([COMPLETE] if later.is_terminal else []))


@pytest.mark.parametrize("kept", LATER)
async def test_latest_never_leaves_out_anything_but_progress(
    client: Client, hub: Hub, rows: Rows, kept: Transition
) -> None:
    job, receiver = rows.add(), Noting(room=1)
    await watch(hub, rows, job, receiver, is_latest=True)
    await receiver.hears("snapshot 0", OPENED)
    if not kept.is_terminal:
        for transition in (kept, kept, Transition.PROGRESSED, kept):
            await publish(client, rows, rows.emit(job, transition))
    await publish(client, rows, rows.emit(job), rows.emit(job, Transition.CANCELED))
    await caught_up(hub)
    receiver.make_room(100)

    numbers = [2] if kept.is_terminal else [1, 2, 4, 6]
    await receiver.hears(
        "snapshot 0", OPENED, *(f"event {number}" for number in numbers), COMPLETE
    )


async def test_latest_leaves_nothing_out_of_what_does_not_wait(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job, receiver = rows.add(), Noting()
    await watch(hub, rows, job, receiver, is_latest=True)
    for number in range(1, 6):
        await publish(client, rows, rows.emit(job))
        await receiver.hears("snapshot 0", OPENED, *words(1, number))


async def test_latest_asks_for_a_hole_before_it_leaves_anything_out(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job, receiver = rows.add(), Noting(room=2)
    await watch(hub, rows, job, receiver, is_latest=True)
    await receiver.hears("snapshot 0", OPENED)
    await publish(client, rows, rows.emit(job))
    await caught_up(hub)
    await deafen(client)
    await lose(client, rows, job)
    await publish(client, rows, rows.emit(job), rows.emit(job))
    await caught_up(hub)
    receiver.make_room(100)

    await receiver.hears("snapshot 0", OPENED, "event 1", "gap 4", "snapshot 4")
    receiver.stop()


async def test_a_lane_of_many_that_come_and_go_tells_each_all(
    client: Client, hub: Hub, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchers, "MAX_MEMBERS", 3)
    job = rows.add()
    start = mutation_cursor(hub, job)
    items = [
        follow_job(hub, rows, job, start, room=room)
        for room in (1, 2, 3, 1000, 1000, 1000, 1000, 1000)
    ]

    async def read(number: int) -> list[str]:
        told = []
        async for item in items[number]:
            told.append(word(item))
            await asyncio.sleep(0.001 * number)
        return told

    work = [asyncio.create_task(read(number)) for number in range(len(items))]
    for _ in range(40):
        await publish(client, rows, rows.emit(job))
    await end(client, rows, job)

    assert await asyncio.gather(*work) == [words(1, 41)] * len(items)
    assert (len(hub.watchers), hub.watchers._lanes) == (0, {})


async def test_each_of_a_crowd_meets_its_failure_for_itself(
    client: Client, hub: Hub, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> list[Any]:
        raise RuntimeError("of the crowd")

    monkeypatch.setattr(following.Crowd, "broadcast", failing)
    job = rows.add()
    start = mutation_cursor(hub, job)
    items = [follow_job(hub, rows, job, start) for _ in range(3)]

    async def read(number: int) -> list[str]:
        return [word(item) async for item in items[number]]

    work = [asyncio.create_task(read(number)) for number in range(len(items))]
    for _ in range(5):
        await publish(client, rows, rows.emit(job))
        await caught_up(hub)
    await end(client, rows, job)
    assert await asyncio.gather(*work) == [words(1, 6)] * 3
