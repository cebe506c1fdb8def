"""Processes as faults meet them: started, killed, frozen, asked to stop."""

import asyncio
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from tests.programs import Program, kill_tree, send, tree
from workers.embedded.server import EmbeddedServer

STOP_SECONDS: Final = 30.0
START_SECONDS: Final = 120.0


class Member(Protocol):
    """One process that faults happen to."""

    name: str

    async def start(self) -> None:
        """Start it (again)."""

    async def stop(self) -> None:
        """Ask it to end, and wait until it has."""

    def kill(self) -> None:
        """Kill it with all that it has started."""

    def freeze(self) -> None:
        """Stop it where it stands, with all that it has started."""

    def thaw(self) -> None:
        """Let it go on."""

    def has_ended_by_itself(self) -> bool:
        """Tell whether it should run and does not."""


class ProgramMember:
    """One of our own processes."""

    def __init__(
        self, name: str, argv: tuple[str, ...], env: dict[str, str], log: Path
    ) -> None:
        self.name = name
        self.is_wanted = False
        self._argv = argv
        self._env = env
        self._log = log
        self._program: Program | None = None

    @property
    def program(self) -> Program:
        """The process that runs now, or ran last."""
        assert self._program is not None, f"{self.name} has never been started"
        return self._program

    async def start(self) -> None:
        """Start it without waiting until it is ready."""
        self._program = Program(self._argv, self._env, self._log)
        self.is_wanted = True

    async def stop(self) -> None:
        """Ask it to stop; kill what has not stopped in time."""
        self.is_wanted = False
        self.program.terminate()
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(self.program.popen.wait, STOP_SECONDS)
        self.program.kill()

    def kill(self) -> None:
        """Kill it with all that it has started."""
        self.is_wanted = False
        if self._program is not None:
            self._program.kill()

    def freeze(self) -> None:
        """Stop it where it stands, its children behind it."""
        send(self.program.tree(), signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on, its children first."""
        send(reversed(self.program.tree()), signal.SIGCONT)

    def has_ended_by_itself(self) -> bool:
        """Tell whether it should run and does not."""
        return self.is_wanted and self.program.popen.poll() is not None


class ServerMember:
    """PostgreSQL or NATS, started by one thread that stays: they end with it."""

    def __init__(self, server: EmbeddedServer, thread: ThreadPoolExecutor) -> None:
        self.name = server.name
        self.is_wanted = False
        self._server = server
        self._thread = thread

    @property
    def _child(self) -> subprocess.Popen[bytes]:
        assert self._server.child is not None, f"{self.name} has never been started"
        return self._server.child

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        await self._apart(lambda: self._server.start(START_SECONDS))
        self.is_wanted = True

    async def stop(self) -> None:
        """Stop it in order."""
        self.is_wanted = False
        await self._apart(self._server.stop)

    def kill(self) -> None:
        """Kill it with all its own processes."""
        self.is_wanted = False
        if self._server.child is not None:
            kill_tree(self._server.child)

    def freeze(self) -> None:
        """Stop all its processes, the one that starts the others first."""
        send(tree(self._child.pid), signal.SIGSTOP)

    def thaw(self) -> None:
        """Let all its processes go on."""
        send(reversed(tree(self._child.pid)), signal.SIGCONT)

    def has_ended_by_itself(self) -> bool:
        """Tell whether it should run and does not."""
        return self.is_wanted and self._child.poll() is not None

    async def _apart(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, work)
