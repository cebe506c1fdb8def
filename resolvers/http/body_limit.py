"""A bound on the size of a request's body, before it is held in memory."""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import ErrorCode, error_body


class _TooLarge(Exception):
    """More bytes came than are allowed."""


class BodyLimit:
    """Answer 413 to a request of more than `most` bytes, announced or not."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request within the bound."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check_announced(scope)
            await self._app(scope, self._counted(receive), send)
        except _TooLarge:
            body = error_body(
                ErrorCode.TOO_LARGE, f"A request may have {self._most} bytes."
            )
            await JSONResponse(body, 413)(scope, receive, send)

    def _check_announced(self, scope: Scope) -> None:
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > self._most:
            raise _TooLarge

    def _counted(self, receive: Receive) -> Receive:
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._most:
                raise _TooLarge
            return message

        return counted
