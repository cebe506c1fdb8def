"""The gateway inside the test's own process, where a test can reach into it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import uvicorn
from pydantic import SecretStr

import server
from core.config import Settings
from core.container import Container
from core.database_async import Database
from core.nats import connect
from core.security import Caller
from events.streams import ensure_streams
from features.users.services import UsersService
from workers.supervisor.commands import (
    GATEWAY_GRACE,
    HTTP_PROTOCOL,
    MAX_MESSAGE_BYTES,
    WEBSOCKET_PROTOCOL,
)


class Gateway(NamedTuple):
    """A gateway that serves on loopback."""

    base_url: str
    container: Container
    settings: Settings

    def call_as(self, caller: Caller) -> None:
        """Take whoever calls from now on for `caller`."""
        database = self.container.get(Database)
        self.container.give(UsersService, _Users(database, caller))


class _Users(UsersService):
    """People, of whom one calls."""

    def __init__(self, database: Database, caller: Caller) -> None:
        super().__init__(database)
        self._caller = caller

    def local_caller(self) -> Caller:
        """Return the one who calls."""
        return self._caller


@asynccontextmanager
async def gateway(
    monkeypatch: pytest.MonkeyPatch,
    database_url: str,
    nats_url: str,
    data_dir: Path,
    *,
    websockets: str = WEBSOCKET_PROTOCOL,
    **changes: Any,
) -> AsyncIterator[Gateway]:
    """Serve `server.app` with settings and services of its own."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        settings = Settings(
            port=listener.getsockname()[1],
            database_url=database_url,
            nats_url=nats_url,
            data_dir=data_dir,
            secret_key=SecretStr("for tests alone"),
            **changes,
        )
        monkeypatch.setattr(server, "settings", settings)
        monkeypatch.setattr(server.container, "_made", {})
        monkeypatch.setattr(server, "configure_logging", lambda _name: None)
        client = await connect(settings, "tests")
        await ensure_streams(client, 1)
        await client.close()
        own = uvicorn.Server(_configuration(websockets))
        serving = asyncio.create_task(own.serve(sockets=[listener]))
        while not own.started:
            assert not serving.done(), "the gateway did not start"
            await asyncio.sleep(0.01)
        base_url = f"http://127.0.0.1:{settings.port}"
        yield Gateway(base_url, server.container, settings)
        own.should_exit = True
        await serving


def _configuration(websockets: str) -> uvicorn.Config:
    """Return what the supervisor's command line says, but for another protocol."""
    return uvicorn.Config(
        server.app,
        log_config=None,
        http=HTTP_PROTOCOL,
        ws=websockets,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=GATEWAY_GRACE,
    )
