"""A server under test as a process: its address, and what it has used of the machine."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from tests.programs import Program
from tests.running import ROOT
from workers.embedded import process

PATIENCE_SECONDS: Final = 60.0
UVICORN: Final = (sys.executable, "-m", "uvicorn", "--host", "127.0.0.1")
QUIET: Final = ("--no-access-log", "--log-level", "warning")


class Server:
    """One that runs; `port` is on 127.0.0.1."""

    def __init__(self, program: Program, port: int, log: Path) -> None:
        self.port = port
        self.program = program
        self._log = log
        self._process = psutil.Process(program.popen.pid)

    def cpu_seconds(self) -> float:
        """Return what it has used so far, in its own code and in the kernel's."""
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def memory(self) -> int:
        """Return its resident bytes, without what it shares with others."""
        return int(self._process.memory_full_info().uss)

    async def listens(self) -> None:
        """Wait until it takes connections."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            assert self.program.popen.poll() is None, process.tail(self._log)
            assert time.monotonic() < deadline, process.tail(self._log)
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


@contextmanager
def serving(
    argv: Sequence[str], port: int, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run a server until the block's end; it is told of events on its input."""
    given = {**(os.environ if env is None else env), "PYTHONPATH": str(ROOT)}
    program = Program(argv, given, log, stdin=subprocess.PIPE)
    try:
        yield Server(program, port, log)
    finally:
        program.kill()


def uvicorn(app: str, port: int, *more: str) -> list[str]:
    """Return the command that serves an application of the benchmark."""
    return [*UVICORN, "--port", str(port), *QUIET, *more, app]
