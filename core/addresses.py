"""Addresses in the settings: refused in words, and never quoted, as they hold passwords."""

from typing import Final
from urllib.parse import SplitResult, urlsplit

POSTGRES_EXAMPLE: Final = "postgresql://user:password@host:5432/database"
NATS_EXAMPLE: Final = "nats://user:password@host:4222"
_POSTGRES: Final = ("postgresql", "postgres")
_NATS: Final = ("nats", "tls", "ws", "wss")
_HTTP: Final = ("http", "https")


def checked_postgres_url(value: str) -> str:
    """Return a database's URL, or none; ValueError says what is wanted."""
    parts = _parts(value, POSTGRES_EXAMPLE)
    # A driver may be named behind "+"; without a host it is a socket of this machine.
    if value and parts.scheme.partition("+")[0] not in _POSTGRES:
        raise _refused(POSTGRES_EXAMPLE)
    return value


def checked_nats_urls(value: str) -> str:
    """Return the URLs of NATS, separated by commas; ValueError says what is wanted."""
    for one in filter(None, map(str.strip, value.split(","))):
        parts = _parts(one if "://" in one else f"nats://{one}", NATS_EXAMPLE)
        if parts.scheme not in _NATS or not parts.hostname:
            raise ValueError(
                f"must be URLs such as {NATS_EXAMPLE}, separated by commas"
            )
    return value


def checked_http_url(value: str) -> str:
    """Return a URL of the web, or none; ValueError says what is wanted."""
    example = "https://example.com"
    parts = _parts(value, example)
    if value and (parts.scheme not in _HTTP or not parts.hostname):
        raise _refused(example)
    return value


def _parts(value: str, example: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        _ = parts.port  # ValueError where it is no number
    except ValueError:
        raise _refused(example) from None
    return parts


def _refused(example: str) -> ValueError:
    return ValueError(f"must be a URL such as {example}")
