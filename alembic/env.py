"""Migrations run over the same asyncpg driver as the processes.

One advisory lock keeps processes that migrate at the same moment apart.
"""

import asyncio

from sqlalchemy import Connection, text
from sqlmodel import SQLModel

from alembic import context
from core import outbox  # noqa: F401  (its table belongs to no feature)
from core.config import get_settings
from core.database_async import Database
from workers.discovery import import_all

MIGRATION_LOCK = 7_301_448_122


def migrate(connection: Connection) -> None:
    """Bring the database to the newest version."""
    context.configure(
        connection=connection, target_metadata=SQLModel.metadata, compare_type=True
    )
    with context.begin_transaction():
        connection.execute(text(f"select pg_advisory_xact_lock({MIGRATION_LOCK})"))
        context.run_migrations()


async def connect_and_migrate() -> None:
    """Migrate the settings' database."""
    database = Database.from_settings(get_settings())
    try:
        async with database.engine.connect() as connection:
            await connection.run_sync(migrate)
            await connection.commit()
    finally:
        await database.close()


import_all("models")
asyncio.run(connect_and_migrate())
