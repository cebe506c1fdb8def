"""Log lines: JSON for machines with the job's id, short text for people."""

import json
import logging
from collections.abc import Iterator

import pytest
from loguru import logger

from core.config import get_settings
from core.logging import configure_logging


@pytest.fixture(autouse=True)
def _logging_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    # A gateway that another test ran in this process has set it.
    served = logging.getLogger("uvicorn.error")
    monkeypatch.setattr(served, "disabled", False)
    served_level = served.level
    served.setLevel(logging.NOTSET)
    yield
    served.setLevel(served_level)
    logger.remove()
    logger.configure(extra={})
    root.handlers[:] = handlers
    root.setLevel(level)
    get_settings.cache_clear()


def _configure(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setenv("ONEMANAGE_LOG_FORMAT", form)
    monkeypatch.setenv("NO_COLOR", "1")
    get_settings.cache_clear()
    configure_logging("relay")


def test_json_lines_carry_process_and_job(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _configure(monkeypatch, "json")
    with logger.contextualize(job_id="job_1"):
        logger.info("layer {} of {}", 1, 2)
        logging.getLogger("taskiq").warning("«%s» {not a field}", "ä")
    logger.debug("below the level")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    kept = ("level", "process", "logger", "message", "job_id")
    assert [{name: line[name] for name in kept} for line in lines] == [
        {
            "level": "INFO",
            "process": "relay",
            "logger": "tests.test_core.test_logging",
            "message": "layer 1 of 2",
            "job_id": "job_1",
        },
        {
            "level": "WARNING",
            "process": "relay",
            "logger": "taskiq",
            "message": "«ä» {not a field}",
            "job_id": "job_1",
        },
    ]


def test_an_exception_stays_on_its_json_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _configure(monkeypatch, "json")
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logger.exception("it failed\nbadly")
    (line,) = capsys.readouterr().err.splitlines()
    record = json.loads(line)
    assert record["message"] == "it failed\nbadly"
    assert "job_id" not in record
    assert record["exception"].startswith("Traceback (most recent call last):\n")
    assert record["exception"].endswith("ValueError: two\nlines\n")


def test_text_lines_are_short(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _configure(monkeypatch, "text")
    with logger.contextualize(job_id="job_1"):
        logger.info("a <b> {}", "c")
    logging.getLogger("uvicorn").info("serving")
    lines = [line[9:] for line in capsys.readouterr().err.splitlines()]
    assert lines == ["INFO    a <b> c  job_1", "INFO    serving"]


def test_signed_tokens_in_paths_are_not_logged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _configure(monkeypatch, "text")
    logging.getLogger("uvicorn.access").info("GET /files/token")
    logging.getLogger("uvicorn.error").info("serving")
    lines = [line[9:] for line in capsys.readouterr().err.splitlines()]
    assert lines == ["INFO    serving"]
