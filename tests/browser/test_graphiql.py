"""GraphiQL as people meet it: the examples, the panel, the link; on a running system."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.conftest import tea_box
from tests.browser.graphiql import GraphiQL
from tests.running import Running

EXAMPLES = ["Designs", "Watch", "Jobs", "Upload"]
TWO_OPERATIONS = "query First { __typename } query Second { jobs { totalCount } }"
LAYERS = [f"Layer {index}" for index in range(12)]


def next_events(window: GraphiQL, field: str) -> list[dict[str, Any]]:
    """Return the events of the window's subscription, as the server sent them."""
    return [
        frame["payload"]["data"][field]
        for frame in window.received
        if frame["type"] == "next"
    ]


def parse_in_panel(window: GraphiQL, file: Path) -> str:
    """Send a file through the panel, wait for its end and return the job's id."""
    window.open()
    window.upload(file)
    window.wait_for_live("JobSucceeded")
    return str(window.variables["id"])


def test_first_visit_shows_the_examples(graphiql: GraphiQL, tmp_path: Path) -> None:
    graphiql.open()
    graphiql.page.locator(".graphiql-query-editor .view-line").first.wait_for()
    assert graphiql.page.title() == "OneManage · GraphiQL"
    assert graphiql.tabs == EXAMPLES
    assert graphiql.active_tab == "Designs"
    assert graphiql.page.get_by_role("heading", name="Upload a PSD").is_visible()
    picture = graphiql.page.screenshot(path=tmp_path / "first-visit.png")
    assert picture.startswith(b"\x89PNG")


def test_panel_uploads_a_psd_and_shows_its_parse_live(
    graphiql: GraphiQL, design: Path, tmp_path: Path
) -> None:
    job = parse_in_panel(graphiql, design)
    events = next_events(graphiql, "jobEvents")
    names = [event["__typename"] for event in events]
    assert names[:2] == ["JobQueued", "JobStarted"]
    assert names[-1] == "JobSucceeded"
    assert set(names[2:-1]) <= {"JobProgressed", "PsdLayersExported", "PsdPreviewReady"}
    assert graphiql.live == names
    assert graphiql.received[-1]["type"] == "complete"
    exported = [name["name"] for event in events for name in event.get("layers", [])]
    assert sorted(exported) == sorted(LAYERS)
    assert graphiql.tabs == [*EXAMPLES, "Watch"]
    assert graphiql.active_tab == "Watch"
    assert job.startswith("job_")
    assert '"JobSucceeded"' in graphiql.response
    graphiql.page.screenshot(path=tmp_path / "parsed.png")


def test_panel_shows_each_layer_as_a_picture(graphiql: GraphiQL, design: Path) -> None:
    parse_in_panel(graphiql, design)
    pictures = graphiql.page.get_by_role("list", name="Layers").get_by_role("img")
    assert sorted(
        str(picture.get_attribute("alt")) for picture in pictures.all()
    ) == sorted(LAYERS)
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        picture.evaluate("image => image.decode()")
        assert picture.evaluate(
            "image => image.naturalWidth / image.naturalHeight"
        ) == (pytest.approx(64 / 48))


def test_panel_works_by_this_machines_other_name(
    context: BrowserContext, running: Running, design: Path
) -> None:
    assert "//127.0.0.1:" in running.base_url
    base_url = running.base_url.replace("//127.0.0.1:", "//localhost:")
    window = GraphiQL(context.new_page(), base_url)
    parse_in_panel(window, design)
    picture = window.page.get_by_role("list", name="Layers").get_by_role("img").first
    assert str(picture.get_attribute("src")).startswith(base_url)
    picture.evaluate("image => image.decode()")


def test_watch_shows_what_another_window_uploads(
    context: BrowserContext, graphiql: GraphiQL, running: Running, design: Path
) -> None:
    graphiql.open()
    graphiql.choose_tab("Watch")
    graphiql.subscribe()
    job = parse_in_panel(GraphiQL(context.new_page(), running.base_url), design)
    graphiql.page.bring_to_front()
    graphiql.wait_for_live("events.psd.parse_export.completed")
    events = next_events(graphiql, "events")
    subjects = [
        event["subject"]
        for event in events
        if event["job"] and event["job"]["id"] == job
    ]
    assert subjects[:2] == [
        "events.psd.parse_export.queued",
        "events.psd.parse_export.started",
    ]
    assert subjects[-1] == "events.psd.parse_export.completed"
    assert graphiql.live[: len(events)] == [event["subject"] for event in events]


def test_designs_example_shows_the_newest_document_with_its_layers(
    graphiql: GraphiQL, tmp_path: Path
) -> None:
    # Of its own: one that has been parsed before makes no new document.
    design = tea_box(tmp_path / "newest.psd", paper=254)
    parse_in_panel(graphiql, design)
    graphiql.choose_tab("Designs")
    answer = graphiql.run()
    assert "errors" not in answer
    newest = answer["data"]["psdDocuments"]["nodes"][0]
    assert newest["file"]["filename"] == design.name
    assert (newest["width"], newest["height"]) == (320, 240)
    assert newest["preview"]["url"] and newest["image"]["url"]
    assert [layer["name"] for layer in newest["tree"]] == LAYERS[::-1]
    top = newest["tree"][0]
    assert top["bounds"] == {"left": 220, "top": 110, "width": 64, "height": 48}
    assert top["kind"] == "PIXEL" and top["image"]["url"] and top["preview"]["url"]


def test_jobs_example_shows_the_newest_job_with_its_result(
    graphiql: GraphiQL, design: Path
) -> None:
    job = parse_in_panel(graphiql, design)
    graphiql.choose_tab("Jobs")
    answer = graphiql.run()
    assert "errors" not in answer
    newest = answer["data"]["jobs"]["nodes"][0]
    assert (newest["id"], newest["kind"]) == (job, "PSD_PARSE")
    assert (newest["status"], newest["progress"]["fraction"]) == ("SUCCEEDED", 1)
    assert newest["result"]["__typename"] == "PsdDocument"
    assert newest["result"]["layerCount"] == 12


def test_upload_example_gives_a_target(graphiql: GraphiQL) -> None:
    graphiql.open()
    graphiql.choose_tab("Upload")
    answer = graphiql.run()
    assert "errors" not in answer
    payload = answer["data"]["createUpload"]
    assert payload["userErrors"] == []
    assert payload["file"]["status"] == "PENDING"
    assert payload["target"]["method"] == "PUT"


def test_panel_shows_what_the_server_refuses(
    graphiql: GraphiQL, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.psd"
    empty.touch()
    graphiql.open()
    graphiql.upload(empty)
    graphiql.refusal.wait_for()
    assert graphiql.refusal.inner_text() == (
        "input.size: A file has at least 1 byte. (INVALID)"
    )
    assert graphiql.tabs == EXAMPLES
    assert graphiql.page.locator("input[type=file]").is_enabled()


def test_link_fills_a_tab_before_the_examples(graphiql: GraphiQL) -> None:
    graphiql.open(
        query=TWO_OPERATIONS, variables='{"id":"job_1"}', operationName="Second"
    )
    assert graphiql.tabs == ["Second", *EXAMPLES]
    assert graphiql.active_tab == "Second"
    assert graphiql.query == TWO_OPERATIONS
    assert graphiql.variables == {"id": "job_1"}


def test_link_keeps_the_tabs_that_are_there(graphiql: GraphiQL) -> None:
    graphiql.open()
    graphiql.choose_tab("Jobs")
    jobs = graphiql.query
    graphiql.wait_until_stored()
    graphiql.open(query="query Mine { __typename }")
    graphiql.open(query="query Mine { __typename }")
    assert graphiql.tabs == [*EXAMPLES, "Mine"]
    assert graphiql.active_tab == "Mine"
    assert graphiql.run() == {"data": {"__typename": "Query"}}
    graphiql.choose_tab("Jobs")
    assert graphiql.query == jobs
