"""PostgreSQL for everything that runs on an event loop."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    SQLColumnExpression,
    String,
    any_,
    event,
    literal,
    text,
)
from sqlalchemy.exc import (
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from core.config import Settings
from core.errors import AppError, ErrorCode

type Session = AsyncSession

# A server that says nothing for so long has gone without a word.
STATEMENT_SECONDS: Final = 60.0

# A process that is frozen amid a transaction may not hold its locks for much longer than
# its leases.
_SESSION: Final = {"idle_in_transaction_session_timeout": "15s"}


def async_url(url: str) -> str:
    """Return `url` with asyncpg named as its driver."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise AppError(
            ErrorCode.INVALID, "ONEMANAGE_DATABASE_URL must begin with postgresql://"
        )
    return f"postgresql+asyncpg://{rest}"


def is_outage(error: BaseException | None) -> bool:
    """Tell whether PostgreSQL was away, so that the same may succeed later."""
    while error is not None:
        if isinstance(error, OSError | TimeoutError | PoolTimeout):
            return True
        if isinstance(error, OperationalError | InterfaceError):
            return True
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            return True
        error = error.__cause__
    return False


def among(
    column: SQLColumnExpression[Any], values: Sequence[Any], kind: type[Any] = String
) -> ColumnElement[bool]:
    """Return the condition that a column holds one of `values`, however many.

    One array is one parameter; PostgreSQL's protocol takes 32,767 of them.
    """
    return column == any_(literal(list(values), ARRAY(kind)))


def _discard_if_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Have the pool connect anew where the server has gone: asyncpg hears of it.

    A ping would cost every transaction a round trip.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


class Database:
    """A pool of connections; each transaction is one unit of work."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.engine = create_async_engine(
            async_url(url),
            pool_size=pool_size,
            max_overflow=0,
            connect_args={
                "server_settings": _SESSION,
                "command_timeout": STATEMENT_SECONDS,
            },
            json_serializer=lambda value: msgspec.json.encode(value).decode(),
            json_deserializer=msgspec.json.decode,
        )
        event.listen(self.engine.sync_engine, "checkout", _discard_if_closed)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        by_itself = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._by_itself = async_sessionmaker(by_itself, expire_on_commit=False)

    @classmethod
    def from_settings(cls, settings: Settings) -> "Database":
        """Connect to the settings' database; AppError where none is named."""
        if not settings.database_url:
            raise AppError(
                ErrorCode.INVALID,
                "No database: set ONEMANAGE_DATABASE_URL, or start everything "
                "with 'make run'",
            )
        return cls(settings.database_url, pool_size=settings.database_pool_size)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """Open a session that is committed at the end, or rolled back on an error."""
        async with self._sessions.begin() as session:
            yield session

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[Session]:
        """Open a session in which each statement is a transaction of its own.

        It saves the round trips that begin and commit one around a single statement.
        """
        async with self._by_itself() as session:
            yield session

    async def check(self) -> None:
        """Raise where PostgreSQL does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(text("select 1"))

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
