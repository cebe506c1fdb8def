"""The corpus, and designs that the running system has parsed."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from core.config import SERVERS_FILE
from core.database_async import Database
from events.live.hub import Hub
from tests import databases
from tests.client import Client
from tests.integration.designs import noisy_design
from tests.integration.gateway import gateway
from tests.integration.people import Stage
from tests.running import Running
from tests.test_jobs.plant import Plant, Site, connect
from tests.test_psd.conftest import corpus
from tests.test_psd.documents import small_document

__all__ = ["corpus"]

NOISY_LAYERS = 45
NOISY_SIDE = 400
RESULT = "query ($id: ID!) { job(id: $id) { result { ... on PsdDocument { id } } } }"


class Parsed(NamedTuple):
    """A design that has been parsed: four layers, two of them in a group."""

    file_id: str
    job_id: str
    document_id: str


def database_url(data_dir: Path) -> str:
    """Return the address of a running system's PostgreSQL."""
    lines = (data_dir / SERVERS_FILE).read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line)
    return settings["ONEMANAGE_DATABASE_URL"].strip("\"'")


@pytest.fixture(scope="session")
def parsed(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Parsed:
    """Parse the small design once."""
    path = tmp_path_factory.mktemp("small") / "small.psd"
    small_document().save(path)
    return asyncio.run(_parsed(running, path))


async def _parsed(running: Running, path: Path) -> Parsed:
    async with Client(running.base_url) as client:
        file_id = await client.upload(path)
        job_id = (await client.parse(file_id, waitMs=0))["job"]["id"]
        events = await client.watch(job_id)
        assert events[-1]["job"]["status"] == "SUCCEEDED"
        result = (await client.ask(RESULT, id=job_id))["job"]["result"]
        return Parsed(file_id, job_id, result["id"])


@pytest.fixture(scope="session")
def noisy(running: Running, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Upload a design whose parse takes a second or more; give the file's id."""
    path = tmp_path_factory.mktemp("noisy") / "noisy.psd"
    return asyncio.run(_uploaded(running, noisy_design(path, NOISY_LAYERS, NOISY_SIDE)))


async def _uploaded(running: Running, path: Path) -> str:
    async with Client(running.base_url) as client:
        return await client.upload(path)


@pytest.fixture(scope="session")
def feeds_plant(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plant]:
    """Start NATS and the relay, once for all tests with people."""
    url = asyncio.run(databases.make_migrated(postgres_url, "onemanage_feeds"))
    plant = Plant(tmp_path_factory.mktemp("feeds"), url)
    plant.nats.start()
    with plant.program("-m", "workers.relay"):
        yield plant
    plant.nats.stop()


@pytest.fixture
async def stage(
    feeds_plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    """Serve the plant's public API from this process, with nobody's jobs in it."""
    await databases.empty(feeds_plant.database_url)
    database = Database(feeds_plant.database_url)
    client = await connect(feeds_plant)
    async with gateway(
        monkeypatch,
        feeds_plant.database_url,
        feeds_plant.nats.url,
        feeds_plant.data_dir,
    ) as serving:
        await serving.container.get(Hub).reach()
        yield Stage(serving, Site(feeds_plant, database, client))
    await client.jetstream().purge_stream("TASKS")
    await client.close()
    await database.close()
