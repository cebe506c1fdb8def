"""Errors come back by row, in whatever order they were written."""

from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.data_import.utils.error_log import ErrorLog
from features.data_import.utils.types import ErrorKind, RowError


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> ErrorLog:
    return ErrorLog(tmp_path_factory.mktemp("log") / "errors")


def error(row: int, position: int) -> RowError:
    return RowError(row, position, "a", "é", ErrorKind.REQUIRED, f"{row}:{position}")


_ERRORS = st.lists(st.builds(error, st.integers(1, 9), st.integers(0, 3)), max_size=6)


@settings(deadline=None)
@given(st.lists(_ERRORS, max_size=8))
def test_what_was_written_is_read_by_row(
    log: ErrorLog, written: list[list[RowError]]
) -> None:
    log.clear()
    for errors in written:
        log.add(errors)
    every = sorted(
        (one for errors in written for one in errors),
        key=lambda one: (one.row, one.position),
    )
    expected = [
        (row, list(group)) for row, group in groupby(every, key=lambda one: one.row)
    ]
    assert list(log.by_row()) == expected
    assert list(log.by_row()) == expected


def test_a_log_that_was_cleared_has_none(tmp_path: Path) -> None:
    log = ErrorLog(tmp_path / "errors")
    log.clear()
    log.add([error(1, 1)])
    log.clear()
    assert list(log.by_row()) == []
