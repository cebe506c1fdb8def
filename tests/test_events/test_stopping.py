"""Followers that are stopped, and receivers that fail: gone without a trace."""

import asyncio

import pytest
from nats.aio.client import Client

from core.base import utc_now
from events.cursor import EventCursor
from events.live import watchers
from events.live.hub import Hub
from events.subjects import EVENTS
from tests.test_events.bodies import Rows
from tests.test_events.conftest import fresh_streams
from tests.test_events.happening import caught_up, happen, words
from tests.test_events.publishing import eventually, publish
from tests.test_events.receiving import OPENED, Noting, watch

pytestmark = pytest.mark.usefixtures("quick")


class Stage:
    """Where a subscription is when it is stopped."""

    def __init__(self, client: Client, hub: Hub, rows: Rows) -> None:
        self.client = client
        self.hub = hub
        self.rows = rows
        self.job = rows.add()
        self.receiver = Noting()

    async def watch(self, after: EventCursor | None = None) -> None:
        await watch(self.hub, self.rows, self.job, self.receiver, after)

    async def at_once(self) -> None:
        """Before anything was read."""
        await self.watch()

    async def opening(self) -> None:
        """Waiting for room for what comes first."""
        self.receiver.room = 0
        await self.watch()
        await asyncio.sleep(0.1)

    async def replaying(self) -> None:
        """Waiting for room amid a replay from the log."""
        await happen(self.client, self.rows, self.job, 5)
        await caught_up(self.hub)
        self.receiver.room = 2
        await self.watch(EventCursor(utc_now(), None, self.job, 0))
        await self.receiver.hears("event 1", "event 2")

    async def live(self) -> None:
        """Told of live events."""
        await self.watch()
        await self.receiver.hears("snapshot 0", OPENED)
        await publish(self.client, self.rows, self.rows.emit(self.job))
        await self.receiver.hears("snapshot 0", OPENED, "event 1")

    async def held(self) -> None:
        """With one item that there is no room for."""
        self.receiver.room = 2
        await self.watch()
        await self.receiver.hears("snapshot 0", OPENED)
        await happen(self.client, self.rows, self.job, 3)
        await caught_up(self.hub)

    async def asking(self) -> None:
        """Asking a log that does not answer."""
        await self.live()
        await self.client.jetstream().delete_stream(EVENTS)
        self.rows.emit(self.job)
        self.hub.request_check()
        await asyncio.sleep(0.1)


STAGES = ["at_once", "opening", "replaying", "live", "held", "asking"]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("inside", [False, True], ids=["alone", "in company"])
async def test_a_stop_leaves_nothing_behind(
    client: Client, hub: Hub, rows: Rows, stage: str, inside: bool
) -> None:
    where = Stage(client, hub, rows)
    before = asyncio.all_tasks()
    await getattr(where, stage)()
    company = Noting()
    if inside and stage != "asking":
        await watch(hub, rows, where.job, company)
        await eventually(lambda: OPENED in company.heard)
    heard = [*where.receiver.heard]
    where.receiver.stop()
    where.receiver.stop()
    where.receiver.make_room(100)
    if stage != "asking":
        await publish(client, rows, rows.emit(where.job))
    await asyncio.sleep(0.1)

    assert where.receiver.heard == heard
    if company.follower is not None:
        assert company.heard[-1].startswith("event")
        company.stop()
    await asyncio.sleep(0)
    assert (len(hub.watchers), hub.watchers._by_job, hub.watchers._lanes) == (0, {}, {})
    assert asyncio.all_tasks() - before == set()
    if stage == "asking":
        await fresh_streams(client)


@pytest.mark.parametrize("at", ["snapshot 0", "event 1", "event 2", "event 4"])
async def test_a_receiver_that_raises_is_told_so_and_nobody_else(
    client: Client, hub: Hub, rows: Rows, at: str
) -> None:
    def fall(what: str) -> None:
        if what == at:
            raise RuntimeError("planted")

    job, failing, other = rows.add(), Noting(), Noting()
    failing.on_send = fall
    await watch(hub, rows, job, failing)
    await watch(hub, rows, job, other)
    await other.hears("snapshot 0", OPENED)
    for number in range(1, 6):
        if number == 3 and failing.room:
            failing.room = 0  # so that 3 waits, and 4 comes from the ring
        await publish(client, rows, rows.emit(job))
        await other.hears("snapshot 0", OPENED, *words(1, number))
    failing.make_room(100)
    whole = ["snapshot 0", OPENED, *words(1, 5)]

    await failing.hears(*whole[: whole.index(at) + 1], "fail: planted")
    assert set(hub.watchers) == {other.follower}
    other.stop()
    assert hub.watchers._lanes == {}


@pytest.mark.parametrize("at", ["event 1", "event 2", "event 3"])
async def test_nothing_is_sent_behind_a_stop_from_within(
    client: Client, hub: Hub, rows: Rows, at: str
) -> None:
    job, receiver = rows.add(), Noting()
    cursor = EventCursor(utc_now(), None, job, 0)
    await happen(client, rows, job, 5)
    receiver.on_send = lambda what: receiver.stop() if what == at else None
    await watch(hub, rows, job, receiver, cursor)
    await eventually(lambda: at in receiver.heard)
    await asyncio.sleep(0.1)

    assert receiver.heard[-1] == at
    assert len(hub.watchers) == 0


@pytest.mark.parametrize("members", [1, 2, 256])
async def test_who_is_stopped_by_another_s_receiver_hears_no_more(
    client: Client,
    hub: Hub,
    rows: Rows,
    members: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watchers, "MAX_MEMBERS", members)
    job, receivers = rows.add(), [Noting() for _ in range(4)]

    def stop_all(what: str) -> None:
        if what == "event 2":
            for receiver in receivers:
                receiver.stop()

    for receiver in receivers:
        await watch(hub, rows, job, receiver)
        receiver.on_send = stop_all
        await receiver.hears("snapshot 0", OPENED)
    await publish(client, rows, *(rows.emit(job) for _ in range(3)))
    await caught_up(hub)
    await asyncio.sleep(0.1)

    last = [receiver.heard[-1] for receiver in receivers]
    assert sorted(last) == ["event 1", "event 1", "event 1", "event 2"]
    assert (len(hub.watchers), hub.watchers._lanes) == (0, {})
