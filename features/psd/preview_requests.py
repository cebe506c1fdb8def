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
from features.psd import preview_crud

REMAKE_TASK: Final = "psd.remake_previews"
# Work that ends within this time answers at once.
WAIT_SECONDS: Final = 2.0
# After so long the task counts as lost, and is asked for again.
PATIENCE: Final = timedelta(minutes=1)
# What one call may ask for, of documents: a long list must not fill the queue.
MOST: Final = 20
# Who asks for more looks at a list; those who look at one document go first.
FEW: Final = 3


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
        and there when asked for later. So is what is beyond the newest 20 documents.
        """
        async with self._database.statement() as session:
            document_ids = await preview_crud.documents_of(session, row_ids)
        with ExitStack() as stack:
            news = {
                id: stack.enter_context(self._hub.news_of(id)) for id in document_ids
            }
            under_way = await self._ask(document_ids)
            if wait and under_way:
                with suppress(TimeoutError):
                    async with asyncio.timeout(WAIT_SECONDS):
                        await asyncio.gather(*(news[id].wait() for id in under_way))
        async with self._database.statement() as session:
            return await preview_crud.previews_of(session, row_ids)

    async def _ask(self, document_ids: Sequence[str]) -> Sequence[str]:
        """Ask for what nobody asked for; return what is being made."""
        is_list = len(document_ids) > FEW
        priority = TaskPriority.BULK if is_list else TaskPriority.INTERACTIVE
        async with self._database.transaction() as session:
            new = await preview_crud.ask_for_previews(
                session, document_ids, PATIENCE, MOST
            )
            if new:
                await outbox.append(session, [_task(one, priority) for one in new])
            under_way = await preview_crud.previews_under_way(
                session, document_ids, PATIENCE
            )
        if new:
            await self._wake()
        return under_way


def _task(document_id: str, priority: TaskPriority) -> OutboxRow:
    return OutboxRow(
        OutboxStream.TASKS,
        task_subject(priority, document_id),
        task_message(REMAKE_TASK, document_id),
        message_id=outbox.new_message_id(),
    )
