"""What the long-running processes besides gateway and TaskIQ worker share."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

import uvloop
from loguru import logger
from nats.aio.client import Client

from core.config import Settings
from core.container import Container
from core.database_async import Database
from core.errors import AppError
from core.logging import configure_logging
from core.nats import RelayWaker, connect
from core.startup import settings_or_exit
from core.storage import Storage, make_storage
from workers.discovery import import_all


@dataclass(frozen=True)
class Process:
    """A process' settings and connections, and the services made from them."""

    settings: Settings
    client: Client
    database: Database
    container: Container


def fill(
    container: Container, settings: Settings, client: Client, database: Database
) -> None:
    """Give a container what services are made from; know all tables."""
    import_all("models")
    container.give(Settings, settings)
    container.give(Client, client)
    container.give(Database, database)
    container.give(RelayWaker, RelayWaker(client))
    container.give(Storage, make_storage(settings))  # type: ignore[type-abstract]


def run_process(name: str, main: Callable[[Process], Awaitable[None]]) -> None:
    """Run `main` until SIGTERM or SIGINT; exit with a line where it cannot start."""
    settings = settings_or_exit()
    configure_logging(name)
    try:
        asyncio.run(_run(name, settings, main), loop_factory=uvloop.new_event_loop)
    except AppError as error:
        sys.exit(f"{name}: {error.message}")


async def _run(
    name: str, settings: Settings, main: Callable[[Process], Awaitable[None]]
) -> None:
    # It may be told to stop before it has reached its servers.
    task = asyncio.ensure_future(_connect_and_run(name, settings, main))
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task
    logger.info("{} has stopped", name)


async def _connect_and_run(
    name: str, settings: Settings, main: Callable[[Process], Awaitable[None]]
) -> None:
    async with AsyncExitStack() as stack:
        client = await connect(settings, name)
        stack.push_async_callback(client.close)
        database = Database.from_settings(settings)
        stack.push_async_callback(database.close)
        container = Container()
        fill(container, settings, client, database)
        logger.info("{} is running", name)
        await main(Process(settings, client, database, container))
