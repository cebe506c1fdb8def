"""The TaskIQ worker: ``taskiq worker workers.tasks:broker --receiver
core.broker:LeasedReceiver``. Any number may run."""

import sys
from pathlib import Path

from nats.aio.client import Client
from taskiq import TaskiqEvents, TaskiqState, async_shared_broker

from core.broker import LeasedBroker
from core.container import Container
from core.database_async import Database
from core.logging import configure_logging
from core.nats import connect, connection_options, servers
from core.processes import ProcessPool
from core.scratch import Scratch
from core.startup import settings_or_exit
from features.jobs.burial import Burial
from workers.discovery import import_all
from workers.process import fill

# TaskIQ takes the working directory out of the path again once this is imported; late
# imports and child processes need it.
sys.path.append(str(Path(__file__).parent.parent))

settings = settings_or_exit()
broker = LeasedBroker(servers(settings), name="worker", **connection_options(settings))
async_shared_broker.default_broker(broker)
import_all("tasks")


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def start(state: TaskiqState) -> None:
    """Connect, and start the processes that do CPU work."""
    configure_logging("worker")
    client = await connect(settings, "worker services")
    container = Container()
    fill(container, settings, client, Database.from_settings(settings))
    pool = ProcessPool(
        settings.worker_concurrency,
        memory_bytes=settings.task_memory_bytes,
        preload=("features.psd.utils", "features.data_import.utils.engine"),
        spare=settings.processes_per_psd - 1,
    )
    await pool.start()
    container.give(ProcessPool, pool)
    broker.bury = container.get(Burial).bury
    broker.unknown_seconds = settings.unknown_task_seconds
    await container.get(Scratch).sweep()
    state.container = container


@broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
async def stop(state: TaskiqState) -> None:
    """Close what `start` opened."""
    container: Container = state.container
    await container.get(ProcessPool).close()
    await container.get(Client).close()
    await container.get(Database).close()
