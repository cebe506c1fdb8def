"""Outages: what is one, and what the log tells of it, a line for each place."""

import errno
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Final

import asyncpg
from loguru import logger
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.base import new_id
from core.errors import AppError, ErrorCode

OUT_OF_REACH: Final = (
    "A server that this needs is out of reach just now; try again in a moment."
)

# Connection exceptions, insufficient resources, operator intervention (shutting down,
# starting up), and a statement that took longer than it may.
_SQLSTATES: Final = ("08", "53", "57P", "57014")
# A statement that was ended by a limit or on request, and one by `lock_timeout`.
_CUT: Final = frozenset({"57014", "55P03"})
# Of the network; files and bugs of ours have others.
_ERRNOS: Final = frozenset(
    {
        errno.EADDRNOTAVAIL,
        errno.ECONNABORTED,
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.ENETRESET,
        errno.ENETUNREACH,
        errno.ENOTCONN,
        errno.EPIPE,
        errno.ESHUTDOWN,
        errno.ETIMEDOUT,
    }
)
_OF_NETWORK: Final = (
    ConnectionError,
    TimeoutError,
    socket.gaierror,
    socket.herror,
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
)
# What event loops say, with no errno, of a name with several addresses, or with none.
_SAID: Final = ("Multiple exceptions: ", "getaddrinfo() returned empty list")
_CLOSED: Final = "connection is closed"
# Successes amid failures are no end of an outage until it has been quiet for so long.
QUIET_SECONDS: Final = 5.0


class Outage(Exception):
    """What several wait for is out of reach; the cause is what one of them met."""


def is_outage(error: BaseException | None) -> bool:
    """Tell whether a server was away or silent, so that the same may succeed later."""
    return any(map(_is_one, _causes(error)))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, AppError):
            return  # it says what it is, whatever led to it
        error = error.__cause__


def _is_one(error: BaseException) -> bool:
    if isinstance(error, AppError):
        return error.code is ErrorCode.STORAGE_UNAVAILABLE
    if isinstance(error, Outage | PoolTimeout):
        return True
    if isinstance(error, OSError):
        return _is_of_network(error)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, InterfaceError | asyncpg.InterfaceError):
        return _CLOSED in str(error)  # others are of what was asked
    return str(getattr(error, "sqlstate", "")).startswith(_SQLSTATES)


def _is_of_network(error: OSError) -> bool:
    if isinstance(error, _OF_NETWORK):
        return True
    if error.errno is None:
        return str(error).startswith(_SAID)
    if error.errno == errno.ENOENT:
        return error.filename is None  # a UNIX socket's; a file's error names it
    return error.errno in _ERRNOS


def was_cut(error: BaseException) -> bool:
    """Tell whether PostgreSQL ended a statement: by a limit of time, or on request."""
    return any(getattr(one, "sqlstate", None) in _CUT for one in _causes(error))


def reason(error: BaseException) -> str:
    """Return what is at the bottom of an outage, in one line."""
    *_, cause = _causes(error)
    said = str(cause).partition("\n")[0]
    return f"{type(cause).__name__}: {said}" if said else type(cause).__name__


class Outages:
    """This process' outages, each an episode with an id that callers are shown."""

    def __init__(self) -> None:
        self._id = ""
        self._places: set[str] = set()
        self._last = 0.0
        self._has_answered = True

    def met(self, place: str, error: BaseException) -> str:
        """Log an outage, once for each episode and place; return the episode's id."""
        now = time.monotonic()
        if self._has_answered and now - self._last > QUIET_SECONDS:
            self._id = new_id("event")
            self._places.clear()
        self._has_answered = False
        self._last = now
        if place not in self._places:
            self._places.add(place)
            logger.error("{} out of reach, {}: {}", self._id, place, reason(error))
        return self._id

    def answered(self) -> None:
        """Hear that PostgreSQL has answered."""
        self._has_answered = True


# One for a process, as its log is.
outages: Final = Outages()
