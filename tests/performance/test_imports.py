"""The parts of the import benchmark: what they make, count and read of events."""

from pathlib import Path
from typing import Any

import pytest

from tests.performance.imports.reading import read
from tests.performance.imports.table import write_csv, write_xlsx
from tests.performance.imports.whole import worked


def _event(name: str, second: int) -> dict[str, Any]:
    return {"__typename": name, "at": f"2026-01-01T00:00:{second:02}Z"}


def test_times_count_from_when_the_worker_took_the_job() -> None:
    told = [_event("JobStarted", 3), _event("JobProgressed", 5)]
    assert worked([_event("JobQueued", 0), *told, _event("JobSucceeded", 11)]) == 8


def test_an_import_that_failed_is_not_measured() -> None:
    with pytest.raises(KeyError, match="JobSucceeded"):
        worked([_event("JobStarted", 0), _event("JobFailed", 1)])


def test_the_files_are_the_same_each_time_and_read_whole(tmp_path: Path) -> None:
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    write_csv(first, 500)
    write_csv(second, 500)
    assert first.read_bytes() == second.read_bytes()
    assert read(first)["rows"] == 500
    assert read(write_xlsx(tmp_path / "orders.xlsx", 500))["rows"] == 500
