"""The gateway inside the test's own process, where a test can reach into it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import uvicorn
from pydantic import SecretStr

import server
from core.config import Settings
from core.container import Container
from core.nats import connect
from events.streams import ensure_streams


class Gateway(NamedTuple):
    """A gateway that serves on loopback."""

    base_url: str
    container: Container
    settings: Settings


@asynccontextmanager
async def gateway(
    monkeypatch: pytest.MonkeyPatch, database_url: str, nats_url: str, data_dir: Path
) -> AsyncIterator[Gateway]:
    """Serve `server.app` with settings and services of its own."""
    settings = Settings(
        database_url=database_url,
        nats_url=nats_url,
        data_dir=data_dir,
        secret_key=SecretStr("for tests alone"),
    )
    monkeypatch.setattr(server, "settings", settings)
    monkeypatch.setattr(server.container, "_made", {})
    monkeypatch.setattr(server, "configure_logging", lambda _name: None)
    client = await connect(settings, "tests")
    await ensure_streams(client, 1)
    await client.close()
    config = uvicorn.Config(server.app, port=0, log_config=None)
    own = uvicorn.Server(config)
    serving = asyncio.create_task(own.serve())
    while not own.started:
        assert not serving.done(), "the gateway did not start"
        await asyncio.sleep(0.01)
    port = own.servers[0].sockets[0].getsockname()[1]
    yield Gateway(f"http://127.0.0.1:{port}", server.container, settings)
    own.should_exit = True
    await serving
