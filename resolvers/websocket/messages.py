"""What clients send: read, checked, and named."""

import json
from typing import Any, Final, Never

import msgspec
from msgspec import Struct

from resolvers.operations import OperationRequest

NOT_JSON: Final = "WebSocket message must be valid JSON"
NO_MESSAGE: Final = "A message is an object with a type"
NO_ID: Final = "The message's id must be a string that is not empty"
NO_QUERY: Final = "The message's payload must be an object with a query"
NO_INIT_PAYLOAD: Final = "Invalid connection init payload"
UNUSABLE: Final = "The message holds half of a surrogate pair, or an endless number"

_decoder: Final = msgspec.json.Decoder()


class BadMessage(Exception):
    """What the protocol does not know; the text says what, and closes the socket."""


class ConnectionInit(Struct, frozen=True):
    """Open the protocol."""


class Ping(Struct, frozen=True):
    """Answer with a pong that holds the same."""

    payload: dict[str, Any] | None


class Pong(Struct, frozen=True):
    """Nothing is to be done."""


class Subscribe(Struct, frozen=True):
    """Run an operation of any kind."""

    id: str
    request: OperationRequest


class Complete(Struct, frozen=True):
    """Stop an operation."""

    id: str


type Message = ConnectionInit | Ping | Pong | Subscribe | Complete


def parse(text: str) -> Message:
    """Read a message; raises BadMessage."""
    try:
        return _message(_decoder.decode(text))
    except msgspec.DecodeError:
        return _odd_message(text)
    except RecursionError:
        raise BadMessage(NOT_JSON) from None


def _odd_message(text: str) -> Message:
    """Read what is JSON all the same: halves of surrogate pairs, endless numbers."""
    try:
        message = _message(json.loads(text, parse_constant=_refuse))
    except (ValueError, RecursionError):
        raise BadMessage(NOT_JSON) from None
    if not isinstance(message, Subscribe):
        raise BadMessage(UNUSABLE)
    return message


def _refuse(constant: str) -> Never:
    raise ValueError(f"{constant} is no JSON")


def _message(value: Any) -> Message:
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise BadMessage(NO_MESSAGE)
    match value["type"]:
        case "subscribe":
            return Subscribe(_id(value), _request(value.get("payload")))
        case "complete":
            return Complete(_id(value))
        case "ping":
            return Ping(_payload(value, "The ping's payload must be an object"))
        case "pong":
            _payload(value, "The pong's payload must be an object")
            return Pong()
        case "connection_init":
            _payload(value, NO_INIT_PAYLOAD)
            return ConnectionInit()
        case other:
            raise BadMessage(f"Unknown message type: {other}")


def _payload(message: dict[str, Any], problem: str) -> dict[str, Any] | None:
    payload = message.get("payload")
    if not isinstance(payload, dict | None):
        raise BadMessage(problem)
    return payload


def _id(message: dict[str, Any]) -> str:
    found = message.get("id")
    if not isinstance(found, str) or not found:
        raise BadMessage(NO_ID)
    if not _is_text(found):
        raise BadMessage("The message's id holds half of a surrogate pair")
    return found


def _is_text(found: str) -> bool:
    try:
        found.encode()
    except UnicodeEncodeError:
        return False
    return True


def _request(payload: Any) -> OperationRequest:
    if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
        raise BadMessage(NO_QUERY)
    variables, extensions = payload.get("variables"), payload.get("extensions")
    name = payload.get("operationName")
    if not isinstance(variables, dict | None):
        raise BadMessage("The payload's variables must be an object")
    if not isinstance(name, str | None):
        raise BadMessage("The payload's operationName must be a string")
    if not isinstance(extensions, dict | None):
        raise BadMessage("The payload's extensions must be an object")
    return OperationRequest(payload["query"], variables, name, extensions)
