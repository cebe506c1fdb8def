"""What is asked of workers where previews are wanted again."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import text

from core.database_async import Database
from features.psd import preview_crud
from features.psd.preview_requests import PATIENCE, PreviewRequests
from tests.integration.rows import add_documents

TASKS = "select subject from outbox where subject like 'tasks.%'"
NEWEST = "select id from psd_documents order by created_at desc, id desc"


class _Silence:
    """A hub to which no news come."""

    @contextmanager
    def news_of(self, _public_id: str) -> Iterator[asyncio.Event]:
        yield asyncio.Event()


async def _wake() -> None:
    """Wake nobody: what was asked for stays in the outbox."""


def _requests(database: Database) -> PreviewRequests:
    return PreviewRequests(database, cast(Any, _Silence()), cast(Any, _wake))


async def _column(database: Database, query: str) -> list[str]:
    async with database.statement() as session:
        return list((await session.scalars(text(query))).all())


async def test_a_list_asks_for_its_newest_twenty_as_bulk(database: Database) -> None:
    await add_documents(database, 25, 1)
    newest = await _column(database, NEWEST)
    requests = _requests(database)
    await requests.remade(newest, wait=False)
    tasks = await _column(database, TASKS)
    assert sorted(tasks) == sorted(f"tasks.bulk.{id}" for id in newest[:20])
    # The rest when asked again, and then nothing for a while.
    for _ in range(2):
        await requests.remade(newest, wait=False)
    tasks = await _column(database, TASKS)
    assert sorted(tasks) == sorted(f"tasks.bulk.{id}" for id in newest)


async def test_few_documents_go_first(database: Database) -> None:
    await add_documents(database, 3, 1)
    newest = await _column(database, NEWEST)
    await _requests(database).remade(newest, wait=False)
    tasks = await _column(database, TASKS)
    assert sorted(tasks) == sorted(f"tasks.interactive.{id}" for id in newest)


async def test_what_rests_is_neither_asked_for_nor_waited_for(
    database: Database,
) -> None:
    await add_documents(database, 1, 1)
    (document_id,) = await _column(database, NEWEST)
    async with database.transaction() as session:
        ahead = timedelta(hours=1) - PATIENCE
        await preview_crud.set_asked(session, document_id, ahead)
    async with asyncio.timeout(1.5):
        await _requests(database).remade([document_id], wait=True)
    assert await _column(database, TASKS) == []
