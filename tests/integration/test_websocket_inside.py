"""What only shows inside a gateway: refused callers, silent peers, another server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from loguru import logger
from starlette.routing import WebSocketRoute
from websockets.frames import Opcode

import server
from core.errors import AppError, ErrorCode
from core.security import Caller
from features.users.services import UsersService
from resolvers.websocket import uvicorn_protocol
from tests.integration.gateway import Gateway, gateway
from tests.integration.raw_sockets import frame, raw_socket
from tests.integration.sockets import dial

pytestmark = pytest.mark.timeout(120)

WATCH = 'subscription { events(subject: "nothing.>") { cursor } }'
BIG = "{ __schema { types { name description fields { name description } } } }"


@pytest.fixture
async def inside(
    monkeypatch: pytest.MonkeyPatch, migrated_url: str, nats_url: str, tmp_path: Path
) -> AsyncIterator[Gateway]:
    """Serve in this process."""
    async with gateway(monkeypatch, migrated_url, nats_url, tmp_path) as serving:
        yield serving


@pytest.fixture
async def elsewhere(
    monkeypatch: pytest.MonkeyPatch,
    migrated_url: str,
    nats_url: str,
    tmp_path: Path,
) -> AsyncIterator[Gateway]:
    """Serve in this process, by a protocol that knows nothing of ours."""
    (route,) = [one for one in server.app.routes if isinstance(one, WebSocketRoute)]
    monkeypatch.setattr(route.endpoint, "_has_warned", False)
    serving = gateway(
        monkeypatch,
        migrated_url,
        nats_url,
        tmp_path,
        websockets="websockets-sansio",
        slow_client_seconds=1,
    )
    async with serving as found:
        yield found


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Collect what is logged as a trouble."""
    lines: list[str] = []
    sink = logger.add(lines.append, level="WARNING", format="{message}")
    yield lines
    logger.remove(sink)


async def test_who_may_not_connect_is_told(
    inside: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_users: UsersService) -> Caller:
        raise AppError(ErrorCode.FORBIDDEN, "This token was revoked.")

    monkeypatch.setattr(UsersService, "local_caller", refuse)
    async with dial(inside.base_url) as socket:
        await socket.send({"type": "connection_init"})
        assert await socket.closing() == (4403, "This token was revoked.")


async def test_a_peer_that_gives_no_sign_of_life_is_given_up(
    inside: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uvicorn_protocol, "PING_SECONDS", 1)
    monkeypatch.setattr(uvicorn_protocol, "GONE_SECONDS", 3)
    async with (
        raw_socket(inside.base_url) as alive,
        raw_socket(inside.base_url) as dead,
    ):
        await alive.init()
        await dead.init()
        answering = asyncio.create_task(_answer_pings(alive, 5))
        ping = await dead.frame()
        assert ping is not None and ping.opcode is Opcode.PING
        assert await dead.frame() is None
        await answering
        await alive.subscribe("1", "{ __typename }")
        assert (await alive.message())["type"] == "next"


async def _answer_pings(socket: Any, count: int) -> None:
    for _ in range(count):
        ping = await socket.frame()
        assert ping.opcode is Opcode.PING
        await socket.send(frame(Opcode.PONG, bytes(ping.data)))


async def test_all_works_over_another_server(
    elsewhere: Gateway, log: list[str]
) -> None:
    async with dial(elsewhere.base_url) as socket:
        await socket.init()
        await socket.subscribe("watch", WATCH)
        for number in range(100):
            await socket.subscribe(str(number), BIG)
            kinds = [(await socket.receive())["type"] for _ in range(2)]
            assert kinds == ["next", "complete"]
        await socket.subscribe("bad", "{ wrong }")
        assert (await socket.receive())["type"] == "error"
        await socket.send({"type": "complete", "id": "watch"})
        await socket.send({"type": "ping", "payload": {"x": 1}})
        assert await socket.receive() == {"type": "pong", "payload": {"x": 1}}
        await socket.send_raw("?")
        reason = "WebSocket message must be valid JSON"
        assert await socket.closing() == (4400, reason)
    async with dial(elsewhere.base_url, protocol="graphql-ws") as socket:
        assert await socket.closing() == (4406, "Subprotocol not acceptable")
    (line,) = log
    assert "--ws resolvers.websocket.uvicorn_protocol" in line


async def test_over_another_server_one_that_reads_nothing_holds_nobody_up(
    elsewhere: Gateway, log: list[str]
) -> None:
    async with raw_socket(elsewhere.base_url, receive_buffer=4096) as stalled:
        await stalled.init()
        for number in range(99):
            await stalled.subscribe(str(number), BIG)
        async with dial(elsewhere.base_url) as beside:
            await beside.init()
            for number in range(100):
                await beside.subscribe(str(number), "{ __typename }")
                assert (await beside.receive())["type"] == "next"
                assert (await beside.receive())["type"] == "complete"
    assert len(log) == 1
