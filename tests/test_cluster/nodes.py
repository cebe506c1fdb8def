"""A cluster of three NATS servers whose nodes are killed, frozen and brought back."""

import json
import random
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

import nats.errors
from nats.aio.client import Client
from nats.js.api import ClusterInfo

from core.task_queue import TaskPriority
from events.subjects import EVENTS, TASKS
from tests.test_events.conftest import Mortal
from tests.test_jobs.plant import until
from workers.embedded import state

NODES: Final = 3
# Below the range from which the kernel takes ports for outgoing connections: a node
# that is away for a while finds its own port free.
PORTS: Final = range(20_000, 32_000)


class Node(Mortal):
    """One server of a cluster; all of them have the same password."""

    def __init__(self, directory: Path, name: str, password: str) -> None:
        data_dir = state.prepare_data_dir(directory / name)
        state.write_private(data_dir / "secrets" / self.name, password)
        super().__init__(data_dir)
        self.server_name = name
        self.port = unused_port()
        self.cluster_port = unused_port()
        state.write_state(self.state_file, port=self.port)

    def join(self, nodes: "list[Node]") -> None:
        """Make the node a member of the cluster of those nodes."""
        login = f"user: onemanage, password: {json.dumps(self.password)}"
        routes = [
            f"nats://onemanage:{self.password}@127.0.0.1:{node.cluster_port}"
            for node in nodes
        ]
        self.more_configuration = (
            "cluster {\n  name: onemanage\n"
            f'  listen: "127.0.0.1:{self.cluster_port}"\n'
            f"  authorization {{ {login} }}\n"
            f"  routes: {json.dumps(routes)}\n}}\n"
        )

    def freeze(self) -> None:
        """Stop the server's process without ending it."""
        assert self.child is not None
        self.child.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        assert self.child is not None
        self.child.send_signal(signal.SIGCONT)


class Cluster:
    """Three nodes with JetStream."""

    def __init__(self, directory: Path) -> None:
        password = "of-the-tests-alone"
        names = [f"node{number}" for number in range(1, NODES + 1)]
        self.nodes = [Node(directory, name, password) for name in names]
        for node in self.nodes:
            node.join(self.nodes)

    @property
    def url(self) -> str:
        """The addresses of all nodes, as ONEMANAGE_NATS_URL takes them."""
        return ",".join(node.url for node in self.nodes)

    def start(self) -> None:
        """Start all nodes."""
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait_until_ready()

    def stop(self) -> None:
        """Stop all nodes; none of them need hand anything over."""
        for node in self.nodes:
            if node.child is not None and node.child.poll() is None:
                node.kill()

    def node(self, name: str) -> Node:
        """Return the node of that name."""
        return next(node for node in self.nodes if node.server_name == name)


class Overseer:
    """Asks the cluster who leads, and waits until all of it has caught up."""

    def __init__(self, cluster: Cluster, client: Client) -> None:
        self._cluster = cluster
        self._client = client
        self._jetstream = client.jetstream(timeout=2)

    async def leader(self, stream: str, consumer: str | None = None) -> Node:
        """Return the node that leads a stream, or a consumer of it, once there is one."""

        async def look() -> Node | None:
            info = await self._info(stream, consumer)
            return self._cluster.node(info.leader) if info and info.leader else None

        return await until(look)

    async def gather(self, node: Node, *streams: str) -> None:
        """Have a node lead these streams."""
        order = json.dumps({"placement": {"preferred": node.server_name}}).encode()
        for stream in streams:
            subject = f"$JS.API.STREAM.LEADER.STEPDOWN.{stream}"

            async def look(stream: str = stream, subject: str = subject) -> bool:
                if await self.leader(stream) is node:
                    return True
                with suppress(nats.errors.Error, TimeoutError):
                    await self._client.request(subject, order, timeout=2)
                return False

            await until(look)

    async def all_is_whole(self) -> None:
        """Wait until both streams and the workers' consumers are level everywhere."""
        for stream in (EVENTS, TASKS):
            await self.is_whole(stream)
        for priority in TaskPriority:
            await self.is_whole(TASKS, priority.consumer)

    async def is_whole(self, stream: str, consumer: str | None = None) -> None:
        """Wait until three replicas of a stream, or of a consumer, are level."""

        async def look() -> bool:
            info = await self._info(stream, consumer)
            replicas = (info.replicas or []) if info else []
            level = [one for one in replicas if one.current and not one.offline]
            return bool(info and info.leader) and len(level) == NODES - 1

        await until(look)

    async def _info(self, stream: str, consumer: str | None) -> ClusterInfo | None:
        """Ask the leader; None while there is none, or nothing to ask about."""
        try:
            if consumer is None:
                return (await self._jetstream.stream_info(stream)).cluster
            info = await self._jetstream.consumer_info(stream, consumer)
        except (nats.errors.Error, TimeoutError):
            return None
        found: ClusterInfo | None = info.cluster
        return found


def unused_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    while not state.is_free(port := random.choice(PORTS)):
        pass
    return port
