"""/metrics tells of PostgreSQL, NATS and faults of our own, and does without either."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from core import outbox
from core.base import new_id, utc_now
from core.database_async import Database
from core.outbox import OutboxRow, OutboxStream
from events.subjects import Transition
from features.jobs.backlog import BacklogService
from features.jobs.models import DeadLetter, Job
from features.jobs.reading import JobRowsService
from features.jobs.services import JobsService
from features.users.models import LOCAL_ADMINISTRATOR_ID
from resolvers.metrics import latest_backlog
from tests.integration.counted import following
from tests.integration.gateway import Gateway
from tests.integration.scraping import ended, grown, scrape, scraped
from tests.integration.sockets import dial
from tests.integration.test_gateway import inside, own_nats
from tests.test_events.bodies import Rows
from tests.test_events.conftest import connected, fresh_streams
from tests.test_events.publishing import publish
from workers.embedded.nats import NatsServer

__all__ = ["following", "inside", "own_nats"]

WAITING = ("outbox_rows", "outbox_oldest_seconds", "jobs", "dead_letters")


async def test_what_waits_in_postgresql_is_shown(
    following: Gateway, database: Database
) -> None:
    empty = await scrape(following.base_url)
    assert empty["database_up"] == 1
    assert {value for name in WAITING for value in empty.having(name).values()} == {0}
    await _fill(database)
    page = await scrape(following.base_url)
    assert page.having("outbox_rows") == {
        "{state=due,stream=EVENTS}": 2,
        "{state=due,stream=TASKS}": 1,
        "{state=delayed,stream=EVENTS}": 0,
        "{state=delayed,stream=TASKS}": 1,
    }
    assert 90 <= page["outbox_oldest_seconds{stream=EVENTS}"] < 150
    assert 0 <= page["outbox_oldest_seconds{stream=TASKS}"] < 30
    assert page.having("jobs") == {
        "{state=waiting}": 3,
        "{state=queued}": 2,
        "{state=running}": 1,
    }
    assert page["dead_letters"] == 2


async def _fill(database: Database) -> None:
    now = utc_now()
    times = {
        OutboxStream.EVENTS: (now - timedelta(seconds=90), None),
        OutboxStream.TASKS: (None, now + timedelta(hours=1)),
    }
    rows = [
        OutboxRow(stream, "x", b"", outbox.new_message_id(), not_before=moment)
        for stream, moments in times.items()
        for moment in moments
    ]
    jobs = [
        *(_job("QUEUED") for _ in range(3)),
        *(_job("QUEUED", admitted=True) for _ in range(2)),
        _job("RUNNING", admitted=True),
        *(_job("SUCCEEDED", finished_at=now) for _ in range(4)),
    ]
    letters = [DeadLetter(reason="", message="") for _ in range(2)]
    async with database.transaction() as session:
        session.add_all([*jobs, *letters])
        await outbox.append(session, rows)


def _job(status: str, **others: Any) -> Job:
    return Job(
        kind="PSD_PARSE",
        owner_id=LOCAL_ADMINISTRATOR_ID,
        mutation="parsePsd",
        input={},
        task_name="psd.parse_export",
        start_cursor="",
        status=status,
        **others,
    )


async def test_postgresql_is_asked_once_for_all_who_scrape(
    following: Gateway, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latest_backlog, "KEPT_SECONDS", 3600.0)
    before = await scrape(following.base_url)
    await _fill(database)
    pages = await asyncio.gather(*(scrape(following.base_url) for _ in range(3)))
    for page in pages:
        assert page.having("jobs") == before.having("jobs")


async def test_the_page_does_without_postgresql(
    following: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await scrape(following.base_url)
    gone = Database(following.settings.database_url.rpartition("/")[0] + "/gone")
    monkeypatch.setattr(following.container.get(BacklogService), "_database", gone)
    page = await scrape(following.base_url)
    assert page["database_up"] == 0
    missing = {one.name for one in whole.own()} - {one.name for one in page.own()}
    assert missing == {f"onemanage_{name}" for name in WAITING}
    await gone.close()


async def test_the_page_waits_for_postgresql_a_moment_and_no_longer(
    following: Gateway, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latest_backlog, "ANSWER_SECONDS", 0.2)
    async with database.transaction() as session:
        await session.execute(text("lock table jobs in access exclusive mode"))
        page = await scrape(following.base_url)
        assert (page["database_up"], page.having("jobs")) == (0, {})
    page = await scrape(following.base_url)
    assert (page["database_up"], len(page.having("jobs"))) == (1, 3)


async def test_the_page_tells_that_nats_is_away(
    following: Gateway, own_nats: NatsServer
) -> None:
    whole = await scrape(following.base_url)
    assert (whole["nats_up"], whole["hub_up"]) == (1, 1)
    assert 0 <= whole["hub_silence_seconds"] < 3.5
    await asyncio.to_thread(own_nats.stop)
    away = await scraped(following.base_url, lambda page: page["hub_up"] == 0)
    assert away["nats_up"] == 0
    assert away["hub_silence_seconds"] >= 7
    assert away["hub_sequence"] == whole["hub_sequence"]
    own_nats.start()
    back = await scraped(following.base_url, lambda page: page["hub_up"] == 1)
    assert back["nats_up"] == 1
    name = "hub_attachments_total"
    assert back[name] > whole[name]


async def _fail(*_arguments: object) -> Any:
    raise RuntimeError


async def test_what_went_wrong_on_our_side_is_told_apart(
    following: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobsService, "by_ids", _fail)
    query = '{ job(id: "job_00000000000070008000000000000009") { id } viewer { id } }'
    before = await scrape(following.base_url)
    async with httpx.AsyncClient(base_url=following.base_url) as http:
        await http.post("/graphql", json={"query": query})
    assert grown(before, await scrape(following.base_url)) == {
        ended("query", "http", "INTERNAL"): 1,
        "operation_duration_seconds_count{kind=query}": 1,
    }


async def test_a_subscription_that_is_to_be_resumed_has_been_interrupted(
    following: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Database("postgresql://nobody@127.0.0.1:1/nowhere")
    monkeypatch.setattr(following.container.get(JobRowsService), "_database", gone)
    watch = "subscription ($id: ID!) { jobEvents(id: $id) { cursor } }"
    before = await scrape(following.base_url)
    async with dial(following.base_url) as socket:
        await socket.init()
        await socket.subscribe("1", watch, id=new_id("job"))
        assert (await socket.closing())[0] == 1013
    assert grown(before, await scrape(following.base_url)) == {
        "websocket_connections_total": 1,
        "websocket_closes_total{code=1013}": 1,
        ended("subscription", "websocket", "interrupted"): 1,
    }
    await gone.close()


async def test_an_event_whose_execution_failed_is_counted(
    following: Gateway, own_nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobsService, "retries_of", _fail)
    rows = Rows()
    async with dial(following.base_url) as socket:
        await socket.init()
        watch = "subscription { events { job { retriedAs { id } } } }"
        await socket.subscribe("1", watch)
        before = await scraped(
            following.base_url, lambda page: page["followers{state=live}"] == 1
        )
        async with connected(own_nats.url) as client:
            await publish(client, rows, rows.emit(rows.add(), Transition.QUEUED))
        assert (await socket.receive())["payload"]["errors"]
        after = await scrape(following.base_url)
    assert grown(before, after) == {
        "hub_events_total": 1,
        "executions_total": 1,
        "executions_failed_total": 1,
        "deliveries_total": 1,
    }


async def test_a_log_that_is_another_one_is_counted(
    following: Gateway, own_nats: NatsServer
) -> None:
    before = await scrape(following.base_url)
    restarts, epoch = "hub_restarts_total", "ring_epoch"
    async with connected(own_nats.url) as client:
        await fresh_streams(client)
        after = await scraped(
            following.base_url, lambda page: page[restarts] > before[restarts]
        )
    assert (after[restarts], after[epoch]) == (before[restarts] + 1, before[epoch] + 1)
