"""GraphiQL's page, in the words of the person who uses it."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, WebSocket

MODEL = """(name) => globalThis.__MONACO?.editor.getModels()
    .find((model) => model.uri.path.endsWith(name))?.getValue() ?? ''"""


class GraphiQL:
    """One window; `frames` holds what came and went over its WebSockets, in order."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.url = f"{base_url}/graphql"
        self.sent: list[dict[str, Any]] = []
        self.received: list[dict[str, Any]] = []
        page.on("websocket", self._listen)

    def open(self, **parameters: str) -> None:
        """Load the page, with a link's parameters if any; wait for its editors."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        response = self.page.goto(self.url + query)
        assert response is not None and response.status == 200
        # The editors are made together, the answer's last.
        self.page.locator(".result-window .view-lines").wait_for(state="attached")

    @property
    def tabs(self) -> list[str]:
        """The tabs' titles, from the left."""
        return self.page.get_by_role("tab").all_inner_texts()

    @property
    def active_tab(self) -> str:
        """The title of the tab that is open."""
        return self.page.get_by_role("tab", selected=True).inner_text()

    @property
    def query(self) -> str:
        """What stands in the operation's editor."""
        return self._text_of("operation.graphql")

    @property
    def variables(self) -> Any:
        """What stands in the variables' editor."""
        return json.loads(self._text_of("variables.json"))

    @property
    def response(self) -> str:
        """What stands on the right: the answer, or a subscription's last event."""
        return self._text_of("response.json")

    @property
    def refusal(self) -> Locator:
        """What went wrong, as the panel shows it."""
        return self.page.get_by_role("region", name="Upload a PSD").get_by_role("alert")

    @property
    def live(self) -> list[str]:
        """The names of the events in the panel, oldest first."""
        return self.page.locator("[data-event]").all_inner_texts()[::-1]

    def choose_tab(self, title: str) -> None:
        """Open the first tab of that title, and let the page read its operation."""
        self.page.get_by_role("tab", name=title, exact=True).first.click()
        # The page does so 100 ms later; its timers end in the order of their time.
        self.page.evaluate("new Promise((done) => setTimeout(done, 200))")

    def run(self) -> Any:
        """Press the button and return what the server answered over HTTP."""
        with self.page.expect_response(self.url) as answer:
            self.execute.click()
        assert answer.value.status == 200
        return answer.value.json()

    @property
    def execute(self) -> Locator:
        """The button that runs the operation."""
        return self.page.locator(".graphiql-execute-button")

    def subscribe(self) -> None:
        """Press the button and wait until the server has been told."""
        with self.page.expect_websocket() as socket:
            self.execute.click()
        with socket.value.expect_event(
            "framesent", lambda frame: '"subscribe"' in frame
        ):
            pass

    def upload(self, file: Path) -> None:
        """Choose a file in the panel."""
        self.page.locator("input[type=file]").set_input_files(file)

    def wait_for_live(self, name: str) -> None:
        """Wait until the panel shows an event of that name."""
        self.page.locator(f'[data-event="{name}"]').first.wait_for(timeout=60_000)

    def wait_until_stored(self) -> None:
        """Wait until the tabs would outlive the window: half a second after a change."""
        while not self.page.evaluate("localStorage.getItem('graphiql:tabState')"):
            self.page.wait_for_timeout(50)

    def _text_of(self, model: str) -> str:
        return str(self.page.evaluate(MODEL, model))

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda text: self.sent.append(json.loads(text)))
        socket.on("framereceived", lambda text: self.received.append(json.loads(text)))
