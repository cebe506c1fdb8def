"""The gateway and what it is held against: each is watched by the same sockets."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Final, NamedTuple

from tests.performance.bridge.installation import Installation
from tests.performance.bridge.publishing import LinePublisher, Publisher
from tests.performance.bridge.servers import raw
from tests.performance.bridge.serving import Server, serving, uvicorn
from tests.running import ROOT
from workers.embedded.state import free_port

ONEMANAGE: Final = "OneManage"
STOCK: Final = "stock Strawberry"
YOGA: Final = "GraphQL Yoga, graphql-ws"
BARE: Final = "graphql-ws without Yoga"
RAW: Final = "raw broadcast"
_SERVERS: Final = "tests.performance.bridge.servers"


class Contender(NamedTuple):
    """A server that runs, and who makes the events that it sends."""

    server: Server
    publisher: Publisher


type Start = Callable[[Installation], AbstractAsyncContextManager[Contender]]


@asynccontextmanager
async def onemanage(place: Installation) -> AsyncIterator[Contender]:
    """Run the gateway: real events, the caller's rights and cursors in the path."""
    async with place.gateway() as server:
        yield Contender(server, await place.start_job())


@asynccontextmanager
async def _told(
    place: Installation, make: Callable[[int], list[str]]
) -> AsyncIterator[Contender]:
    port = free_port()
    with serving(make(port), port, place.directory / "contenders.log") as server:
        await server.listens()
        yield Contender(server, LinePublisher(server))


def _stock(port: int) -> list[str]:
    return uvicorn(f"{_SERVERS}.stock:app", port)


def _raw(port: int) -> list[str]:
    return uvicorn(f"{_SERVERS}.raw:app", port, "--ws", raw.PROTOCOL)


def _yoga(port: int) -> list[str]:
    return [*_node(), str(port), "yoga"]


def _bare(port: int) -> list[str]:
    return [*_node(), str(port), "bare"]


def _node() -> list[str]:
    node = shutil.which("node")
    assert node is not None, "Node is not there: run `make clients`"
    return [node, str(ROOT / "tests" / "conformance" / "broadcast.mjs")]


CONTENDERS: Final[dict[str, Start]] = {
    ONEMANAGE: onemanage,
    STOCK: partial(_told, make=_stock),
    YOGA: partial(_told, make=_yoga),
    BARE: partial(_told, make=_bare),
    RAW: partial(_told, make=_raw),
}
