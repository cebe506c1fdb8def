"""/metrics as Prometheus reads it, and what differs between two scrapes."""

import asyncio
from collections.abc import Callable

import httpx
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

PREFIX = "onemanage_"
PATIENCE_SECONDS = 30.0
# It grows by itself.
LAG = "event_loop_lag_seconds_count"


class Page:
    """One scrape."""

    def __init__(self, text: str) -> None:
        self.families = list(text_string_to_metric_families(text))
        self.values = {
            key(sample): sample.value
            for family in self.families
            for sample in family.samples
            if family.name.startswith(PREFIX)
        }

    def own(self) -> list[Metric]:
        """Return the families that are ours, not the library's."""
        return [one for one in self.families if one.name.startswith(PREFIX)]

    def having(self, name: str) -> dict[str, float]:
        """Return a metric's values; where it has labels, each with those."""
        return {
            text.removeprefix(name): value
            for text, value in self.values.items()
            if text.partition("{")[0] == name
        }

    def __getitem__(self, text: str) -> float:
        return self.values[text]


def key(sample: Sample) -> str:
    """Return a sample's name, less the prefix, and its labels in alphabetical order."""
    name = sample.name.removeprefix(PREFIX)
    labels = ",".join(
        f"{name}={value}" for name, value in sorted(sample.labels.items())
    )
    return f"{name}{{{labels}}}" if labels else name


async def scrape(base_url: str) -> Page:
    """Read the page."""
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
        answer = await http.get(f"{base_url}/metrics")
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


async def scraped(base_url: str, when: Callable[[Page], bool]) -> Page:
    """Read the page again and again until something is so."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not when(page := await scrape(base_url)):
            await asyncio.sleep(0.05)
    return page


def grown(before: Page, after: Page) -> dict[str, float]:
    """Return by how much each counter has grown that has, but for document caches'."""
    return {
        text: value - before.values.get(text, 0)
        for text, value in after.values.items()
        if text.partition("{")[0].endswith(("_total", "_count"))
        and not text.startswith((LAG, "document_cache"))
        and value != before.values.get(text, 0)
    }


def ended(kind: str, transport: str, outcome: str) -> str:
    """Return the key of operations that ended so."""
    return f"operations_total{{kind={kind},outcome={outcome},transport={transport}}}"
