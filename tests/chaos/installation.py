"""A whole installation on servers of its own, each process more than once."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final

import httpx

from core.config import Settings
from tests.chaos.members import Member, ProgramMember, ServerMember
from tests.running import ROOT, settings
from workers.embedded import state
from workers.embedded.nats import NatsServer
from workers.embedded.postgres import PostgresServer
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
# Some of the ten clients' jobs wait for a place, and some places for a worker.
JOBS_PER_USER: Final = 6
READY_SECONDS: Final = 120.0
# Shorter than any freeze: a sweep meets the objects of claims that are frozen.
SWEEP_SECONDS: Final = 3.0
SWEEP_GRACE_SECONDS: Final = 5.0
# Images that were replaced are kept for twice as long, besides.
DOWNLOAD_EXPIRES_SECONDS: Final = 10


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
            jobs_per_user=JOBS_PER_USER,
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
            JOBS_PER_USER=str(JOBS_PER_USER),
            SWEEP_SECONDS=str(SWEEP_SECONDS),
            SWEEP_GRACE_SECONDS=str(SWEEP_GRACE_SECONDS),
            DOWNLOAD_EXPIRES_SECONDS=str(DOWNLOAD_EXPIRES_SECONDS),
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
    async with asyncio.timeout(READY_SECONDS):
        while not await look():
            await asyncio.sleep(0.2)
