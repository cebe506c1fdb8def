"""Migrated databases on the session's PostgreSQL server."""

import os
import subprocess
import sys
from pathlib import Path

import asyncpg

ROOT = Path(__file__).parent.parent


async def make_migrated(server_url: str, name: str) -> str:
    """Make a database with all migrations applied; return its URL."""
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f'drop database if exists "{name}" with (force)')
        await connection.execute(f'create database "{name}"')
    finally:
        await connection.close()
    url = server_url.rpartition("/")[0] + f"/{name}"
    subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=ROOT,
        env={**os.environ, "ONEMANAGE_DATABASE_URL": url},
        check=True,
    )
    return url


async def empty(url: str) -> None:
    """Delete all rows but the local administrator's."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "truncate outbox, stored_objects, source_files, jobs, dead_letters, "
            "psd_documents, psd_layers, imports, import_previous, orders, datasets "
            "cascade"
        )
        await _drop_datasets(connection)
    finally:
        await connection.close()


async def _drop_datasets(connection: asyncpg.Connection) -> None:
    """Drop the tables that were made from files."""
    tables = await connection.fetch(
        "select tablename from pg_tables where schemaname = 'datasets'"
    )
    for table in tables:
        await connection.execute(f'drop table datasets."{table["tablename"]}"')
