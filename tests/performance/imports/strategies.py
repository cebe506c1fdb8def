"""Ways of writing typed rows into a table without an index, over one connection."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import asyncpg
import polars as pl

from features.data_import.staging_crud import copy
from features.data_import.utils.copying import encode
from tests.performance.imports.table import PLAIN_TABLE, chunks

type Write = Callable[[asyncpg.Connection, pl.DataFrame], Awaitable[None]]

_TYPES: Final = (
    *("text",) * 5,
    *("bigint", "numeric", "numeric"),
    *("text", "text", "timestamptz", "text", "text"),
)


async def binary_copy(connection: asyncpg.Connection, frame: pl.DataFrame) -> None:
    """Write as the import does: encoded by pgpq, sent as one COPY."""

    async def parts() -> AsyncIterator[bytes]:
        for at in range(0, frame.height, 25_000):
            yield encode(frame.slice(at, 25_000))

    await copy(connection, None, "plain", frame.columns, parts())


async def executemany(connection: asyncpg.Connection, frame: pl.DataFrame) -> None:
    """Insert row by row, pipelined."""
    values = ", ".join(f"${at}" for at in range(1, frame.width + 1))
    await connection.executemany(f"insert into plain values ({values})", frame.rows())


async def unnest(connection: asyncpg.Connection, frame: pl.DataFrame) -> None:
    """Insert from arrays, one for each column, 10,000 rows in a statement."""
    arrays = ", ".join(f"${at}::{kind}[]" for at, kind in enumerate(_TYPES, 1))
    statement = f"insert into plain select * from unnest({arrays})"
    for part in frame.iter_slices(10_000):
        await connection.execute(statement, *(column.to_list() for column in part))


WAYS: Final[dict[str, Write]] = {
    "binary COPY": binary_copy,
    "executemany": executemany,
    "INSERT from unnest": unnest,
}


async def seconds(url: str, way: str, rows: int, rounds: int) -> float:
    """Return the best time for `rows` in a transaction of their own."""
    frame = pl.concat(chunks(rows))
    connection = await asyncpg.connect(url, command_timeout=None)
    best = float("inf")
    try:
        for _ in range(rounds):
            await connection.execute("drop table if exists plain")
            await connection.execute(PLAIN_TABLE)
            began = time.perf_counter()
            async with connection.transaction():
                await WAYS[way](connection, frame)
            best = min(best, time.perf_counter() - began)
            written = await connection.fetchval("select count(*) from plain")
            assert written == rows, (way, written)
    finally:
        await connection.execute("drop table if exists plain")
        await connection.close()
    return best
