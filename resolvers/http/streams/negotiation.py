"""Which stream a request's Accept header asks for."""

from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.security import Caller
from resolvers.counting import Transport
from resolvers.http.accept import EVENT_STREAM, MULTIPART, parameters_of
from resolvers.http.streams.event_stream import event_stream
from resolvers.http.streams.multipart import (
    multipart_incremental,
    multipart_subscription,
)
from resolvers.operations import OperationRequest, Operations

type MakeStream = Callable[[Operations, OperationRequest, Caller, Request], Response]

# The version that Apollo's clients name, whose parts are `{"payload": ...}`.
_SUBSCRIPTION_SPEC: Final = "1.0"


class OperationStreams:
    """Answers operations with streams of results; the endpoint has chosen to."""

    def __init__(self, operations: Operations) -> None:
        self._operations = {
            EVENT_STREAM: operations.over(Transport.SSE),
            MULTIPART: operations.over(Transport.MULTIPART),
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
        await response(scope, receive, send)


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
