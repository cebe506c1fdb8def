"""/metrics shows subscriptions while they run, and counts what they are sent."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest

from core.base import utc_now
from core.database_async import Database
from events.cursor import EventCursor, encode_cursor
from events.schemas import Progress
from features.jobs.models import Job
from features.users.models import LOCAL_ADMINISTRATOR_ID
from tests.integration.counted import (
    ACCEPT,
    SLOW_CLIENT_SECONDS,
    Publisher,
    publisher,
    serving,
)
from tests.integration.gateway_process import GatewayProcess
from tests.integration.raw_sockets import raw_socket
from tests.integration.scraping import ended, grown, scrape, scraped
from tests.integration.sockets import Socket, dial
from tests.integration.test_resume import OTHER_LOG

__all__ = ["publisher", "serving"]

pytestmark = pytest.mark.timeout(180)

LIVE = "followers{state=live}"
WATCH = "subscription ($after: EventCursor) { events(after: $after) { cursor } }"
WATCH_JOB = """
subscription ($id: ID!, $after: EventCursor) {
  jobEvents(id: $id, after: $after) { cursor }
}
"""
# An answer of some 5 KiB for each event.
LARGE = f"""
subscription {{
  events {{ {" ".join(f"p{number}: payload" for number in range(10))} }}
}}
"""


@asynccontextmanager
async def _socket(serving: GatewayProcess) -> AsyncIterator[Socket]:
    async with dial(serving.base_url) as socket:
        await socket.init()
        await socket.subscribe("1", WATCH)
        yield socket


@asynccontextmanager
async def _stream(
    serving: GatewayProcess, transport: str
) -> AsyncIterator[AsyncIterator[str]]:
    body, headers = {"query": WATCH}, {"accept": ACCEPT[transport]}
    async with (
        httpx.AsyncClient(base_url=serving.base_url, timeout=30) as http,
        http.stream("POST", "/graphql", json=body, headers=headers) as answer,
    ):
        yield answer.aiter_text()


async def _events(texts: AsyncIterator[str], count: int) -> None:
    seen = ""
    while seen.count('"cursor"') < count:
        seen += await anext(texts)


async def test_subscriptions_are_shown_while_they_run_and_share_executions(
    serving: GatewayProcess, publisher: Publisher
) -> None:
    base_url, count = serving.base_url, 5
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        sockets = [await enter(_socket(serving)) for _ in range(2)]
        streams = [await enter(_stream(serving, one)) for one in ("sse", "multipart")]
        before = await scraped(base_url, lambda page: page[LIVE] == 4)
        assert before.having("subscriptions") == {
            "{field=events}": 4,
            "{field=jobEvents}": 0,
            "{field=jobFeed}": 0,
        }
        assert before.having("open_streams") == {
            "{transport=websocket}": 2,
            "{transport=sse}": 1,
            "{transport=multipart}": 1,
        }
        assert (before["distinct_subscriptions"], before["websockets"]) == (1, 2)
        await publisher.publish(count)
        for socket in sockets:
            got = [(await socket.receive())["type"] for _ in range(count)]
            assert got == ["next"] * count
        for stream in streams:
            await _events(stream, count)
        after = await scrape(base_url)
        assert grown(before, after) == {
            "hub_events_total": count,
            "deliveries_total": 4 * count,
            "executions_total": count,
        }
        for name in ("hub_sequence", "ring_events"):
            assert after[name] - before[name] == count
        assert after["ring_bytes"] - before["ring_bytes"] > count * 1000
        await sockets[0].send({"type": "complete", "id": "1"})
        left = await scraped(base_url, lambda page: page[LIVE] == 3)
        assert grown(after, left) == {ended("subscription", "websocket", "left"): 1}
    gone = await scraped(base_url, lambda page: page[LIVE] == page["websockets"] == 0)
    assert grown(left, gone) == {
        ended("subscription", name, "left"): 1
        for name in ("websocket", "sse", "multipart")
    }
    for name in ("subscriptions", "open_streams", "distinct_subscriptions"):
        assert set(gone.having(name).values()) == {0}


async def _read(
    serving: GatewayProcess, count: int, query: str, **variables: Any
) -> list[str]:
    """Read what comes at first, to the last; return the events' cursors."""
    async with dial(serving.base_url) as socket:
        await socket.init()
        await socket.subscribe("1", query, **variables)
        found = []
        for _ in range(count):
            message = await socket.receive()
            assert message["type"] == "next", message
            found += message["payload"]["data"].values()
        await scraped(serving.base_url, lambda page: page[LIVE] == 1)
    await scraped(serving.base_url, lambda page: page["websockets"] == 0)
    return [event["cursor"] for event in found]


def _counted(read: int, **others: float) -> dict[str, float]:
    """Return what a subscription counts that read so many events and left."""
    return {
        "websocket_connections_total": 1,
        "deliveries_total": read,
        "executions_total": read,
        ended("subscription", "websocket", "left"): 1,
    } | others


async def test_replays_are_told_apart_by_where_they_read(
    serving: GatewayProcess, publisher: Publisher, database: Database
) -> None:
    job_id = publisher.job_id
    await publisher.publish(3)
    await _store(database, job_id, job_seq=3)
    nowhere = encode_cursor(EventCursor(utc_now(), None, job_id, 0))
    pages = [await scrape(serving.base_url)]
    first, *_ = await _read(serving, 3, WATCH_JOB, id=job_id, after=nowhere)
    pages.append(await scrape(serving.base_url))
    await _read(serving, 2, WATCH_JOB, id=job_id, after=first)
    pages.append(await scrape(serving.base_url))
    await _read(serving, 2, WATCH, after=first)
    pages.append(await scrape(serving.base_url))
    assert [grown(one, later) for one, later in zip(pages, pages[1:])] == [
        _counted(3, **{"replays_total{source=log}": 1}),
        _counted(2, **{"replays_total{source=ring}": 1}),
        _counted(2, **{"replays_total{source=ring}": 1}),
    ]


async def _store(database: Database, job_id: str, job_seq: int) -> None:
    job = Job(
        id=job_id,
        kind="PSD_PARSE",
        owner_id=LOCAL_ADMINISTRATOR_ID,
        mutation="parsePsd",
        input={},
        task_name="psd.parse_export",
        start_cursor="",
        status="RUNNING",
        job_seq=job_seq,
        progress=msgspec.to_builtins(Progress()),
    )
    async with database.transaction() as session:
        session.add(job)


async def test_gaps_that_are_told_are_counted(
    serving: GatewayProcess, publisher: Publisher
) -> None:
    await publisher.publish(1)
    before = await scrape(serving.base_url)
    kept = round(before["hub_sequence"])  # since the log is whole
    lost = encode_cursor(EventCursor(utc_now(), OTHER_LOG))
    await _read(serving, 1 + kept, WATCH, after=lost)
    told = {"gaps_total": 1.0, "replays_total{source=log}": 1.0}
    after = await scrape(serving.base_url)
    assert grown(before, after) == _counted(1 + kept, **told)


async def test_one_that_reads_nothing_is_shown_as_behind_and_counted(
    serving: GatewayProcess, publisher: Publisher
) -> None:
    base_url, count = serving.base_url, 300
    before = await scrape(base_url)
    async with raw_socket(base_url, receive_buffer=4096) as stalled:
        await stalled.init()
        await stalled.subscribe("1", LARGE)
        await scraped(base_url, lambda page: page[LIVE] == 1)
        await publisher.publish(count)
        full = await scrape(base_url)
        assert full.having("followers") == {"{state=live}": 0, "{state=catching_up}": 1}
        await serving.logs(f"read nothing for {SLOW_CLIENT_SECONDS} s")
        gone = await scraped(base_url, lambda page: page["websockets"] == 0)
    found = grown(before, gone)
    executed = found.pop("executions_total")
    assert found.pop("deliveries_total") == executed - 1 < count
    assert found == {
        "websocket_connections_total": 1,
        "hub_events_total": count,
        "deliveries_deferred_total": 1,
        "stalled_peers_total{connection=websocket}": 1,
        "websocket_closes_total{code=1013}": 1,
        ended("subscription", "websocket", "left"): 1,
    }
