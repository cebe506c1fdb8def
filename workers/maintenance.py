"""Maintenance: ``python -m workers.maintenance``. Any number may run.

Sweeps what has lived its time or nothing leads to, brings back jobs whose worker and
message are gone, ends transactions of imports that have ended, and repeats what a handler
should have done.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from loguru import logger

from core.base import utc_now
from core.scratch import Scratch
from core.storage import Storage
from features.data_import.sweeping import ImportSweeper
from features.files.sweeping import ObjectSweeper
from features.jobs.reconciler import Reconciler
from features.psd.previews import PsdPreviews
from workers.process import Process, run_process

OFTEN_SECONDS = 5.0
ABANDONED_AFTER = timedelta(days=1)


type Chore = Callable[[], Awaitable[object]]


async def maintain(process: Process) -> None:
    """Do all of it until cancelled; no chore waits for another."""
    reconciler = process.container.get(Reconciler)
    sweeper = process.container.get(ObjectSweeper)
    storage = process.container.get(Storage)  # type: ignore[type-abstract]
    often: list[Chore] = [
        reconciler.watch_workers,
        reconciler.enqueue_lost,
        reconciler.hand_on_places,
        process.container.get(PsdPreviews).publish_missed,
        sweeper.sweep_expired,
        process.container.get(ImportSweeper).end_orphans,
    ]
    seldom: list[Chore] = [
        sweeper.sweep_unnamed,
        sweeper.sweep_unrecorded,
        sweeper.sweep_deleted_files,
        process.container.get(Scratch).sweep,
        lambda: storage.discard_abandoned(utc_now() - ABANDONED_AFTER),
    ]
    async with asyncio.TaskGroup() as group:
        for chore in often:
            group.create_task(_repeat(chore, OFTEN_SECONDS))
        for chore in seldom:
            group.create_task(_repeat(chore, process.settings.sweep_seconds))


async def _repeat(chore: Chore, seconds: float) -> None:
    while True:
        try:
            await chore()
        except Exception as error:
            logger.warning("maintenance has to wait: {!r}", error)
        await asyncio.sleep(seconds)


if __name__ == "__main__":
    run_process("maintenance", maintain)
