"""Programs of npm's clients that watch jobs, and gateways that are killed meanwhile."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx

from core.config import Settings
from tests.conformance.node import HERE, node
from tests.programs import Program
from tests.running import Running
from workers.embedded import state
from workers.supervisor.commands import commands

PROGRAMS: Final = HERE / "resume"
PATIENCE_SECONDS: Final = 120.0
# With each `__typename` that Apollo would add.
JOB_EVENTS: Final = """
subscription Watch($id: ID!, $after: EventCursor) {
  watched: jobEvents(id: $id, after: $after) {
    __typename
    cursor
    at
    job {
      __typename
      id
      status
      attempt
      progress { __typename fraction stage done total }
    }
    ... on PsdLayersExported { layers { __typename id name } }
  }
}
"""


class Watched(NamedTuple):
    """A job, and the cursor of the mutation that started it."""

    id: str
    after: str


class Gateway:
    """A gateway beside those of the running system, on a port that stays its own."""

    def __init__(self, running: Running, log: Path) -> None:
        self._env = running.children()["gateway"].environ()
        self._port = state.free_port()
        self._log = log
        self._program: Program | None = None
        self.base_url = f"http://127.0.0.1:{self._port}"
        self.socket_url = f"ws://127.0.0.1:{self._port}/graphql"

    async def start(self) -> None:
        """Start it (again), and wait until it serves."""
        env = self._env | {"ONEMANAGE_PORT": str(self._port)}
        (command,) = [
            one for one in commands(Settings(port=self._port)) if one.name == "gateway"
        ]
        self._program = Program(command.argv, env, self._log)
        async with asyncio.timeout(PATIENCE_SECONDS), httpx.AsyncClient() as http:
            while not await self._is_ready(http):
                await asyncio.sleep(0.05)

    async def _is_ready(self, http: httpx.AsyncClient) -> bool:
        with suppress(httpx.HTTPError):
            return (await http.get(f"{self.base_url}/readyz")).status_code == 200
        return False

    def kill(self) -> None:
        """Kill it at once (kill -9)."""
        if self._program is not None:
            self._program.kill()


class Watcher:
    """One node program.

    `events` by job, as its client library handed them over; `gateways` are the URLs of
    those that it was connected to, in order.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.events: dict[str, list[Any]] = {}
        self.completed: list[str] = []
        self.gateways: list[str] = []
        self._grown = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None
        self._input: asyncio.StreamWriter

    async def start(self, urls: list[str]) -> None:
        """Start it; `urls` are where it connects, in turn."""
        program = await asyncio.create_subprocess_exec(
            node(),
            str(PROGRAMS / f"{self.name}.mjs"),
            json.dumps({"urls": urls, "document": JOB_EVENTS}),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**22,
        )
        assert program.stdin is not None
        self._input = program.stdin
        self._reading = asyncio.create_task(self._read(program))

    def watch(self, job: Watched) -> None:
        """Let it watch one more job."""
        self.events[job.id] = []
        self._input.write(json.dumps(job._asdict()).encode() + b"\n")

    async def _read(self, program: asyncio.subprocess.Process) -> None:
        assert program.stdout is not None
        try:
            async for line in program.stdout:
                async with self._grown:
                    self._take(json.loads(line))
                    self._grown.notify_all()
            assert await program.wait() == 0
        finally:
            if program.returncode is None:
                program.kill()
                await program.wait()

    def _take(self, fact: dict[str, Any]) -> None:
        match fact:
            case {"connected": str(url)}:
                self.gateways.append(url)
            case {"job": job, "complete": True}:
                self.completed.append(job)
            case {"job": job, "event": dict(event)} if not fact.get("errors"):
                assert job not in self.completed
                self.events[job].append(event)
            case _:
                raise AssertionError(f"{self.name}: {fact}")

    async def until(self, holds: Callable[["Watcher"], bool]) -> None:
        """Wait until something holds of it; fail where it ends or fails before."""
        assert self._reading is not None
        waiting = asyncio.create_task(self._until(holds))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.wait(
                {waiting, self._reading}, return_when=asyncio.FIRST_COMPLETED
            )
        if not waiting.done():
            waiting.cancel()
            await self._reading
            assert holds(self), f"{self.name} has ended"

    async def _until(self, holds: Callable[["Watcher"], bool]) -> None:
        async with self._grown:
            await self._grown.wait_for(lambda: holds(self))

    async def ends(self) -> None:
        """Give it no more jobs; wait until it has ended by itself, all of them seen."""
        assert self._reading is not None
        self._input.close()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._reading

    async def stop(self) -> None:
        """End the program."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
