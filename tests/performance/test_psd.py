"""The parts of the PSD benchmark: what they count and how they read events."""

from pathlib import Path
from typing import Any

import pytest
from psd_tools import PSDImage

from tests.performance.psd import byhand
from tests.performance.psd.design import shop_page
from tests.performance.psd.whole import Parse


def _event(name: str, second: int, **more: Any) -> dict[str, Any]:
    return {"__typename": name, "at": f"2026-01-01T00:00:{second:02}Z", **more}


def test_times_count_from_when_the_worker_took_the_job() -> None:
    one, two = [{"id": "a", "index": 0}], [{"id": "b", "index": 1}] * 2
    events = [
        _event("JobQueued", 0),
        _event("JobStarted", 3),
        _event("PsdLayersExported", 5, layers=one),
        _event("PsdLayersExported", 7, layers=two),
        _event("JobSucceeded", 11),
    ]
    found = Parse(12.5, events)
    assert (found.whole, found.first_layer, found.worked) == (12.5, 2, 8)
    assert found.layers == 3


def test_a_parse_that_failed_is_not_measured() -> None:
    with pytest.raises(KeyError, match="JobSucceeded"):
        Parse(1, [_event("JobStarted", 0), _event("JobFailed", 1)])


def test_the_page_is_the_same_each_time(tmp_path: Path) -> None:
    first = shop_page(tmp_path / "1.psd", scale=0.03)
    assert first.read_bytes() == shop_page(tmp_path / "2.psd", scale=0.03).read_bytes()


def test_what_is_done_by_hand_does_all_layers(tmp_path: Path) -> None:
    page = shop_page(tmp_path / "page.psd", scale=0.03)
    document = PSDImage.open(page)
    assert len(list(document.descendants())) == 200
    assert sum(layer.visible for layer in document.descendants()) == 50
    assert byhand.loop(str(page)) > 200 * 67
    assert byhand.composite(str(page)) == 0
