"""Fixtures for every test: one PostgreSQL and one NATS server per run."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.embedded.nats import NatsServer
from workers.embedded.postgres import PostgresServer


@pytest.fixture(scope="session")
def servers_dir() -> Iterator[Path]:
    """Give the session's own servers a directory that goes away with them."""
    directory = Path(tempfile.mkdtemp(prefix="onemanage-test-"))
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
    yield server.url
    server.stop()


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
