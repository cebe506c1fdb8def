"""The connection to NATS, and what every process expects of it."""

from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

import nats.errors
from loguru import logger
from nats.aio.client import Client

from core.config import Settings
from core.errors import AppError, ErrorCode

WAKE_RELAY: Final = "onemanage.wake.relay"


CONNECTION_OPTIONS: Final[dict[str, Any]] = {
    "max_reconnect_attempts": -1,
    "reconnect_time_wait": 0.25,
    "connect_timeout": 2,
    "ping_interval": 5,
    "max_outstanding_pings": 2,
}


def servers(settings: Settings) -> list[str]:
    """Return the addresses of NATS; AppError where none is set."""
    addresses = [one.strip() for one in settings.nats_url.split(",") if one.strip()]
    if not addresses:
        raise AppError(
            ErrorCode.INVALID,
            "No NATS: set ONEMANAGE_NATS_URL, or start everything with 'make run'",
        )
    return addresses


def connection_options(settings: Settings) -> dict[str, Any]:
    """Return what every connection is made with, beside the servers.

    A cluster's nodes tell of one another without a password: what all addresses have
    in common is given apart from them.
    """
    parts = [urlsplit(address) for address in servers(settings)]
    logins = {(part.username, part.password) for part in parts}
    user, password = logins.pop() if len(logins) == 1 else (None, None)
    if user is None:
        return CONNECTION_OPTIONS
    if password is None:
        return CONNECTION_OPTIONS | {"token": user}
    return CONNECTION_OPTIONS | {"user": user, "password": password}


def callbacks(client: Client) -> dict[str, Any]:
    """Return what tells of a connection's troubles in the log, a line for each."""
    told: set[str] = set()

    async def on_error(error: Exception) -> None:
        """Tell each problem once before the first connection, then while connected."""
        text = f"{error!r}"
        if client.is_connected or text not in told:
            logger.warning("NATS: {}", text)
        told.add(text)

    async def on_disconnected() -> None:
        if not client.is_closed:
            logger.warning("NATS is gone; reconnecting")

    async def on_reconnected() -> None:
        told.clear()
        logger.info("NATS is back")

    return {
        "error_cb": on_error,
        "disconnected_cb": on_disconnected,
        "reconnected_cb": on_reconnected,
    }


async def connect(settings: Settings, name: str) -> Client:
    """Connect to NATS and stay connected: reconnecting goes on without an end.

    `name` appears in the server's list of connections. AppError where no URL is set.
    """
    client = Client()
    await client.connect(
        servers(settings),
        name=name,
        **callbacks(client),
        **connection_options(settings),
    )
    return client


class RelayWaker:
    """Tells the relay by core NATS that the outbox has something new."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def __call__(self) -> None:
        """Wake the relay; where NATS is away, its own poll finds the rows later.

        Never fails: what it tells of has been committed.
        """
        if self._client.is_connected:
            with suppress(nats.errors.Error, OSError):
                await self._client.publish(WAKE_RELAY, b"")
