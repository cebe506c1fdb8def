"""The event consumer: ``python -m workers.event_consumer``. Any number may run."""

import asyncio

from events.consumer import HANDLERS, HandlerLoop
from workers.discovery import import_all
from workers.process import Process, run_process


async def consume(process: Process) -> None:
    """Run every handler's loop."""
    import_all("tasks")
    async with asyncio.TaskGroup() as group:
        for handler in HANDLERS.values():
            loop = HandlerLoop(process.client, process.container, handler)
            group.create_task(loop.run())


if __name__ == "__main__":
    run_process("event-consumer", consume)
