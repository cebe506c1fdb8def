"""Fixtures of the jobs' tests."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from core.database_async import Database
from tests import databases
from tests.integration.gateway import Gateway, gateway
from tests.test_jobs.bench import Bench
from tests.test_jobs.plant import Plant, Site, connect


@pytest.fixture
def bench(database: Database) -> Bench:
    """Give jobs over an empty database, with NATS away."""
    return Bench(database)


@pytest.fixture(scope="session")
def plant(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plant]:
    """Start NATS and the relay, once for all tests with real workers."""
    url = asyncio.run(databases.make_migrated(postgres_url, "onemanage_workers"))
    plant = Plant(tmp_path_factory.mktemp("plant"), url)
    plant.nats.start()
    with plant.program("-m", "workers.relay"):
        yield plant
    plant.nats.stop()


@pytest.fixture
async def site(plant: Plant) -> AsyncIterator[Site]:
    """Connect to the plant; nothing may be left in the work queue behind a test."""
    await databases.empty(plant.database_url)
    database = Database(plant.database_url)
    client = await connect(plant)
    site = Site(plant, database, client)
    yield site
    await site.queue_empties()
    await client.close()
    await database.close()


@pytest.fixture
async def gate(site: Site, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gateway]:
    """Serve the public API of the plant."""
    plant = site.plant
    async with gateway(
        monkeypatch, plant.database_url, plant.nats.url, plant.data_dir
    ) as serving:
        yield serving
