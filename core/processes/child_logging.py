"""One JSON line on stderr for each thing that a child has to say; its owner logs it."""

import faulthandler
import logging
import sys
from typing import TYPE_CHECKING

import msgspec
from loguru import logger

if TYPE_CHECKING:
    from loguru import Message


class Line(msgspec.Struct, array_like=True):
    """What a child writes: a level's name, where it comes from, the text."""

    level: str
    origin: str
    text: str


def configure() -> None:
    """Send loguru, `logging`, `warnings` and crash reports to the owner."""
    faulthandler.enable(all_threads=False)
    logger.remove()
    logger.add(_from_loguru, level="INFO", format="{message}")
    handler = _LineHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(True)


def _from_loguru(message: "Message") -> None:
    record = message.record
    _write(Line(record["level"].name, record["name"] or "", str(message).rstrip()))


class _LineHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _write(Line(record.levelname, record.name, self.format(record)))


def _write(line: Line) -> None:
    sys.stderr.write(msgspec.json.encode(line).decode() + "\n")
    sys.stderr.flush()
