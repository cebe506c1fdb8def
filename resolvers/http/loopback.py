"""A guard: without access control, only this machine's own programs are served.

A page of another site that a browser on this machine shows must not reach the API
either: neither by a name that it makes point here (the Host header tells), nor by a
request of its own (the Origin header tells).
"""

import re
from functools import lru_cache
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from core.config import is_loopback
from core.errors import ErrorCode, error_body

_SERVED: Final = ("http", "websocket")
# A name or an IPv4 address, or an IPv6 address in brackets; and a port.
_AUTHORITY: Final = re.compile(
    r"(?P<host>[a-z0-9.]+|\[[0-9a-f]*:[0-9a-f:]*\])(:(?P<port>[0-9]{1,5}))?",
    re.I | re.A,
)
_MAX_PORT: Final = 65535


class LoopbackOnly:
    """Refuse what does not come from this machine, to this machine, by its own name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or answer 403."""
        if scope["type"] not in _SERVED or _is_local(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4403})
        else:
            body = error_body(
                ErrorCode.FORBIDDEN,
                "Until access control is configured, OneManage serves 127.0.0.1, ::1 "
                "and localhost only.",
            )
            await JSONResponse(body, 403)(scope, receive, send)


def _is_local(scope: Scope) -> bool:
    server = scope.get("server")
    if server is not None and server[1] is not None and not is_loopback(server[0]):
        return False
    headers = Headers(scope=scope)
    hosts, origins = headers.getlist("host"), headers.getlist("origin")
    if len(hosts) != 1 or len(origins) > 1 or not _names_loopback(hosts[0]):
        return False
    if headers.get("sec-fetch-site") == "cross-site":
        return headers.get("sec-fetch-mode") == "navigate"  # a link to a page
    return all(_is_of_loopback(origin) for origin in origins)


def _is_of_loopback(origin: str) -> bool:
    scheme, _, authority = origin.partition("://")
    return scheme in ("http", "https") and _names_loopback(authority)


@lru_cache(maxsize=16)
def _names_loopback(authority: str) -> bool:
    """Tell whether a host and its port are this machine's, in no other words.

    Strictly: what one reader takes for loopback, another might not.
    """
    found = _AUTHORITY.fullmatch(authority)
    if found is None or not 0 < int(found["port"] or 80) <= _MAX_PORT:
        return False
    return is_loopback(found["host"].lower())
