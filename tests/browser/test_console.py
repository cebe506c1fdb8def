"""The console as people meet it: uploads, live rows, a gateway that goes and comes."""

import json
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import (
    BrowserContext,
    Request,
    ViewportSize,
    WebSocketRoute,
    expect,
)

from tests.browser.console import END_MS, Console
from tests.integration.designs import noisy_design
from tests.programs import frozen, parsers
from tests.running import Running, eventually

LAYERS = [f"Layer {index}" for index in range(12)]
HOSTILE = "<img src=x onerror=alert(1)>.psd"
NARROW: ViewportSize = {"width": 360, "height": 740}


@pytest.fixture
def window(context: BrowserContext, running: Running) -> Console:
    """Open a window in the visitor's browser; it shows nothing yet."""
    return Console(context.new_page(), running.base_url)


@pytest.fixture(scope="module")
def long_design(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a PSD whose parse outlasts a gateway's start."""
    path = tmp_path_factory.mktemp("long") / "long.psd"
    return noisy_design(path, layers=60, side=400)


def test_a_psd_is_parsed_from_the_page_and_watched_to_its_end(
    window: Console, design: Path, tmp_path: Path
) -> None:
    window.open()
    assert window.page.title() == "OneManage · Jobs"
    job = window.upload(design)
    window.wait_for("SUCCEEDED")
    names = window.events
    assert names[:2] == ["JobQueued", "JobStarted"]
    assert names[-1] == "JobSucceeded"
    expect(window.job.get_by_role("heading", level=2)).to_have_text(design.name)
    expect(window.job).to_contain_text("320 × 240, RGB, 12 layers")
    assert window.layers == LAYERS[::-1]
    window.see_all_layers()
    row = window.row(job)
    expect(row.locator("[data-status=SUCCEEDED]")).to_be_visible()
    expect(row).to_contain_text("100 %")
    expect(row).to_contain_text("1 of 4")
    expect(row).to_contain_text(design.name)
    assert window.page.locator("tbody tr").first.get_attribute("data-job") == job
    assert window.loads == 1
    window.page.screenshot(path=tmp_path / "parsed.png", full_page=True)


def test_the_list_follows_what_another_window_starts(
    context: BrowserContext, window: Console, running: Running, design: Path
) -> None:
    window.open()
    other = Console(context.new_page(), running.base_url)
    other.open()
    job = other.upload(design)
    row = window.row(job)
    row.locator("[data-status=SUCCEEDED]").wait_for(timeout=END_MS)
    assert window.page.locator("tbody tr").first.get_attribute("data-job") == job
    assert window.loads == 1


def test_a_gateway_that_is_killed_is_caught_up_with(
    window: Console, running: Running, long_design: Path, complaints: list[str]
) -> None:
    window.open()
    job = window.upload(long_design)
    window.job.locator("[data-event=PsdLayersExported]").first.wait_for(timeout=END_MS)
    with frozen(parsers(running.supervisor.pid)):
        running.children()["gateway"].kill()
    expect(window.connection).to_have_text("Reconnecting…")
    eventually(lambda: _is_ready(running.base_url))
    window.wait_until_live()
    window.wait_for("SUCCEEDED")
    window.row(job).locator("[data-status=SUCCEEDED]").wait_for(timeout=END_MS)
    expect(window.job.locator(".layers img")).to_have_count(60)
    window.see_all_layers()
    names = window.events
    assert names[:2] == ["JobQueued", "JobStarted"]
    assert [name for name in names if name in ("JobStarted", "JobSucceeded")] == [
        "JobStarted",
        "JobSucceeded",
    ]
    assert "EventGap" not in names and "JobSnapshot" not in names
    assert window.loads == 1
    # What Chromium itself says of connections that break and are refused.
    assert [text for text in complaints if "net::ERR_" not in text] == []
    complaints.clear()


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz") as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_a_gap_loads_the_list_anew(window: Console) -> None:
    feeds: list[tuple[WebSocketRoute, str]] = []

    def listen(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def forward(text: str | bytes) -> None:
            message = json.loads(text)
            if message.get("payload", {}).get("operationName") == "Feed":
                feeds.append((socket, message["id"]))
            server.send(text)

        socket.on_message(forward)

    window.page.route_web_socket("**/graphql", listen)
    with window.page.expect_request(asks_for_jobs):
        window.open()
    ((socket, feed),) = feeds
    gap = {"jobFeed": {"__typename": "EventGap", "cursor": "c", "job": None}}
    with window.page.expect_request(asks_for_jobs):
        socket.send(json.dumps({"id": feed, "type": "next", "payload": {"data": gap}}))


def asks_for_jobs(request: Request) -> bool:
    return '"operationName":"Jobs"' in (request.post_data or "")


def test_a_job_is_canceled_and_run_again(
    window: Console, running: Running, tmp_path: Path
) -> None:
    window.open()
    # Of its own: one that has been parsed before takes no time.
    design = noisy_design(tmp_path / "canceled.psd", layers=120, side=400)
    with frozen(parsers(running.supervisor.pid)):
        canceled = window.upload(design)
        window.job.get_by_role("button", name="Cancel").click()
        window.wait_for("CANCELED")
    assert window.events[-1] == "JobCanceled"
    window.job.get_by_role("button", name="Retry").click()
    window.page.wait_for_url(lambda url: canceled not in url)
    again = window.page.url.rpartition("/")[2]
    expect(window.job).to_contain_text(f"Retry of{canceled}")
    window.job.get_by_role("button", name="Cancel").click()
    window.row(again).locator("[data-status=CANCELED]").wait_for(timeout=END_MS)
    window.job.get_by_role("link", name=canceled).click()
    expect(window.job).to_contain_text(f"Retried as{again}")
    expect(window.job.locator(".steering button")).to_have_count(0)


def test_the_page_of_an_old_job_shows_what_came_of_it(
    window: Console, design: Path
) -> None:
    window.open()
    job = window.upload(design)
    window.wait_for("SUCCEEDED")
    window.page.reload()
    window.wait_until_live()
    window.wait_for("SUCCEEDED")
    expect(window.job.locator(".layers img")).to_have_count(12)
    assert window.layers == LAYERS[::-1]
    assert window.page.url.endswith(job)


def test_a_file_that_is_no_psd_is_told_of(window: Console, tmp_path: Path) -> None:
    broken = tmp_path / HOSTILE
    broken.write_bytes(b"8BPS" + bytes(40))
    window.open()
    job = window.upload(broken)
    window.wait_for("FAILED")
    expect(window.job).to_contain_text("UNSUPPORTED_FORMAT")
    message = window.job.locator(".error").first.inner_text()
    expect(window.row(job).locator(".error")).to_have_text(
        message.removesuffix(" UNSUPPORTED_FORMAT")
    )
    assert window.page.locator("img[src=x]").count() == 0


def test_what_the_server_refuses_is_shown(window: Console, tmp_path: Path) -> None:
    empty = tmp_path / "empty.psd"
    empty.touch()
    window.open()
    window.page.locator("input[type=file]").set_input_files(empty)
    expect(window.page.get_by_role("alert")).to_have_text(
        "input.size: A file has at least 1 byte. (INVALID)"
    )
    expect(window.page.locator("input[type=file]")).to_be_enabled()


def test_a_job_that_is_not_there_is_said_so(window: Console) -> None:
    window.open("#/jobs/job_00000000000070008000000000000009")
    expect(window.job).to_contain_text("There is no such job")


def test_it_works_by_keyboard(window: Console, design: Path) -> None:
    window.open()
    job = window.upload(design)
    window.wait_for("SUCCEEDED")
    expect(window.job.get_by_role("heading", level=2)).to_be_focused()
    window.page.keyboard.press("Escape")
    expect(window.job).to_have_count(0)
    expect(window.row(job).get_by_role("link")).to_be_focused()
    window.page.keyboard.press("Enter")
    expect(window.job.get_by_role("heading", level=2)).to_have_text(design.name)


def test_it_fits_a_narrow_window(window: Console, design: Path, tmp_path: Path) -> None:
    window.page.set_viewport_size(NARROW)
    window.open()
    window.upload(design)
    window.wait_for("SUCCEEDED")
    widths = "[document.documentElement.scrollWidth, innerWidth]"
    assert window.page.evaluate(widths) == [360, 360]
    window.page.screenshot(path=tmp_path / "narrow.png", full_page=True)


def test_it_leads_to_graphiql(window: Console) -> None:
    window.open()
    window.page.get_by_role("link", name="GraphiQL").first.click()
    window.page.wait_for_url("**/graphql")
    assert window.page.title() == "OneManage · GraphiQL"
