"""Fixtures for every test: one PostgreSQL and one NATS server per run.

ONEMANAGE_TEST_DATABASE_URL and ONEMANAGE_TEST_NATS_URL name servers to use instead.
With ONEMANAGE_TEST_STRICT=1 a skipped test has failed, but for want of a corpus.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest

from core.database_async import Database
from tests import databases
from tests.client import Client
from tests.running import Running
from workers.embedded.nats import NatsServer
from workers.embedded.postgres import PostgresServer

KEPT_VARIABLES = ("ONEMANAGE_TEST_", "ONEMANAGE_CORPUS", "ONEMANAGE_CHAOS_")
STRICT = os.environ.get("ONEMANAGE_TEST_STRICT") == "1"


def pytest_configure(config: pytest.Config) -> None:
    """Keep tests away from the settings and the data of whoever runs them."""
    for name in list(os.environ):
        if name.startswith("ONEMANAGE_") and not name.startswith(KEPT_VARIABLES):
            del os.environ[name]
    directory = tempfile.mkdtemp(prefix="onemanage-test-")
    os.environ["ONEMANAGE_DATA_DIR"] = directory
    config.add_cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> (
    Generator[None, pytest.TestReport, pytest.TestReport]
):
    """Turn a skip into a failure when the run is strict."""
    report = yield
    if _forbidden(report) and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in a strict run: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> (
    Generator[None, pytest.CollectReport, pytest.CollectReport]
):
    """Turn the skip of a whole module into a failure when the run is strict."""
    report = yield
    if _forbidden(report):
        report.outcome = "failed"
        report.longrepr = f"skipped in a strict run: {report.longrepr}"
    return report


def _forbidden(report: pytest.TestReport | pytest.CollectReport) -> bool:
    return STRICT and report.skipped and "ONEMANAGE_CORPUS" not in str(report.longrepr)


@pytest.fixture(scope="session")
def servers_dir() -> Iterator[Path]:
    """Give the session's own servers a directory that goes away with them."""
    directory = Path(tempfile.mkdtemp(prefix="onemanage-servers-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url(servers_dir: Path) -> Iterator[str]:
    """Start PostgreSQL once; ``postgresql://user:password@127.0.0.1:port/database``."""
    if given := os.environ.get("ONEMANAGE_TEST_DATABASE_URL"):
        yield given
        return
    server = PostgresServer(servers_dir)
    server.start()
    _forgo_durability(server)
    yield server.url
    server.stop()


def _forgo_durability(server: PostgresServer) -> None:
    """Save the disk: this data need not survive a power cut."""
    statements = ["ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"]
    for statement in statements:
        subprocess.run(
            [server.binaries / "psql", "-qc", statement, server.url],
            check=True,
            stdout=subprocess.DEVNULL,
        )


@pytest.fixture(scope="session")
def nats_url(servers_dir: Path) -> Iterator[str]:
    """Start NATS with JetStream once; ``nats://user:password@127.0.0.1:port``."""
    if given := os.environ.get("ONEMANAGE_TEST_NATS_URL"):
        yield given
        return
    server = NatsServer(servers_dir)
    server.start()
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def migrated_url(postgres_url: str) -> str:
    """Make a database with all tables, once."""
    return asyncio.run(databases.make_migrated(postgres_url, "onemanage_tests"))


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    """Give an empty database; only the local administrator is there."""
    await databases.empty(migrated_url)
    database = Database(migrated_url, pool_size=10)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def running(servers_dir: Path) -> Iterator[Running]:
    """Start all of OneManage once, as `make run` does, on servers of its own."""
    system = Running(servers_dir / "running")
    yield system
    assert system.ask_to_stop(signal.SIGTERM) == 0, system.output()


@pytest.fixture
async def client(running: Running) -> AsyncIterator[Client]:
    """Give a client of the running system."""
    async with Client(running.base_url) as client:
        yield client
