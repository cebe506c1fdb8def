"""The console, in the words of the person who uses it."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

END_MS = 90_000


class Console:
    """One window."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.url = f"{base_url}/"
        self.loads = 0
        page.on("load", self._count)

    def _count(self, _page: Page) -> None:
        self.loads += 1

    def open(self, fragment: str = "") -> None:
        """Load the page and wait until it is live."""
        response = self.page.goto(self.url + fragment)
        assert response is not None and response.status == 200
        self.wait_until_live()

    def wait_until_live(self) -> None:
        """Wait until the page says that it hears from the gateway."""
        expect(self.connection).to_have_text("Live", timeout=END_MS)

    @property
    def connection(self) -> Locator:
        """What the page says about its connection."""
        return self.page.locator(".connection")

    def upload(self, file: Path) -> str:
        """Choose a file; return the id of the job whose page opens."""
        before = self.page.url
        self.page.locator("input[type=file]").set_input_files(file)
        self.page.wait_for_url(_another_job(before), timeout=END_MS)
        return self.page.url.rpartition("/")[2]

    def row(self, job: str) -> Locator:
        """A job's row in the list."""
        return self.page.locator(f"tr[data-job={job}]")

    @property
    def job(self) -> Locator:
        """The page of the job that is open."""
        return self.page.get_by_role("article")

    def wait_for(self, status: str) -> None:
        """Wait until the open job has a status."""
        self.job.locator(f"[data-status={status}]").wait_for(timeout=END_MS)

    @property
    def events(self) -> list[str]:
        """The types of the open job's events, oldest first."""
        found = self.job.locator("[data-event]").evaluate_all(
            "all => all.map((one) => one.dataset.event)"
        )
        return [str(name) for name in found[::-1]]

    @property
    def layers(self) -> list[str]:
        """The names of the open job's layers, topmost first."""
        pictures = self.job.locator(".layers img")
        return [str(one.get_attribute("alt")) for one in pictures.all()]

    def see_all_layers(self) -> None:
        """Wait until each of the layers' pictures is there, scrolling to it."""
        for picture in self.job.locator(".layers img").all():
            picture.scroll_into_view_if_needed()
            expect(picture).not_to_have_js_property("naturalWidth", 0, timeout=END_MS)


def _another_job(before: str) -> Callable[[str], bool]:
    return lambda url: url != before and "#/jobs/job_" in url
