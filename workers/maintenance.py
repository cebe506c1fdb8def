"""Maintenance: ``python -m workers.maintenance``. Any number may run.

Sweeps what has lived its time, and brings back jobs whose worker and message are gone.
"""

import asyncio
from datetime import timedelta

from loguru import logger

from core.base import utc_now
from core.storage import Storage
from features.files.sweeping import ExpiredObjects
from features.jobs.reconciler import Reconciler
from workers.process import Process, run_process

RECONCILE_SECONDS = 5.0
SWEEP_SECONDS = 600.0
ABANDONED_AFTER = timedelta(days=1)


async def maintain(process: Process) -> None:
    """Do all of it until cancelled."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_reconcile(process))
        group.create_task(_sweep(process))


async def _reconcile(process: Process) -> None:
    reconciler = process.container.get(Reconciler)
    while True:
        try:
            await reconciler.take_over_silent()
            await reconciler.enqueue_lost()
        except Exception as error:
            logger.warning("jobs cannot be reconciled now: {!r}", error)
        await asyncio.sleep(RECONCILE_SECONDS)


async def _sweep(process: Process) -> None:
    expired = process.container.get(ExpiredObjects)
    storage = process.container.get(Storage)  # type: ignore[type-abstract]
    while True:
        try:
            await expired.sweep()
            await storage.discard_abandoned(utc_now() - ABANDONED_AFTER)
        except Exception as error:
            logger.warning("nothing can be swept now: {!r}", error)
        await asyncio.sleep(SWEEP_SECONDS)


if __name__ == "__main__":
    run_process("maintenance", maintain)
