"""Questions to PostgreSQL and NATS that are given up when no answer comes."""

from typing import Any

import asyncpg

SECONDS = 5.0
TROUBLE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


async def ask(url: str, query: str, *arguments: Any, seconds: float = SECONDS) -> Any:
    """Return all rows of a query; one of TROUBLE where PostgreSQL is away."""
    connection = await asyncpg.connect(url, timeout=seconds)
    try:
        return await connection.fetch(query, *arguments, timeout=seconds)
    finally:
        connection.terminate()


async def running_jobs(url: str) -> int:
    """Count the RUNNING jobs."""
    query = "select count(*) from jobs where status = 'RUNNING'"
    return int((await ask(url, query))[0][0])
