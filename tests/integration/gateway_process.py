"""One gateway in a process of its own, by the supervisor's command."""

import asyncio
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from core.config import Settings
from tests.programs import Program
from tests.running import ROOT, settings
from workers.embedded.state import free_port
from workers.supervisor.commands import commands

PATIENCE_SECONDS = 90.0
READY = "Uvicorn running on"


class GatewayProcess:
    """A gateway on its own port; its log is read by tests."""

    def __init__(self, program: Program, port: int, log: Path) -> None:
        self.program = program
        self.base_url = f"http://127.0.0.1:{port}"
        self._port = port
        self._log = log
        self._forgotten = 0

    def log(self) -> str:
        """Return all that was logged so far, but for what was forgotten."""
        return self._log.read_bytes()[self._forgotten :].decode()

    def forget_log(self) -> None:
        """Read the log from here on."""
        self._forgotten = self._log.stat().st_size

    async def logs(self, words: str) -> None:
        """Wait until something is logged."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while words not in self.log():
                assert self.program.popen.poll() is None, self.log()
                await asyncio.sleep(0.05)

    def troubles(self) -> list[str]:
        """Return the lines of the log that tell of trouble, and all tracebacks."""
        bad = re.compile(r'"level": "(WARNING|ERROR|CRITICAL)"|Traceback|Error')
        return [line for line in self.log().splitlines() if bad.search(line)]

    def memory(self) -> int:
        """Return the bytes of the process that are in memory."""
        return int(psutil.Process(self.program.popen.pid).memory_info().rss)

    async def has_sockets(self, count: int) -> None:
        """Wait until the gateway holds that many connections of clients."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self._sockets() != count:
                await asyncio.sleep(0.05)

    def _sockets(self) -> int:
        found = psutil.Process(self.program.popen.pid).net_connections()
        return sum(bool(one.raddr) and one.laddr.port == self._port for one in found)

    async def ended(self) -> int:
        """Wait for the end; return the exit code."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (code := self.program.popen.poll()) is None:
                await asyncio.sleep(0.02)
        return code


@contextmanager
def gateway_process(
    database_url: str,
    nats_url: str,
    directory: Path,
    changes: Mapping[str, str] | None = None,
    *,
    port: int | None = None,
) -> Iterator[GatewayProcess]:
    """Start a gateway; settings are named in capitals, without the prefix."""
    port = port or free_port()
    gateway, *_ = commands(Settings(port=port, _env_file=None))
    addresses = {"DATABASE_URL": database_url, "NATS_URL": nats_url}
    env = settings(directory, SECRET_KEY="for tests", **addresses, **changes or {})
    env |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    log = directory / f"gateway-{time.monotonic_ns()}.log"
    program = Program(gateway.argv, env, log)
    try:
        yield GatewayProcess(program, port, log)
    finally:
        program.kill()
