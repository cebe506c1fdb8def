"""Previews whose time is over, asked for again: made by a worker, shown when there."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import Final

from core import outbox
from core.database_async import Database
from core.nats import RelayWaker
from core.outbox import OutboxRow, OutboxStream
from core.task_queue import TaskPriority, task_message, task_subject
from events.live.hub import Hub
from features.files.models import StoredObject
from features.psd import crud

REMAKE_TASK: Final = "psd.remake_previews"
# Work that ends within this time answers at once.
WAIT_SECONDS: Final = 2.0
# After so long the task counts as lost, and is asked for again.
PATIENCE: Final = timedelta(minutes=1)


class PreviewRequests:
    """Has previews made again."""

    def __init__(self, database: Database, hub: Hub, wake: RelayWaker) -> None:
        self._database = database
        self._hub = hub
        self._wake = wake

    async def remade(
        self, row_ids: Sequence[str], *, wait: bool
    ) -> dict[str, StoredObject]:
        """Return previews of documents and layers, by the id of either.

        Where `wait` is set it gives the workers 2 s; what takes longer is left out,
        and there when asked for later.
        """
        async with self._database.statement() as session:
            document_ids = await crud.documents_of(session, row_ids)
        with ExitStack() as stack:
            news = [stack.enter_context(self._hub.news_of(id)) for id in document_ids]
            await self._ask(document_ids)
            if wait:
                with suppress(TimeoutError):
                    async with asyncio.timeout(WAIT_SECONDS):
                        await asyncio.gather(*(one.wait() for one in news))
        async with self._database.statement() as session:
            return await crud.previews_of(session, row_ids)

    async def _ask(self, document_ids: Sequence[str]) -> None:
        async with self._database.transaction() as session:
            new = await crud.ask_for_previews(session, document_ids, PATIENCE)
            await outbox.append(session, [_task(one) for one in new])
        await self._wake()


def _task(document_id: str) -> OutboxRow:
    return OutboxRow(
        OutboxStream.TASKS,
        task_subject(TaskPriority.INTERACTIVE, document_id),
        task_message(REMAKE_TASK, document_id),
        message_id=outbox.new_message_id(),
    )
