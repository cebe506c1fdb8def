"""What a query costs, beside stock Strawberry: ``python -m tests.performance.queries``.

The same schema, services and rows in PostgreSQL behind each of two servers in turn: ours,
and `strawberry.asgi.GraphQL`. Counted is the CPU time of the server's process alone.
Also how long a small query waits, at most, while one for a page of 1000 layers is
answered again and again.
"""

import asyncio
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import httpx
import psutil

from core.base import new_id
from core.config import Settings
from core.database_async import Database
from core.nats import connect
from events.streams import ensure_streams
from tests import databases
from tests.integration.rows import add_documents
from tests.programs import Program
from tests.running import settings
from workers.embedded.nats import NatsServer
from workers.embedded.postgres import PostgresServer

LAYERS: Final = 1000
AT_ONCE: Final = 8
ROUNDS: Final = 2
FIELDS: Final = (
    "id index name path depth kind visible opacity blendMode clipped hasMask fidelity"
)
BIG: Final = (
    f"{{ psdDocuments(first: 1) {{ nodes {{ layers(first: {LAYERS}) {{ nodes {{ {FIELDS} }} }} }} }} }}"
)
SMALL: Final = "{ viewer { id name } }"


class Question(NamedTuple):
    """A query, and how often it is asked."""

    name: str
    query: str
    times: int


QUESTIONS: Final = (
    Question("a query without rows", "{ __typename }", 2000),
    Question("a query of one row", SMALL, 1000),
    Question(f"{LAYERS} layers with 12 fields each", BIG, 20),
)
SERVERS: Final = {
    "stock Strawberry": "tests.performance.stock_gateway",
    "ours": "server",
}


class Server:
    """One gateway that serves."""

    def __init__(self, program: Program, url: str) -> None:
        self._process = psutil.Process(program.popen.pid)
        self._url = url

    async def cost(self, question: Question) -> float:
        """Ask; return the milliseconds of CPU time that one answer costs."""
        async with httpx.AsyncClient(base_url=self._url, timeout=60) as http:
            await self._ask(http, question, AT_ONCE)
            before = self._seconds()
            await self._ask(http, question, question.times)
            return (self._seconds() - before) / question.times * 1000

    async def longest_wait(self) -> float:
        """Return how many milliseconds a small query took at most beside big ones."""
        async with httpx.AsyncClient(base_url=self._url, timeout=60) as http:
            big = asyncio.create_task(self._ask(http, QUESTIONS[-1], 20, at_once=1))
            waits = []
            while not big.done():
                began = time.monotonic()
                await _post(http, SMALL)
                waits.append(time.monotonic() - began)
            await big
        return sorted(waits)[int(len(waits) * 0.99)] * 1000

    async def _ask(
        self,
        http: httpx.AsyncClient,
        question: Question,
        times: int,
        at_once: int = AT_ONCE,
    ) -> None:
        numbers = iter(range(times))

        async def client() -> None:
            for _ in numbers:
                await _post(http, question.query)

        await asyncio.gather(*(client() for _ in range(at_once)))

    def _seconds(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)


async def _post(http: httpx.AsyncClient, query: str) -> None:
    answer = await http.post("/graphql", json={"query": query})
    assert b'"errors"' not in answer.content and answer.status_code == 200, answer.text


async def main(directory: Path) -> None:
    """Print what each question costs on each server, and the ratio."""
    async with _rows(directory) as env:
        costs: dict[str, list[list[float]]] = {}
        waits: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            for name, module in SERVERS.items():
                async with _server(directory, module, env) as server:
                    found = [await server.cost(one) for one in QUESTIONS]
                    costs.setdefault(name, []).append(found)
                    waits.setdefault(name, []).append(await server.longest_wait())
    for index, question in enumerate(QUESTIONS):
        stock, ours = (min(found[index] for found in costs[name]) for name in SERVERS)
        print(
            f"{question.name}: stock {stock:.2f} ms, ours {ours:.2f} ms of CPU; "
            f"{stock / ours:.1f} times"
        )
    stock, ours = (min(waits[name]) for name in SERVERS)
    print(
        f"p99 of a query of one row beside that page: stock {stock:.0f} ms, "
        f"ours {ours:.0f} ms"
    )


@asynccontextmanager
async def _rows(directory: Path) -> AsyncIterator[dict[str, str]]:
    """Give a gateway's settings: a database with one big document, and NATS."""
    postgres, nats = PostgresServer(directory / "postgres"), NatsServer(
        directory / "nats"
    )
    with _running(postgres), _running(nats):
        url = await databases.make_migrated(postgres.url, new_id("outbox"))
        database = Database(url)
        await add_documents(database, 1, LAYERS)
        await database.close()
        client = await connect(Settings(nats_url=nats.url), "performance")
        await ensure_streams(client, 1)
        await client.close()
        yield settings(
            directory, DATABASE_URL=url, NATS_URL=nats.url, SECRET_KEY="x" * 32
        )


@contextmanager
def _running(server: PostgresServer | NatsServer) -> Iterator[None]:
    server.start()
    try:
        yield
    finally:
        server.stop()


@asynccontextmanager
async def _server(
    directory: Path, module: str, env: dict[str, str]
) -> AsyncIterator[Server]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = str(one.getsockname()[1])
    argv = [sys.executable, "-m", "uvicorn", f"{module}:app", "--port", port]
    argv += ["--log-level", "warning", "--no-access-log"]
    program = Program(argv, {**env, "ONEMANAGE_PORT": port}, directory / f"{port}.log")
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient() as http:
            while True:
                assert program.popen.poll() is None, (
                    directory / f"{port}.log"
                ).read_text()
                try:
                    await http.post(f"{url}/graphql", json={"query": SMALL})
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
        yield Server(program, url)
    finally:
        program.kill()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="onemanage-performance-") as scratch:
        asyncio.run(main(Path(scratch)))
