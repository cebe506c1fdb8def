"""A browser's own EventSource, with nothing added to it."""

import json
import signal
from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Browser, Page

from events.cursor import decode_cursor
from tests.client import JOB_EVENTS, PARSE
from tests.integration.conftest import noisy
from tests.programs import PATIENCE_SECONDS, frozen, parsers
from tests.running import Running, eventually

__all__ = ["noisy"]

WATCH = """(url) => {
  globalThis.seen = [];
  globalThis.told = [];
  globalThis.source = new EventSource(url);
  source.addEventListener("next", (event) =>
    seen.push({ id: event.lastEventId, ...JSON.parse(event.data) }));
  source.addEventListener("complete", (event) => told.push(`complete${event.data}`));
  source.addEventListener("open", () => told.push("open"));
  source.addEventListener("error", () =>
    told.push(source.readyState === EventSource.CLOSED ? "closed" : "reconnecting"));
}"""


@pytest.fixture
def page(browser: Browser, running: Running) -> Iterator[Page]:
    """Open a page of the gateway's; it may complain of connections that break."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{running.base_url}/healthz")
    yield page
    context.close()


def start(running: Running, file_id: str) -> tuple[str, str]:
    """Start a parse; return the address of all its events, and the job's id."""
    url = f"{running.base_url}/graphql"
    body = {
        "query": PARSE,
        "variables": {"input": {"fileId": file_id, "reuse": False, "waitMs": 0}},
    }
    started = httpx.post(url, json=body, timeout=30).json()["data"]["parsePsd"]
    variables = {"id": started["job"]["id"], "after": started["cursor"]}
    asked = {"query": JOB_EVENTS, "variables": json.dumps(variables)}
    return f"{url}?{urlencode(asked)}", started["job"]["id"]


def check_whole(page: Page, job_id: str) -> None:
    """Hold what came against what may come: each event once, in order, to the end."""
    seen = page.evaluate("seen")
    events = [one["data"]["jobEvents"] for one in seen]
    assert [one["id"] for one in seen] == [event["cursor"] for event in events]
    cursors = [decode_cursor(one["id"]) for one in seen]
    assert {cursor.job_id for cursor in cursors} == {job_id}
    assert [cursor.job_seq for cursor in cursors] == list(range(1, len(seen) + 1))
    assert events[-1]["__typename"] == "JobSucceeded"


def test_a_job_is_watched_to_its_end_and_then_it_stops(
    running: Running, noisy: str, page: Page
) -> None:
    url, job_id = start(running, noisy)
    page.evaluate(WATCH, url)
    page.wait_for_function("source.readyState === EventSource.CLOSED", timeout=60_000)
    check_whole(page, job_id)
    assert page.evaluate("told") == ["open", "complete", "reconnecting", "closed"]


def test_a_gateway_that_restarts_is_survived(
    running: Running, noisy: str, page: Page
) -> None:
    with frozen(parsers(running.supervisor.pid)):
        url, job_id = start(running, noisy)
        page.evaluate(WATCH, url)
        page.wait_for_function("seen.length >= 2", timeout=60_000)
        gateway = running.children()["gateway"]
        gateway.send_signal(signal.SIGTERM)
        gateway.wait(PATIENCE_SECONDS)
    page.wait_for_function("source.readyState === EventSource.CLOSED", timeout=120_000)
    check_whole(page, job_id)
    told = page.evaluate("told")
    assert told[:2] == ["open", "reconnecting"]
    assert told[-1] == "closed" and told.count("complete") <= 1
    eventually(lambda: running.children().get("gateway"))
    assert "timeout graceful shutdown exceeded" not in running.output()


def test_what_cannot_run_is_told_and_then_it_stops(
    running: Running, page: Page
) -> None:
    asked = urlencode({"query": "subscription { nothing }"})
    page.evaluate(WATCH, f"{running.base_url}/graphql?{asked}")
    page.wait_for_function("source.readyState === EventSource.CLOSED", timeout=60_000)
    assert page.evaluate("told") == ["open", "complete", "reconnecting", "closed"]
    (told,) = page.evaluate("seen")
    assert told["errors"][0]["message"].startswith("Cannot query field 'nothing'")
    page.evaluate(WATCH, f"{running.base_url}/graphql")
    page.wait_for_function("source.readyState === EventSource.CLOSED", timeout=60_000)
    assert page.evaluate("told") == ["closed"]
