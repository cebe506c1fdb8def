"""The database: one unit of work is one transaction; addresses that are none."""

import asyncio

import pytest
from sqlalchemy import ScalarResult, String, column, select, table, text
from sqlalchemy.exc import DBAPIError

from core.config import Settings
from core.database_async import Database, among, async_url
from core.errors import AppError, ErrorCode

INSERT = text(
    "insert into outbox (message_id, stream, subject, body) values (:id,'','','')"
)


async def stored(database: Database) -> list[str]:
    """Return the message ids in the outbox."""
    async with database.transaction() as session:
        rows = await session.execute(
            text("select message_id from outbox order by position")
        )
        return [row[0] for row in rows]


async def test_a_transaction_is_committed_at_its_end(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(INSERT, {"id": "one"})
        assert await stored(database) == []
    assert await stored(database) == ["one"]


async def test_an_error_rolls_everything_back(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as session:
            await session.execute(INSERT, {"id": "one"})
            raise ZeroDivisionError
    assert await stored(database) == []


async def test_a_refused_statement_rolls_everything_back(database: Database) -> None:
    with pytest.raises(DBAPIError):
        async with database.transaction() as session:
            await session.execute(INSERT, {"id": "one"})
            await session.execute(text("select 1 / 0"))
    assert await stored(database) == []


async def test_being_cancelled_rolls_everything_back(database: Database) -> None:
    async def work() -> None:
        async with database.transaction() as session:
            await session.execute(INSERT, {"id": "one"})
            await session.execute(text("select pg_sleep(30)"))

    task = asyncio.create_task(work())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await stored(database) == []


async def test_more_transactions_than_connections_take_turns(
    migrated_url: str, database: Database
) -> None:
    narrow = Database(migrated_url, pool_size=2)

    async def work(number: int) -> None:
        async with narrow.transaction() as session:
            await session.execute(INSERT, {"id": str(number)})

    await asyncio.gather(*map(work, range(50)))
    await narrow.close()
    assert sorted(map(int, await stored(database))) == list(range(50))


async def test_survives_the_loss_of_its_connections(database: Database) -> None:
    await database.check()
    async with database.transaction() as session:
        await session.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
        )
    await asyncio.gather(*(database.check() for _ in range(5)))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@h:5/d",
        "postgres://u:p@h:5/d",
        "postgresql+psycopg://u:p@h:5/d",
        "postgresql+asyncpg://u:p@h:5/d",
    ],
)
def test_names_its_driver(url: str) -> None:
    assert async_url(url) == "postgresql+asyncpg://u:p@h:5/d"


@pytest.mark.parametrize("url", ["localhost/d", "mysql://h/d", "://", "sqlite:///a"])
def test_refuses_what_is_no_address_of_postgresql(url: str) -> None:
    with pytest.raises(AppError) as refusal:
        Database(url)
    assert refusal.value.code is ErrorCode.INVALID
    assert refusal.value.message == (
        "ONEMANAGE_DATABASE_URL must begin with postgresql://"
    )


def test_says_how_to_name_a_database() -> None:
    with pytest.raises(AppError) as refusal:
        Database.from_settings(Settings(database_url=""))
    assert refusal.value.message == (
        "No database: set ONEMANAGE_DATABASE_URL, or start everything with 'make run'"
    )


async def test_check_tells_of_a_database_that_is_away(unused_tcp_port: int) -> None:
    away = Database(f"postgresql://u:p@127.0.0.1:{unused_tcp_port}/d")
    with pytest.raises(OSError):
        await away.check()
    await away.close()


async def test_a_condition_takes_more_values_than_parameters(
    database: Database,
) -> None:
    async with database.transaction() as session:
        await session.execute(INSERT, {"id": "here"})
        found: ScalarResult[str] = await session.scalars(
            select(column("message_id", String))
            .select_from(table("outbox"))
            .where(among(column("message_id"), [*map(str, range(40_000)), "here"]))
        )
        assert found.all() == ["here"]
