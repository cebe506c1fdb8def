"""A small client of the protocol ``graphql-transport-ws``: one subscription a socket."""

from collections.abc import AsyncGenerator
from typing import Any, Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

Json = dict[str, Any]

PROTOCOL: Final = Subprotocol("graphql-transport-ws")
_ID: Final = "1"
_MAX_MESSAGE_BYTES: Final = 16 * 1024**2
_FATAL_CODES: Final = frozenset({4400, 4401, 4406, 4409, 4429, 4500})


class Dropped(Exception):
    """The socket went away; another may be tried."""


class Refused(Exception):
    """The server will not serve this subscription, however often it is asked."""


async def subscribe(
    url: str, query: str, variables: Json
) -> AsyncGenerator[Json, None]:
    """Yield each result (``{"data": …}``) until the server says complete.

    Raises `Dropped` where the connection is lost, `Refused` where asking again is of
    no use.
    """
    try:
        async with connect(
            url, subprotocols=[PROTOCOL], max_size=_MAX_MESSAGE_BYTES, proxy=None
        ) as socket:
            await _open(socket)
            payload = {"query": query, "variables": variables}
            await _send(socket, {"id": _ID, "type": "subscribe", "payload": payload})
            while (message := await _receive(socket))["type"] != "complete":
                if message["type"] == "next":
                    yield message["payload"]
                elif message["type"] == "error":
                    raise Refused(_first_message(message["payload"]))
    except ConnectionClosed as error:
        code = error.rcvd.code if error.rcvd else None
        if code in _FATAL_CODES:
            raise Refused(f"closed with {code} {error.rcvd}") from error
        raise Dropped(str(error)) from error
    except (OSError, InvalidHandshake) as error:
        raise Dropped(str(error)) from error


async def _open(socket: ClientConnection) -> None:
    if socket.subprotocol != PROTOCOL:
        raise Refused(f"the server does not speak {PROTOCOL}")
    await _send(socket, {"type": "connection_init"})
    while (await _receive(socket))["type"] != "connection_ack":
        pass


async def _receive(socket: ClientConnection) -> Json:
    """Return the next message; pings are answered on the way."""
    while True:
        message: Json = msgspec.json.decode(await socket.recv())
        if message["type"] != "ping":
            return message
        await _send(socket, {"type": "pong"})


async def _send(socket: ClientConnection, message: Json) -> None:
    await socket.send(msgspec.json.encode(message), text=True)


def _first_message(errors: list[Json]) -> str:
    return str(errors[0].get("message")) if errors else "no reason given"
