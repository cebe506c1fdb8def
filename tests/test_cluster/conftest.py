"""Fixtures: a cluster of NATS with everything of OneManage that works on it twice."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from nats.aio.client import Client

from tests import databases
from tests.test_cluster.nodes import Cluster
from tests.test_events.conftest import connected
from tests.test_jobs.plant import Plant


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Start three NATS servers that know of one another."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture
async def client(cluster: Cluster) -> AsyncIterator[Client]:
    """Connect to the cluster as every process of OneManage does."""
    async with connected(cluster.url) as client:
        yield client


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
