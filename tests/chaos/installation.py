"""A whole installation on servers of its own, each process more than once."""

import asyncio
import signal
import subprocess
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final, Protocol

import httpx

from core.config import Settings
from tests.programs import Program, kill_tree, send, tree
from tests.running import ROOT, settings
from workers.embedded import process, state
from workers.embedded.nats import NatsServer
from workers.embedded.postgres import PostgresServer
from workers.embedded.server import EmbeddedServer
from workers.supervisor.commands import commands, migrate

REPLICAS: Final = {
    "gateway": 2,
    "event_consumer": 2,
    "worker": 2,
    "relay": 2,
    "maintenance": 1,
}
TEST_TASKS: Final = "tests.test_jobs.worker_tasks"
SECRET: Final = "of chaos alone"
WORKER_CONCURRENCY: Final = 2
STOP_SECONDS: Final = 30.0
START_SECONDS: Final = 120.0
# Shorter than any freeze: a sweep meets the objects of claims that are frozen.
SWEEP_SECONDS: Final = 3.0
SWEEP_GRACE_SECONDS: Final = 5.0


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
        self._argv = process.ending_with_parent(argv)
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


class Installation:
    """All processes below one directory; `members` by what they are."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.data_dir = directory / "data"
        self.logs = directory / "logs"
        self.notes_file = directory / "notes"
        self._thread = ThreadPoolExecutor(1, "servers")
        self.postgres = PostgresServer(directory)
        self.nats = NatsServer(directory)
        self.gateways: list[str] = []
        self.ended_by_themselves: list[str] = []
        self.members: dict[str, list[Member]] = {
            "postgres": [ServerMember(self.postgres, self._thread)],
            "nats": [ServerMember(self.nats, self._thread)],
        }

    @property
    def settings(self) -> Settings:
        """What a process of the installation would read."""
        return Settings(
            database_url=self.postgres.url,
            nats_url=self.nats.url,
            data_dir=self.data_dir,
            secret_key=SECRET,
        )

    async def start(self) -> None:
        """Start everything and wait until both gateways serve."""
        for name in ("postgres", "nats"):
            await self.members[name][0].start()
        await self._migrate()
        for name, number in REPLICAS.items():
            self.members[name] = [self._program(name, n) for n in range(number)]
            for member in self.members[name]:
                await member.start()
        for url in self.gateways:
            await _until(partial(_is_ready, url))

    async def keep(self) -> None:
        """Start again what ends by itself, as a supervisor does, until cancelled."""
        while True:
            for member in chain.from_iterable(self.members.values()):
                if member.has_ended_by_itself():
                    self.ended_by_themselves.append(member.name)
                    await member.start()
            await asyncio.sleep(0.5)

    async def stop(self) -> None:
        """End everything."""
        for name in (*REPLICAS, "nats", "postgres"):
            for member in self.members.get(name, []):
                member.kill()
        self._thread.shutdown()

    def _env(self, port: int) -> dict[str, str]:
        return settings(
            self.data_dir,
            DATABASE_URL=self.postgres.url,
            DATABASE_POOL_SIZE="6",
            NATS_URL=self.nats.url,
            SECRET_KEY=SECRET,
            PORT=str(port),
            WORKER_CONCURRENCY=str(WORKER_CONCURRENCY),
            SWEEP_SECONDS=str(SWEEP_SECONDS),
            SWEEP_GRACE_SECONDS=str(SWEEP_GRACE_SECONDS),
        )

    async def _migrate(self) -> None:
        argv, env = migrate().argv, self._env(0)
        with (self.logs / "migrate.log").open("ab") as log:
            running = await asyncio.create_subprocess_exec(
                *argv, cwd=ROOT, env=env, stdout=log, stderr=log
            )
        assert await running.wait() == 0, f"see {self.logs}/migrate.log"

    def _program(self, name: str, number: int) -> ProgramMember:
        port = state.free_port() if name == "gateway" else 0
        given = Settings(port=port, worker_concurrency=WORKER_CONCURRENCY)
        (command,) = [one for one in commands(given) if one.name == name]
        argv = command.argv
        if name == "gateway":
            self.gateways.append(given.base_url)
        if name == "worker":
            place = argv.index("workers.tasks:broker") + 1
            argv = (*argv[:place], TEST_TASKS, *argv[place:])
        log = self.logs / f"{name}-{number}.log"
        return ProgramMember(f"{name} {number}", argv, self._env(port), log)


async def _is_ready(url: str) -> bool:
    try:
        async with httpx.AsyncClient(timeout=5) as http:
            return (await http.get(f"{url}/readyz")).status_code == 200
    except httpx.HTTPError:
        return False


async def _until(look: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(START_SECONDS):
        while not await look():
            await asyncio.sleep(0.2)
