"""PostgreSQL for everything that runs on an event loop."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
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
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from core.config import Settings
from core.errors import AppError, ErrorCode
from core.outages import outages

type Session = AsyncSession

# A server that says nothing for so long has gone without a word. Workers have time;
# somebody waits for the gateway's answer.
STATEMENT_SECONDS: Final = 60.0
GATEWAY_STATEMENT_SECONDS: Final = 20.0
# How long a unit of work may wait for a connection of the pool, or for a new one.
CONNECTION_SECONDS: Final = 30.0
GATEWAY_CONNECTION_SECONDS: Final = 10.0
# The server ends a statement by itself before it is taken for frozen.
_SERVER_SHARE: Final = 0.9
CLOSE_SECONDS: Final = 1.0

# A process that is frozen amid a transaction may not hold its locks for much longer than
# its leases.
_SESSION: Final = {
    "idle_in_transaction_session_timeout": "15s",
    # A host that was lost is noticed within a minute.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}


def async_url(url: str) -> str:
    """Return `url` with asyncpg named as its driver."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise AppError(
            ErrorCode.INVALID, "ONEMANAGE_DATABASE_URL must begin with postgresql://"
        )
    return f"postgresql+asyncpg://{rest}"


def among(
    column: SQLColumnExpression[Any], values: Sequence[Any], kind: type[Any] = String
) -> ColumnElement[bool]:
    """Return the condition that a column holds one of `values`, however many.

    One array is one parameter; PostgreSQL's protocol takes 32,767 of them.
    """
    return column == any_(literal(list(values), ARRAY(kind)))


def _session(statement_seconds: float | None) -> dict[str, str]:
    if statement_seconds is None:
        return _SESSION
    milliseconds = statement_seconds * _SERVER_SHARE * 1000
    return _SESSION | {"statement_timeout": f"{milliseconds:.0f}ms"}


def _discard_if_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Have the pool connect anew where the server has gone: asyncpg hears of it.

    A ping would cost every transaction a round trip.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _give_up_if_silent(context: ExceptionContext) -> None:
    """Drop a connection whose server said nothing in time, with the rest of the pool.

    Else a rollback would wait on it as long again.
    """
    if not isinstance(context.original_exception, TimeoutError):
        return
    context.is_disconnect = True
    if context.connection is not None and not context.connection.invalidated:
        driver: Any = context.connection.connection.driver_connection
        driver.terminate()


class Database:
    """A pool of connections; each transaction is one unit of work.

    A statement may take `statement_seconds`, the wait for a connection
    `connection_seconds`; what takes longer is an outage. None sets statements no limit.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        statement_seconds: float | None = STATEMENT_SECONDS,
        connection_seconds: float = CONNECTION_SECONDS,
    ) -> None:
        self.engine = create_async_engine(
            async_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=connection_seconds,
            connect_args={
                "server_settings": _session(statement_seconds),
                "command_timeout": statement_seconds,
                "timeout": connection_seconds,
            },
            json_serializer=lambda value: msgspec.json.encode(value).decode(),
            json_deserializer=msgspec.json.decode,
        )
        event.listen(self.engine.sync_engine, "checkout", _discard_if_closed)
        event.listen(self.engine.sync_engine, "handle_error", _give_up_if_silent)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        by_itself = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._by_itself = async_sessionmaker(by_itself, expire_on_commit=False)

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        *,
        statement_seconds: float | None = STATEMENT_SECONDS,
        connection_seconds: float = CONNECTION_SECONDS,
    ) -> "Database":
        """Connect to the settings' database; AppError where none is named."""
        if not settings.database_url:
            raise AppError(
                ErrorCode.INVALID,
                "No database: set ONEMANAGE_DATABASE_URL, or start everything "
                "with 'make run'",
            )
        return cls(
            settings.database_url,
            pool_size=settings.database_pool_size,
            statement_seconds=statement_seconds,
            connection_seconds=connection_seconds,
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """Open a session that is committed at the end, or rolled back on an error."""
        async with self._sessions.begin() as session:
            yield session
        outages.answered()

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[Session]:
        """Open a session in which each statement is a transaction of its own.

        It saves the round trips that begin and commit one around a single statement.
        """
        async with self._by_itself() as session:
            yield session
        outages.answered()

    async def check(self) -> None:
        """Raise where PostgreSQL does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(text("select 1"))

    async def close(self) -> None:
        """Close all connections; a server that does not answer is not waited for."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.engine.dispose()
