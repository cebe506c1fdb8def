"""Files over a real database, and the routes over a real server on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from sqlalchemy import text
from sqlmodel import SQLModel
from starlette.applications import Starlette

from core.base import new_id
from core.config import Settings
from core.database_async import Database
from core.storage import DiskStorage, Storage, make_storage
from features.files.models import SourceFile, StoredObject
from features.files.services import FilesService
from features.users.models import User
from resolvers.http.files import file_routes
from tests.test_core.s3_server import running_s3_server
from tests.test_core.storages import disk_settings, s3_settings

TABLES = [
    SQLModel.metadata.tables[str(model.__tablename__)]
    for model in (User, SourceFile, StoredObject)
]


@dataclass
class World:
    """A store, the service over it and a person with an account."""

    database: Database
    storage: Storage
    settings: Settings
    files: FilesService
    owner_id: str

    @property
    def disk(self) -> DiskStorage:
        """The store where it is the built-in one."""
        assert isinstance(self.storage, DiskStorage)
        return self.storage

    def stored_files(self) -> list[Path]:
        """Return all files in the built-in store, those under way included."""
        root = self.settings.data_dir / "objects"
        return [path for path in root.rglob("*") if path.is_file()]


@pytest.fixture(scope="session")
def files_database_url(postgres_url: str) -> str:
    """Make a database with this feature's tables alone."""
    return asyncio.run(_make_database(postgres_url))


@pytest.fixture
async def database(files_database_url: str) -> AsyncIterator[Database]:
    """Give a pool of connections to it."""
    database = Database(files_database_url, pool_size=5)
    yield database
    await database.close()


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    """Give files in the built-in store, its routes served."""
    async with served(database, tmp_path) as made:
        yield made


@pytest.fixture(params=["disk", "s3"])
async def any_world(
    request: pytest.FixtureRequest, database: Database, tmp_path: Path
) -> AsyncIterator[World]:
    """Give files in each kind of store."""
    if request.param == "disk":
        async with served(database, tmp_path) as made:
            yield made
    else:
        settings = s3_settings(running_s3_server(), tmp_path)
        yield await make_world(database, settings)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """Give an HTTP client."""
    async with httpx.AsyncClient(timeout=60) as client:
        yield client


async def make_world(database: Database, settings: Settings) -> World:
    """Make a service and a new person."""
    storage = make_storage(settings)
    owner = User(id=new_id("user"), email=f"{new_id('user')}@example.com", name="A")
    async with database.transaction() as session:
        session.add(owner)
    files = FilesService(database, storage, settings)
    return World(database, storage, settings, files, owner.id)


@asynccontextmanager
async def served(
    database: Database, data_dir: Path, **others: Any
) -> AsyncIterator[World]:
    """Serve the built-in store's routes by uvicorn on a free port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        settings = disk_settings(data_dir, port=port, **others)
        world = await make_world(database, settings)
        app = Starlette(routes=file_routes())
        app.state.services = world
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield world
        server.should_exit = True
        await serving


async def _make_database(postgres_url: str) -> str:
    name = new_id("file")
    server = Database(postgres_url)
    async with server.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(f"create database {name}"))
    await server.close()
    url = f"{postgres_url.rpartition('/')[0]}/{name}"
    database = Database(url)
    async with database.engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all, TABLES)
    await database.close()
    return url
