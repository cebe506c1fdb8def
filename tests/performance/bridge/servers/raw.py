"""The least that a server can do: one ready frame, written to every socket at once.

Over the same uvicorn as the gateway, without GraphQL.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from tests.performance.bridge.frames import server_frame
from tests.performance.bridge.question import next_message, snapshot
from tests.performance.bridge.servers.told import told

PROTOCOL: Final = "tests.performance.bridge.servers.raw:Connection"

_watching: set["Connection"] = set()


class Connection(WebSocketsSansIOProtocol):
    """uvicorn's, which its own application can reach."""

    def handle_connect(self, event: Request) -> None:
        """Hand this connection to the application with the request."""
        super().handle_connect(event)
        self.scope["state"]["connection"] = self


def _broadcast(event: dict[str, Any]) -> None:
    frame = server_frame(next_message(event))
    for connection in _watching:
        connection.transport.write(frame)


async def _serve(socket: WebSocket) -> None:
    connection: Connection = socket.scope["state"]["connection"]
    await socket.accept(subprotocol="graphql-transport-ws")
    await socket.receive_text()
    await socket.send_text('{"type":"connection_ack"}')
    await socket.receive_text()
    await socket.send_text(next_message(snapshot()).decode())
    _watching.add(connection)
    try:
        await socket.receive_text()
    except WebSocketDisconnect:
        pass
    finally:
        _watching.discard(connection)


@asynccontextmanager
async def _lifespan(_app: Starlette) -> AsyncIterator[None]:
    with told(_broadcast):
        yield


app = Starlette(routes=[WebSocketRoute("/graphql", _serve)], lifespan=_lifespan)
