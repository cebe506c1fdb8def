"""Connections to a cluster whose nodes tell of one another."""

import pytest
from nats.aio.client import Client

from core.config import Settings
from core.nats import CONNECTION_OPTIONS, connection_options
from tests.test_cluster.nodes import Cluster
from tests.test_events.conftest import connected
from tests.test_jobs.plant import until


async def test_a_lost_node_is_left_for_one_that_only_the_cluster_told_of(
    cluster: Cluster,
) -> None:
    known, *others = cluster.nodes
    async with connected(known.url) as client:
        await until(lambda: _has_heard_of(client, len(others)))
        known.kill()
        await until(lambda: _is_at(client, {node.port for node in others}))
        await client.flush()
        await known.restart()


async def _has_heard_of(client: Client, others: int) -> bool:
    return len({server.port for server in client.discovered_servers}) > others


async def _is_at(client: Client, ports: set[int]) -> bool:
    url = client.connected_url
    return client.is_connected and url is not None and url.port in ports


@pytest.mark.parametrize(
    ("addresses", "login"),
    [
        ("nats://u:p@a:4222,nats://u:p@b:4222", {"user": "u", "password": "p"}),
        ("nats://t@a:4222,nats://t@b:4222", {"token": "t"}),
        ("nats://u:p@a:4222,nats://v:q@b:4222", {}),
        ("nats://a:4222,b:4222", {}),
    ],
)
def test_what_all_addresses_share_is_given_apart_from_them(
    addresses: str, login: dict[str, str]
) -> None:
    options = connection_options(Settings(nats_url=addresses))
    assert options == CONNECTION_OPTIONS | login
