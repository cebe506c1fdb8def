"""A response that is one operation's stream of results, in whatever format."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.security import Caller
from resolvers.http.connection import Peer, peer_of
from resolvers.http.streams.outgoing import Outgoing, StreamFormat
from resolvers.operations import OperationRequest, Operations

HEARTBEAT_SECONDS: Final = 12.0
# How long an operation that has shown nothing yet may go on when the server stops.
LAST_WORD_SECONDS: Final = 2.0

_HEADERS: Final = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


class StreamResponse(Response):
    """Runs an operation and sends its results as they come.

    The headers go out when the operation was accepted. A client that leaves ends the
    operation. A server that stops breaks the body off, so that no client takes the
    interruption for the operation's end.
    """

    def __init__(
        self,
        operations: Operations,
        request: OperationRequest,
        caller: Caller,
        style: StreamFormat,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._operations = operations
        self._request = request
        self._caller = caller
        self._style = style
        self._heartbeat_seconds = heartbeat_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream to its end, or to the client's."""
        if scope["method"] == "HEAD":
            await self._begin(200, send)
            await send({"type": "http.response.body"})
            return
        outgoing = Outgoing(self._style)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(_watched(receive, outgoing))
            if (peer := peer_of(scope)) is not None:
                peer.hold_nothing()
                breaking = _Breaking(peer, outgoing)
                stack.enter_context(peer.at_shutdown(breaking.begin))
            stack.enter_context(self._beating(outgoing))
            operation = self._operations.start(self._request, self._caller, outgoing)
            stack.callback(operation.stop)
            await self._send(outgoing, send)
            if outgoing.is_broken and peer is not None:
                outgoing.leave()
                peer.cut()

    async def _send(self, outgoing: Outgoing, send: Send) -> None:
        status = await outgoing.status()
        if status is None:
            return
        await self._begin(status, send)
        while (part := await outgoing.take()) is not None:
            await send(
                {
                    "type": "http.response.body",
                    "body": part.body,
                    "more_body": not part.is_last,
                }
            )
            if part.is_last:
                return

    async def _begin(self, status: int, send: Send) -> None:
        if status == 200:
            self.headers["Content-Type"] = self._style.content_type
        headers = self.raw_headers
        start = {"type": "http.response.start", "status": status, "headers": headers}
        await send(start)

    @contextmanager
    def _beating(self, outgoing: Outgoing) -> Iterator[None]:
        """Keep proxies from taking a quiet stream for a dead one."""
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle | None = None

        def wait() -> None:
            nonlocal timer
            timer = loop.call_later(self._heartbeat_seconds, beat)

        def beat() -> None:
            outgoing.beat()
            wait()

        wait()
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()


class _Breaking:
    """Breaks a stream off when the server stops."""

    def __init__(self, peer: Peer, outgoing: Outgoing) -> None:
        self._peer = peer
        self._outgoing = outgoing

    def begin(self) -> None:
        """Break off what goes on; give one that shows nothing yet a moment to end."""
        if self._outgoing.is_open:
            self._break()
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(LAST_WORD_SECONDS, self._break)

    def _break(self) -> None:
        if not self._outgoing.is_over:
            self._outgoing.leave()
            self._peer.cut()


@asynccontextmanager
async def _watched(receive: Receive, outgoing: Outgoing) -> AsyncIterator[None]:
    """Tell a stream when its client has gone; see a connection that was cut to its end.

    uvicorn complains of a response that stops short while it still has a client.
    """

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        outgoing.leave()

    task = asyncio.create_task(watch())
    try:
        yield
        if outgoing.has_left:
            await task
    finally:
        task.cancel()
