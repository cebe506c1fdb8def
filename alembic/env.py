"""Migrations run over the same asyncpg driver as the processes.

One advisory lock keeps processes that migrate at the same moment apart. Whatever takes
long, such as an index of a large table or the wait for that lock, gets its time.
"""

import asyncio
import sys

from sqlalchemy import Connection, text
from sqlmodel import SQLModel

from alembic import context
from core import outbox  # noqa: F401  (its table belongs to no feature)
from core.database_async import Database
from core.errors import AppError
from core.outages import is_outage, reason, was_cut
from core.startup import settings_or_exit
from workers.discovery import import_all

MIGRATION_LOCK = 7_301_448_122


def migrate(connection: Connection) -> None:
    """Bring the database to the newest version."""
    context.configure(
        connection=connection, target_metadata=SQLModel.metadata, compare_type=True
    )
    with context.begin_transaction():
        # PostgreSQL's own settings, or a pooler's, may have a limit.
        connection.execute(text("set local statement_timeout = 0"))
        connection.execute(text(f"select pg_advisory_xact_lock({MIGRATION_LOCK})"))
        context.run_migrations()


async def connect_and_migrate() -> None:
    """Migrate the settings' database."""
    settings = settings_or_exit(needs_all=False)
    database = Database.from_settings(settings, statement_seconds=None)
    try:
        async with database.engine.connect() as connection:
            await connection.run_sync(migrate)
            await connection.commit()
    finally:
        await database.close()


def main() -> None:
    """Migrate, or exit with a line that says why that cannot be."""
    try:
        asyncio.run(connect_and_migrate())
    except AppError as error:
        sys.exit(error.message)
    except Exception as error:
        if was_cut(error):
            sys.exit(
                "The migration was ended before it was done; nothing of it is kept: "
                f"{reason(error)}"
            )
        if not is_outage(error):
            raise
        sys.exit(f"The database cannot be reached: {reason(error)}")


import_all("models")
main()
