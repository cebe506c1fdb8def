"""Fixtures: a cluster of NATS with everything of OneManage that works on it twice."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from events.subjects import EVENTS, TASKS
from tests import databases
from tests.test_cluster.nodes import Cluster
from tests.test_events.conftest import connected
from tests.test_jobs.plant import Plant, until


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Start three NATS servers that know of one another."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture
async def client(cluster: Cluster) -> AsyncIterator[Client]:
    """Give a connection to the cluster, with no streams yet."""
    async with connected(cluster.url) as client:
        for stream in (EVENTS, TASKS):
            await until(partial(_is_deleted, client, stream))
        yield client


async def _is_deleted(client: Client, stream: str) -> bool:
    try:
        await client.jetstream(timeout=2).delete_stream(stream)
    except TimeoutError:  # there is no leader yet
        return False
    except NotFoundError:
        pass
    return True


@pytest.fixture
async def plant(
    cluster: Cluster, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Plant:
    """Give an empty database for processes that work on the cluster."""
    url = await asyncio.to_thread(
        lambda: asyncio.run(databases.make_migrated(postgres_url, "onemanage_cluster"))
    )
    directory = tmp_path_factory.mktemp("plant")
    return Plant(directory, url, cluster.url, NATS_REPLICAS="3")
