"""The ASGI endpoint of GraphQL over WebSocket."""

from typing import Final, cast

from loguru import logger
from starlette.types import Receive, Scope, Send

from core.config import Settings
from core.container import Container
from features.users.services import UsersService
from resolvers.counting import Transport
from resolvers.operations import Operations
from resolvers.places import Places
from resolvers.websocket.channel import Channel, PlainChannel
from resolvers.websocket.codes import CloseCode
from resolvers.websocket.connection import Connection
from resolvers.websocket.sweep import Sweep
from resolvers.websocket.uvicorn_protocol import EXTENSION

SUBPROTOCOL: Final = "graphql-transport-ws"


class GraphQLWebSocket:
    """Serves each WebSocket from its handshake to its end."""

    def __init__(
        self, container: Container, operations: Operations, places: Places
    ) -> None:
        self._container = container
        self._operations = operations.over(Transport.WEBSOCKET)
        # How many there have been.
        self.accepted = 0
        self._places = places
        self._sweep = Sweep()
        self._has_warned = False

    @property
    def open(self) -> int:
        """How many there are now."""
        return len(self._sweep)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket."""
        await receive()
        is_known = SUBPROTOCOL in scope["subprotocols"]
        chosen = SUBPROTOCOL if is_known else None
        try:
            await send({"type": "websocket.accept", "subprotocol": chosen})
        except OSError:
            return  # it has gone already
        self.accepted += 1
        channel = self._channel(scope, send)
        connection = self._connection(channel)
        if not is_known:
            connection.close(CloseCode.SUBPROTOCOL, "Subprotocol not acceptable")
        try:
            with self._sweep.including(connection):
                await _serve(receive, channel, connection)
        finally:
            connection.end()

    def _channel(self, scope: Scope, send: Send) -> Channel:
        if (channel := scope["extensions"].get(EXTENSION)) is not None:
            return cast(Channel, channel)
        if not self._has_warned:
            self._has_warned = True
            logger.warning(
                "The server cannot abort WebSockets that take nothing, and writes "
                "slowly: start uvicorn with --ws resolvers.websocket.uvicorn_protocol"
                ":GraphQLWebSocketProtocol"
            )
        return PlainChannel(send)

    def _connection(self, channel: Channel) -> Connection:
        return Connection(
            channel,
            self._operations,
            self._container.get(UsersService),
            self._places,
            self._container.get(Settings),
        )


async def _serve(receive: Receive, channel: Channel, connection: Connection) -> None:
    while (event := await receive())["type"] == "websocket.receive":
        connection.hear(event.get("text"))
        if channel.is_full:
            # Who does not read is not read from: answers would pile up.
            await channel.drained()
