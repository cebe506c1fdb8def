"""A guard: without access control, only this machine's own programs are served.

A page of another site that a browser on this machine shows must not reach the API
either: neither by a name that it makes point here (the Host header tells), nor by a
request of its own (the Origin header tells).
"""

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from core.config import is_loopback
from core.errors import ErrorCode, error_body

_SERVED: Final = ("http", "websocket")


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
    if not is_loopback(_host_of(f"//{headers.get('host', '')}")):
        return False
    if headers.get("sec-fetch-site") == "cross-site":
        return headers.get("sec-fetch-mode") == "navigate"  # a link to a page
    origin = headers.get("origin")
    return origin is None or is_loopback(_host_of(origin))


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
