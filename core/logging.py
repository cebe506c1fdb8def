"""Logging by loguru: for people on a terminal, JSON lines otherwise."""

import inspect
import json
import logging
import os
import sys
import traceback
from types import FrameType
from typing import TYPE_CHECKING

from loguru import logger

from core.config import get_settings

if TYPE_CHECKING:
    from loguru import Message, Record

# Libraries whose INFO lines tell a person nothing that ours do not.
CHATTY_LOGGERS = (*("botocore", "boto3", "s3transfer", "urllib3", "httpx", "httpcore"),)
# It tells of each task, and shows the whole of what it cannot read; the broker buries that.
SILENT_LOGGER = "taskiq.receiver.receiver"
# Its lines hold whole paths, and those of /files are signed tokens.
ACCESS_LOGGER = "uvicorn.access"


class _Intercept(logging.Handler):
    """Hand the standard library's records to loguru, at their caller's place."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record again."""
        try:
            level: str | int = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno
        frame: FrameType | None = inspect.currentframe()
        depth = 0
        while frame and (depth == 0 or frame.f_code.co_filename == logging.__file__):
            frame = frame.f_back
            depth += 1
        logger.opt(depth=depth, exception=record.exc_info).bind(logger=record.name).log(
            level, record.getMessage()
        )


def configure_logging(process_name: str) -> None:
    """Send this process' records, the standard library's too, to stderr.

    Lines carry the job's id where ``logger.contextualize(job_id=...)`` is in force.
    Call it once a process, before the first record.
    """
    settings = get_settings()
    logger.remove()
    logger.configure(extra={"process_name": process_name})
    if for_people():
        logger.add(
            _write_text,
            format=_text,
            level=settings.log_level,
            colorize=wants_colour(),
            diagnose=False,
        )
    else:
        logger.add(_write_json, level=settings.log_level, diagnose=False)
    _intercept_standard_library()


def for_people() -> bool:
    """Tell whether lines are for a person to read rather than a machine."""
    chosen = get_settings().log_format
    return sys.stderr.isatty() if chosen == "auto" else chosen == "text"


def wants_colour() -> bool:
    """Tell whether lines for people are coloured (NO_COLOR, FORCE_COLOR)."""
    if os.environ.get("NO_COLOR"):
        return False
    return sys.stderr.isatty() or bool(os.environ.get("FORCE_COLOR"))


def _text(record: "Record") -> str:
    job = "  <dim>{extra[job_id]}</dim>" if "job_id" in record["extra"] else ""
    return (
        "<dim>{time:HH:mm:ss}</dim> <level>{level: <7}</level> {message}"
        f"{job}\n{{exception}}"
    )


def _write_text(message: "Message") -> None:
    # Looked up at each write: a progress bar may have taken stderr's place.
    sys.stderr.write(message)


def _write_json(message: "Message") -> None:
    record = message.record
    extra = dict(record["extra"])
    line = {
        "time": record["time"].isoformat(),
        "level": record["level"].name,
        "process": extra.pop("process_name", ""),
        "pid": record["process"].id,
        "logger": extra.pop("logger", record["name"]),
        "message": record["message"],
        **extra,
    }
    if record["exception"] is not None:
        line["exception"] = "".join(traceback.format_exception(*record["exception"]))
    sys.stderr.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")


def _intercept_standard_library() -> None:
    logging.basicConfig(handlers=[_Intercept()], level=logging.NOTSET, force=True)
    logging.getLogger().setLevel(logging.INFO)
    for name in (*CHATTY_LOGGERS, ACCESS_LOGGER):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger(SILENT_LOGGER).setLevel(logging.ERROR)
    # uvicorn and alembic give their own loggers handlers before we are called.
    for name in list(logging.root.manager.loggerDict):
        child = logging.getLogger(name)
        # One without handlers that does not propagate has been silenced on purpose.
        if child.handlers:
            child.handlers.clear()
            child.propagate = True
