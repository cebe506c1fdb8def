"""The page /metrics: how it is written, and where it is described."""

import re
from pathlib import Path

import httpx
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_metrics_families,
)

from tests.integration.counted import following
from tests.integration.gateway import Gateway
from tests.integration.scraping import Page, scrape
from tests.integration.test_gateway import inside, own_nats

__all__ = ["following", "inside", "own_nats"]

DOCS = Path(__file__).parents[2] / "docs" / "operations.md"
BEGIN, END = "<!-- metrics: begin -->\n", "<!-- metrics: end -->\n"
HEAD = ["| metric | type | labels | what it tells | watch for |"]
HEAD += ["| --- | --- | --- | --- | --- |"]
UNITS = ("_seconds", "_bytes")


async def test_names_types_and_helps_follow_the_conventions(following: Gateway) -> None:
    page = await scrape(following.base_url)
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


async def test_labels_are_few_and_none_is_a_clients_choice(following: Gateway) -> None:
    async with httpx.AsyncClient(base_url=following.base_url) as http:
        for number in range(30):
            query = f"query Name{number} {{ alias{number}: nothing{number} }}"
            await http.post("/graphql", json={"query": query})
    page = await scrape(following.base_url)
    samples = [one for one in page.values if "_bucket" not in one]
    assert len(samples) < 150
    assert not any("name" in one.lower() or "alias" in one for one in samples)


async def test_openmetrics_is_written_where_it_is_asked_for(following: Gateway) -> None:
    accept = {"accept": "application/openmetrics-text; version=1.0.0"}
    async with httpx.AsyncClient(base_url=following.base_url) as http:
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


async def test_the_handbook_describes_each_metric(following: Gateway) -> None:
    page = await scrape(following.base_url)
    shown = []
    for family in page.own():
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = {name for one in family.samples for name in one.labels} - {"le"}
        listed = ", ".join(f"`{label}`" for label in sorted(labels))
        shown.append([f"`{name}`", family.type, listed, family.documentation])
    rows = _documented()
    assert [row[:4] for row in rows] == shown
    assert all(len(row) == 5 for row in rows)
