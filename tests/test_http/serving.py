"""Streams of operations that a test writes itself, served by uvicorn on a free port."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.container import Container
from core.security import Caller
from resolvers.http.accept import accepted
from resolvers.http.connection import HttpConnection
from resolvers.http.streams.negotiation import stream_maker
from resolvers.http.streams.outgoing import StreamFormat
from resolvers.http.streams.streaming import StreamResponse
from resolvers.operations import Operation, OperationRequest, Operations, Sink

CALLER = Caller("user_00000000000070008000000000000001", is_admin=True)
PATIENCE_SECONDS = 20.0

type Script = Callable[[Sink], Awaitable[None]]


class Scripted(Operations):
    """Operations that do what a test says."""

    def __init__(self, script: Script) -> None:
        super().__init__(Container())
        self._script = script
        self.requests: list[OperationRequest] = []
        self.running: set[asyncio.Task[None]] = set()

    def start(self, request: OperationRequest, caller: Caller, sink: Sink) -> Operation:
        """Run the script."""
        assert caller == CALLER
        self.requests.append(request)
        task = asyncio.create_task(self._follow(sink))
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        operation = Operation()
        operation.run(task)
        return operation

    async def _follow(self, sink: Sink) -> None:
        await self._script(sink)

    async def at_most(self, count: int) -> None:
        """Wait until no more operations than these run."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.running) > count:
                await asyncio.wait(self.running, return_when="FIRST_COMPLETED")


class Served:
    """A server of scripted operations."""

    def __init__(self, operations: Scripted, own: uvicorn.Server, port: int) -> None:
        self.operations = operations
        self.port = port
        self.url = f"http://127.0.0.1:{port}/graphql"
        self._own = own
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def paused(self) -> int:
        """Return how many connections have more to write than their peers take."""
        connections = self._own.server_state.connections
        return sum(one.flow.write_paused for one in connections)  # type: ignore[union-attr]

    async def dial(self, accept: str) -> asyncio.StreamReader:
        """Send a GET by hand, and return what the answer is read from."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writers.append(writer)  # one that nobody holds is closed
        writer.write(
            b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Accept: %b\r\n\r\n" % accept.encode()
        )
        await writer.drain()
        return reader

    def ask_to_stop(self) -> None:
        """Do what SIGTERM does."""
        self._own.should_exit = True

    @property
    def connections(self) -> int:
        """Return how many connections are open."""
        return len(self._own.server_state.connections)


async def _large(_request: Request) -> Response:
    """Answer in one piece, larger than all that a kernel keeps for a peer."""
    return Response(bytes(64 * 1024 * 1024))


@asynccontextmanager
async def serving(
    script: Script,
    *,
    stall_seconds: float = 30.0,
    grace_seconds: int = 10,
    style: Callable[[], StreamFormat] | None = None,
    **options: Any,
) -> AsyncIterator[Served]:
    """Serve a script's stream; `style` instead of the one that a request asks for."""
    operations = Scripted(script)

    async def answer(request: Request) -> Response:
        asked = OperationRequest("subscription { x }")
        if style is not None:
            return StreamResponse(operations, asked, CALLER, style(), **options)
        media_type = accepted(request.headers["accept"]).stream
        assert media_type is not None
        make = stream_maker(media_type, request.headers)
        return make(operations, asked, CALLER, request)

    class Connection(HttpConnection):
        pass

    Connection.stall_seconds = stall_seconds
    streams = Route("/graphql", answer, methods=["GET", "POST"])
    app = Starlette(routes=[streams, Route("/large", _large)])
    config = uvicorn.Config(
        app,
        http=Connection,
        log_config=None,
        timeout_graceful_shutdown=grace_seconds,
    )
    own = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        task = asyncio.create_task(own.serve(sockets=[listener]))
        while not own.started:
            assert not task.done(), "the server did not start"
            await asyncio.sleep(0.01)
        yield Served(operations, own, listener.getsockname()[1])
        own.should_exit = True
        async with asyncio.timeout(grace_seconds + PATIENCE_SECONDS):
            await task
