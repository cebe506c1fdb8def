"""What children write to stdout and stderr, as records in their owner's log."""

import asyncio
import os
from contextvars import copy_context
from typing import IO, Final, Self

import msgspec
from loguru import logger

from core.processes.child_logging import Line

_LINES_PER_CALL: Final = 100
_LINE_BYTES: Final = 65_536
_LEVELS: Final = frozenset({"INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL"})
_MEMORY_WORDS: Final = ("bad_alloc", "memoryerror", "out of memory", "cannot allocate")


class ChildLog:
    """Logs what one child says, in the context of the call that it is running.

    What libraries and crashes write beside the child's own records is kept together,
    as one record.
    """

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._decoder = msgspec.json.Decoder(Line)
        self._raw: list[str] = []
        self._context = copy_context()
        self._lines = 0
        self.tells_of_memory = False
        self._task = asyncio.create_task(self._read())

    @classmethod
    async def open(cls) -> tuple[Self, IO[bytes]]:
        """Make a pipe; return its log, and the end that is for the child to write to."""
        read_end, write_end = os.pipe()
        output = os.fdopen(write_end, "wb", buffering=0)
        reader = asyncio.StreamReader(limit=_LINE_BYTES)
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb")
        )
        return cls(reader), output

    def begin_call(self) -> None:
        """Log what comes from now on in the caller's context, with its job's id."""
        self.flush()
        self._context = copy_context()
        self._lines = 0
        self.tells_of_memory = False

    def flush(self) -> None:
        """Log what was kept together."""
        if self._raw:
            line = Line("WARNING", "stderr", "\n".join(self._raw))
            self._raw.clear()
            self._context.run(_emit, line)

    async def drained(self, timeout: float) -> None:
        """Wait until all that the dead child wrote is logged."""
        _, pending = await asyncio.wait({self._task}, timeout=timeout)
        for task in pending:
            task.cancel()
        self.flush()

    async def _read(self) -> None:
        while True:
            try:
                line = await self._reader.readline()
            except ValueError:
                continue
            if not line:
                return
            self._lines += 1
            if self._lines <= _LINES_PER_CALL:
                self._take(line)

    def _take(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        if any(words in text.lower() for words in _MEMORY_WORDS):
            self.tells_of_memory = True
        try:
            record = self._decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._raw.append(text)
        else:
            self.flush()
            self._context.run(_emit, record)


def _emit(line: Line) -> None:
    level = line.level if line.level in _LEVELS else "WARNING"
    logger.bind(child=line.origin).log(level, "{}", line.text)
