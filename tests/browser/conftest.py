"""A real Chromium in which every request to another host fails the test."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Route, sync_playwright
from psd_tools import PSDImage

from tests.browser.graphiql import GraphiQL
from tests.running import Running

ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser(running: Running) -> Iterator[Browser]:
    """Start Chromium for one module, all of whose tests are synchronous.

    While the synchronous Playwright is open, no other event loop can run in this
    thread: it starts after the system does, and ends before another module's tests.
    """
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium: install it, or name one in CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, chromium_sandbox=False, args=ARGUMENTS
        )
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the visitor's pages complain of; a test takes out what it expects."""
    return []


@pytest.fixture
def context(
    browser: Browser, running: Running, complaints: list[str]
) -> Iterator[BrowserContext]:
    """Give a visitor of their own, and check whom their pages have talked to."""
    context = browser.new_context(viewport={"width": 1400, "height": 850})
    own = urlsplit(running.base_url).netloc
    hosts = {own, own.replace("127.0.0.1", "localhost")}
    outside: list[str] = []

    def only_own(route: Route) -> None:
        if urlsplit(route.request.url).netloc in hosts:
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    def note_socket(url: str) -> None:
        if urlsplit(url).netloc not in hosts:
            outside.append(url)

    context.route("http*://**", only_own)
    context.on(
        "page", lambda page: page.on("websocket", lambda ws: note_socket(ws.url))
    )
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on(
        "console",
        lambda message: (
            complaints.append(message.text) if message.type == "error" else None
        ),
    )
    yield context
    context.close()
    assert outside == []
    assert complaints == []


@pytest.fixture
def graphiql(context: BrowserContext, running: Running) -> GraphiQL:
    """Open a window in the visitor's browser; it shows nothing yet."""
    return GraphiQL(context.new_page(), running.base_url)


@pytest.fixture(scope="package")
def design(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a design that several tests upload: it is parsed once."""
    return tea_box(tmp_path_factory.mktemp("design") / "tea box.psd", paper=255)


def tea_box(path: Path, paper: int) -> Path:
    """Make a PSD of 12 pixel layers, each of its own colour, on a grey of 320 x 240."""
    psd = PSDImage.new("RGB", (320, 240), color=paper)
    for index in range(12):
        picture = Image.new("RGBA", (64, 48), (20 * index, 90, 160, 255))
        psd.create_pixel_layer(
            picture, name=f"Layer {index}", top=10 * index, left=20 * index
        )
    psd.save(path)
    return path
