"""`events` where the log was cut, or the client is slow: a gap is told, never silence."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from nats.aio.client import Client

from core.base import utc_now
from events.cursor import EventCursor, Position
from events.live.hub import Hub
from events.readers.feed_reader import FeedEvent, FeedGap, FeedItem, FeedReader
from events.subjects import EVENTS
from tests.test_events.bodies import Rows
from tests.test_events.conftest import connected, fresh_streams, shrink_ring
from tests.test_events.following import follow
from tests.test_events.happening import caught_up, end, happen
from tests.test_events.publishing import eventually, publish
from tests.test_events.reading import anyone, feed, here

pytestmark = pytest.mark.usefixtures("quick")


def slow(hub: Hub) -> AsyncGenerator[FeedItem, None]:
    """Read everything from here on, for a client that takes one item at a time."""
    return follow(hub, FeedReader(hub, ">", anyone, here(hub)), room=1)


def sequences(items: list[FeedItem]) -> list[int | str]:
    """Return each event's stream sequence, or `gap`."""
    return [i.event.sequence if isinstance(i, FeedEvent) else "gap" for i in items]


@pytest.mark.parametrize("position", [None, Position(1, 2, 3)], ids=["none", "foreign"])
async def test_a_place_that_does_not_hold_is_a_gap_and_what_is_kept(
    client: Client, hub: Hub, rows: Rows, position: Position | None
) -> None:
    job = rows.add()
    await publish(client, rows, rows.emit(job), rows.emit(job))
    cursor = EventCursor(utc_now(), position)
    reading = feed(hub, after=cursor)
    assert await reading.reaches(3) == ["gap", (job, 1), (job, 2)]
    assert isinstance(reading.items[0], FeedGap)
    assert reading.items[0].cursor == cursor
    await publish(client, rows, rows.emit(job))

    assert await reading.reaches(4) == ["gap", (job, 1), (job, 2), (job, 3)]
    await reading.drop()


async def test_what_has_expired_is_a_gap(
    client: Client, hub: Hub, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink_ring(monkeypatch, 2)
    job, start = rows.add(), here(hub)
    await publish(client, rows, *(rows.emit(job) for _ in range(5)))
    await caught_up(hub)
    await client.jetstream().purge_stream(EVENTS, seq=3)
    reading = feed(hub, after=start)

    assert await reading.reaches(4) == ["gap", (job, 3), (job, 4), (job, 5)]
    await reading.drop()


async def test_a_new_stream_is_a_gap_once_and_then_what_it_holds(
    client: Client, hub: Hub, rows: Rows
) -> None:
    job = rows.add()
    reading = feed(hub, after=here(hub))
    await publish(client, rows, *(rows.emit(job) for _ in range(3)))
    await reading.reaches(3)
    last = reading.items[-1].cursor
    await fresh_streams(client)
    await publish(client, rows, rows.emit(job))
    told = await reading.reaches(5)

    assert told == [(job, 1), (job, 2), (job, 3), "gap", (job, 4)]
    assert reading.items[3].cursor == last
    await reading.drop()


async def test_a_slow_client_loses_nothing(
    client: Client, hub: Hub, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink_ring(monkeypatch, 5)
    job = rows.add()
    reader = slow(hub)
    await publish(client, rows, rows.emit(job))
    first = await anext(reader)
    await happen(client, rows, job, 20)
    await end(client, rows, job)
    await caught_up(hub)
    items = [first, *[await anext(reader) for _ in range(41)]]
    await reader.aclose()

    assert sequences(items) == [*range(1, 43)]


async def test_a_slow_client_is_told_of_what_has_expired_meanwhile(
    client: Client, hub: Hub, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink_ring(monkeypatch, 5)
    job = rows.add()
    reader = slow(hub)
    await publish(client, rows, rows.emit(job))
    items = [await anext(reader)]
    await happen(client, rows, job, 20)
    await caught_up(hub)
    await client.jetstream().purge_stream(EVENTS, seq=30)
    items += [await anext(reader) for _ in range(15)]
    await reader.aclose()

    assert sequences(items) == [1, 2, 3, "gap", *range(30, 42)]
    assert items[3].cursor == items[2].cursor


async def test_a_slow_client_is_told_of_a_new_stream(
    client: Client, hub: Hub, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink_ring(monkeypatch, 3)
    job = rows.add()
    reader = slow(hub)
    await publish(client, rows, rows.emit(job))
    items = [await anext(reader)]
    await happen(client, rows, job, 10)
    await caught_up(hub)
    epoch = hub.mark.epoch
    await fresh_streams(client)
    await publish(client, rows, *(rows.emit(job) for _ in range(2)))
    await eventually(lambda: hub.mark.epoch > epoch)
    async with asyncio.timeout(10):
        items += [await anext(reader) for _ in range(5)]
    await reader.aclose()

    assert sequences(items) == [1, 2, 3, "gap", 1, 2]
    assert items[3].cursor == items[2].cursor


async def test_a_gateway_that_has_not_reached_nats_yet_loses_nothing(
    client: Client, nats_url: str, rows: Rows
) -> None:
    async with connected(nats_url) as second:
        job, late = rows.add(), Hub(second, rows)
        position = Position((await late.log.state()).creation, 0, None)
        reading = feed(late, after=EventCursor(utc_now(), position))
        await publish(client, rows, rows.emit(job), rows.emit(job))
        await asyncio.sleep(0.1)
        assert reading.told == []
        await late.start()
        await publish(client, rows, rows.emit(job))

        assert await reading.reaches(3) == [(job, 1), (job, 2), (job, 3)]
        await reading.drop()
        await late.close()
