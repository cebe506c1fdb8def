"""graphql-transport-ws frame by frame, for what a well-behaved client never does."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

PROTOCOL = "graphql-transport-ws"


class Socket:
    """One WebSocket to the gateway."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, message: object) -> None:
        """Send a value as JSON."""
        await self._connection.send(json.dumps(message, ensure_ascii=False))

    async def send_raw(self, frame: str | bytes) -> None:
        """Send a text or binary frame as it is."""
        await self._connection.send(frame)

    async def receive(self) -> Any:
        """Return the next message."""
        return json.loads(await self._connection.recv())

    async def receive_raw(self) -> bytes:
        """Return the next message as its bytes."""
        return await self._connection.recv(decode=False)

    async def init(self) -> None:
        """Open the protocol."""
        await self.send({"type": "connection_init"})
        assert await self.receive() == {"type": "connection_ack"}

    async def subscribe(self, key: str, document: str, **variables: Any) -> None:
        """Start an operation."""
        payload = {"query": document, "variables": variables}
        await self.send({"type": "subscribe", "id": key, "payload": payload})

    def abort(self) -> None:
        """Cut the connection as a broken network would: no farewell."""
        self._connection.transport.abort()

    async def closing(self) -> tuple[int, str]:
        """Read to the end; return the server's close code and reason."""
        try:
            while True:
                await self._connection.recv()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None, closed
            return closed.rcvd.code, closed.rcvd.reason


@asynccontextmanager
async def dial(
    base_url: str, *, protocol: str | None = PROTOCOL, **options: Any
) -> AsyncIterator[Socket]:
    """Connect to the gateway, with or without a subprotocol."""
    url = base_url.replace("http", "ws", 1) + "/graphql"
    protocols = [Subprotocol(protocol)] if protocol is not None else None
    async with connect(url, subprotocols=protocols, **options) as connection:
        yield Socket(connection)
