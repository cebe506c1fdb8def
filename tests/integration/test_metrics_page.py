"""The page /metrics: how it is written, where it is described, and what it survives."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_metrics_families,
)
from sqlalchemy import text

from core import outbox
from core.base import utc_now
from core.database_async import Database
from core.outbox import OutboxRow, OutboxStream
from events.subjects import Transition
from features.jobs.backlog import BacklogService
from features.jobs.models import DeadLetter, Job
from features.jobs.services import JobsService
from features.users.models import LOCAL_ADMINISTRATOR_ID
from resolvers.metrics import latest_backlog
from tests.integration.gateway import Gateway, gateway
from tests.integration.scraping import Page, ended, grown, scrape, scraped
from tests.integration.sockets import dial
from tests.test_events.bodies import Rows
from tests.test_events.conftest import connected
from tests.test_events.publishing import publish
from workers.embedded.nats import NatsServer

DOCS = Path(__file__).parents[2] / "docs" / "operations.md"
BEGIN, END = "<!-- metrics: begin -->\n", "<!-- metrics: end -->\n"
HEAD = ["| metric | type | labels | what it tells | watch for |"]
HEAD += ["| --- | --- | --- | --- | --- |"]
UNITS = ("_seconds", "_bytes")
WAITING = ("outbox_rows", "outbox_oldest_seconds", "jobs", "dead_letters")


@pytest.fixture(scope="module")
def own_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """Start a NATS server that a test may stop."""
    nats = NatsServer(tmp_path_factory.mktemp("nats"))
    nats.start()
    yield nats
    nats.stop()


@pytest.fixture
async def inside(
    monkeypatch: pytest.MonkeyPatch,
    database: Database,
    migrated_url: str,
    own_nats: NatsServer,
    tmp_path: Path,
) -> AsyncIterator[Gateway]:
    """Serve in this process, and ask PostgreSQL for each scrape."""
    monkeypatch.setattr(latest_backlog, "KEPT_SECONDS", 0.0)
    async with gateway(monkeypatch, migrated_url, own_nats.url, tmp_path) as serving:
        await scraped(serving.base_url, lambda page: page["hub_up"] == 1)
        yield serving


async def _whole(inside: Gateway) -> Page:
    """Scrape once everything has been heard of."""
    return await scraped(inside.base_url, lambda page: "hub_sequence" in page.values)


async def test_names_types_and_helps_follow_the_conventions(inside: Gateway) -> None:
    page = await _whole(inside)
    names = [family.name for family in page.families]
    assert len(names) == len(set(names))
    for family in page.own():
        assert re.fullmatch(r"onemanage(_[a-z]+)+", family.name)
        assert family.type in ("counter", "gauge", "histogram")
        assert family.documentation.endswith("."), family.name
        assert family.samples, family.name
        # The parser takes a counter's `_total` off.
        assert not family.name.endswith(("_total", "_count", "_sum", "_bucket"))
        is_quantity = any(
            unit in family.name for unit in ("second", "byte", "duration")
        )
        assert is_quantity == family.name.endswith(UNITS)
        if family.type == "histogram":
            assert family.name.endswith("_seconds")
    assert {"process_cpu_seconds", "process_resident_memory_bytes"} <= set(names)


async def test_labels_are_few_and_none_is_a_clients_choice(inside: Gateway) -> None:
    async with httpx.AsyncClient(base_url=inside.base_url) as http:
        for number in range(30):
            query = f"query Name{number} {{ alias{number}: nothing{number} }}"
            await http.post("/graphql", json={"query": query})
    page = await _whole(inside)
    samples = [one for one in page.values if "_bucket" not in one]
    assert len(samples) < 150
    assert not any("name" in one.lower() or "alias" in one for one in samples)


async def test_openmetrics_is_written_where_it_is_asked_for(inside: Gateway) -> None:
    accept = {"accept": "application/openmetrics-text; version=1.0.0"}
    async with httpx.AsyncClient(base_url=inside.base_url) as http:
        plain = await http.get("/metrics")
        opened = await http.get("/metrics", headers=accept)
        posted = await http.post("/metrics")
    assert plain.headers["content-type"].startswith("text/plain; version=")
    kind = opened.headers["content-type"]
    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    families = open_metrics_families(opened.text)  # type: ignore[no-untyped-call]
    assert len(list(families)) == len(Page(plain.text).families)
    assert posted.status_code == 405


def _documented() -> list[list[str]]:
    table = DOCS.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    head, rows = table.splitlines()[:2], table.splitlines()[2:]
    assert head == HEAD
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


async def test_the_handbook_describes_each_metric(inside: Gateway) -> None:
    page = await _whole(inside)
    shown = []
    for family in page.own():
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = {name for one in family.samples for name in one.labels} - {"le"}
        listed = ", ".join(f"`{label}`" for label in sorted(labels))
        shown.append([f"`{name}`", family.type, listed, family.documentation])
    rows = _documented()
    assert [row[:4] for row in rows] == shown
    assert all(len(row) == 5 for row in rows)


async def test_what_waits_in_postgresql_is_shown(
    inside: Gateway, database: Database
) -> None:
    empty = await scrape(inside.base_url)
    assert empty["database_up"] == 1
    assert {value for name in WAITING for value in empty.having(name).values()} == {0}
    await _fill(database)
    page = await scrape(inside.base_url)
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
    inside: Gateway, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latest_backlog, "KEPT_SECONDS", 3600.0)
    before = await scrape(inside.base_url)
    await _fill(database)
    pages = await asyncio.gather(*(scrape(inside.base_url) for _ in range(3)))
    for page in pages:
        assert page.having("jobs") == before.having("jobs")


async def test_the_page_does_without_postgresql(
    inside: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await _whole(inside)
    gone = Database(inside.settings.database_url.rpartition("/")[0] + "/gone")
    monkeypatch.setattr(inside.container.get(BacklogService), "_database", gone)
    page = await scrape(inside.base_url)
    assert page["database_up"] == 0
    missing = {one.name for one in whole.own()} - {one.name for one in page.own()}
    assert missing == {f"onemanage_{name}" for name in WAITING}
    await gone.close()


async def test_the_page_waits_for_postgresql_a_moment_and_no_longer(
    inside: Gateway, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latest_backlog, "ANSWER_SECONDS", 0.2)
    async with database.transaction() as session:
        await session.execute(text("lock table jobs in access exclusive mode"))
        page = await scrape(inside.base_url)
        assert (page["database_up"], page.having("jobs")) == (0, {})
    page = await scrape(inside.base_url)
    assert (page["database_up"], len(page.having("jobs"))) == (1, 3)


async def test_the_page_tells_that_nats_is_away(
    inside: Gateway, own_nats: NatsServer
) -> None:
    whole = await _whole(inside)
    assert (whole["nats_up"], whole["hub_up"]) == (1, 1)
    assert 0 <= whole["hub_silence_seconds"] < 3.5
    await asyncio.to_thread(own_nats.stop)
    away = await scraped(inside.base_url, lambda page: page["hub_up"] == 0)
    assert away["nats_up"] == 0
    assert away["hub_silence_seconds"] >= 7
    assert away["hub_sequence"] == whole["hub_sequence"]
    own_nats.start()
    back = await scraped(inside.base_url, lambda page: page["hub_up"] == 1)
    assert back["nats_up"] == 1
    name = "hub_attachments_total"
    assert back[name] > whole[name]


async def _fail(*_arguments: object) -> Any:
    raise RuntimeError


async def test_what_went_wrong_on_our_side_is_told_apart(
    inside: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobsService, "by_ids", _fail)
    query = '{ job(id: "job_00000000000070008000000000000009") { id } viewer { id } }'
    before = await scrape(inside.base_url)
    async with httpx.AsyncClient(base_url=inside.base_url) as http:
        await http.post("/graphql", json={"query": query})
    assert grown(before, await scrape(inside.base_url)) == {
        ended("query", "http", "INTERNAL"): 1,
        "operation_duration_seconds_count{kind=query}": 1,
    }


async def test_an_event_whose_execution_failed_is_counted(
    inside: Gateway, own_nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobsService, "retries_of", _fail)
    rows = Rows()
    async with dial(inside.base_url) as socket:
        await socket.init()
        watch = "subscription { events { job { retriedAs { id } } } }"
        await socket.subscribe("1", watch)
        before = await scraped(
            inside.base_url, lambda page: page["followers{state=live}"] == 1
        )
        async with connected(own_nats.url) as client:
            await publish(client, rows, rows.emit(rows.add(), Transition.QUEUED))
        assert (await socket.receive())["payload"]["errors"]
        after = await scrape(inside.base_url)
    assert grown(before, after) == {
        "hub_events_total": 1,
        "executions_total": 1,
        "executions_failed_total": 1,
        "deliveries_total": 1,
    }
