"""Which stream a request's Accept header asks for."""

from collections.abc import Callable
from typing import Final

from graphql import OperationType
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.config import Settings
from core.container import Container
from core.errors import ErrorCode
from core.security import Caller
from resolvers.counting import Transport
from resolvers.execution.documents import prepare
from resolvers.execution.request import Refused
from resolvers.http.accept import EVENT_STREAM, MULTIPART, parameters_of
from resolvers.http.streams.event_stream import event_stream
from resolvers.http.streams.multipart import (
    multipart_incremental,
    multipart_subscription,
)
from resolvers.http.streams.refusal import refusal
from resolvers.http.streams.streaming import StreamResponse
from resolvers.operations import OperationRequest, Operations
from resolvers.places import Places

type MakeStream = Callable[[Operations, OperationRequest, Caller, Request], Response]

# The version that Apollo's clients name, whose parts are `{"payload": ...}`.
_SUBSCRIPTION_SPEC: Final = "1.0"
_TRANSPORTS: Final = {EVENT_STREAM: Transport.SSE, MULTIPART: Transport.MULTIPART}


class OperationStreams:
    """Answers operations with streams of results; the endpoint has chosen to.

    A subscription's stream takes one of its user's places, as a WebSocket does.
    """

    def __init__(
        self, container: Container, operations: Operations, places: Places
    ) -> None:
        self._container = container
        self._places = places
        self._operations = {
            media_type: operations.over(transport)
            for media_type, transport in _TRANSPORTS.items()
        }

    async def __call__(
        self,
        request: OperationRequest,
        caller: Caller,
        media_type: str,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Run an operation of any kind and write the whole response."""
        http = Request(scope)
        make = stream_maker(media_type, http.headers)
        operations = self._operations[media_type]
        response = make(operations, request, caller, http)
        if not _is_lasting(response, request, http.method):
            await response(scope, receive, send)
            return
        most = self._container.get(Settings).connections_per_user
        if not self._places.take(caller.user_id, most):
            operations.counts.refused(_TRANSPORTS[media_type])
            await _too_many(most)(scope, receive, send)
            return
        try:
            await response(scope, receive, send)
        finally:
            self._places.leave(caller.user_id)


def _is_lasting(response: Response, request: OperationRequest, method: str) -> bool:
    """Tell whether it is a subscription's stream: all else has one result, and ends."""
    if method == "HEAD" or not isinstance(response, StreamResponse):
        return False
    try:
        return prepare(request).kind is OperationType.SUBSCRIPTION
    except Refused:
        return False


def _too_many(most: int) -> Response:
    return refusal(
        429,
        ErrorCode.LIMIT_EXCEEDED,
        f"At most {most} connections of one user may be open, WebSockets and streams "
        "over HTTP together. End one, or run several operations on one WebSocket.",
    )


def stream_maker(media_type: str, headers: Headers) -> MakeStream:
    """Return what makes a stream of this media type as the client wants to read it."""
    if media_type == EVENT_STREAM:
        return event_stream
    for one in headers.get("accept", "").split(","):
        name, parameters = parameters_of(one)
        if name == MULTIPART:
            version = parameters.get("subscriptionspec")
            if version == _SUBSCRIPTION_SPEC:
                return multipart_subscription
    return multipart_incremental
