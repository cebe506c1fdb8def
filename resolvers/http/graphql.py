"""GraphQL over HTTP, to the letter of its specification, `SHOULD` included."""

from time import perf_counter
from typing import Final, NamedTuple, Protocol, Self

from graphql import ExecutionResult, GraphQLError, OperationType
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from core.container import Container
from core.security import Caller
from features.users.services import UsersService
from resolvers.counting import OperationCounts, Transport, outcome_of
from resolvers.execution.documents import prepare
from resolvers.execution.encoding import encoded, encoded_errors
from resolvers.execution.executor import execute
from resolvers.execution.request import KindRefused, OperationRequest, Refused
from resolvers.http.accept import GRAPHQL_RESPONSE, JSON, Accepted, accepted
from resolvers.http.graphiql import graphiql_page
from resolvers.http.parameters import BadRequest, check_content, from_body, from_url
from schema.context import Context

_READING: Final = ("GET", "HEAD")
_NOT_CHANGING: Final = frozenset({OperationType.QUERY, OperationType.SUBSCRIPTION})
_KINDS: Final = {
    "GET": _NOT_CHANGING,
    "HEAD": _NOT_CHANGING,
    "POST": frozenset(OperationType),
}
_FIXED_HEADERS: Final = {
    media_type: (
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"vary", b"accept"),
        (b"x-content-type-options", b"nosniff"),
    )
    for media_type in (GRAPHQL_RESPONSE, JSON)
}
_NOT_ACCEPTABLE: Final = (
    f"Accept `{GRAPHQL_RESPONSE}` or `{JSON}`; "
    "for a subscription, `text/event-stream` or `multipart/mixed`."
)
_NOT_A_STREAM: Final = (
    "A subscription's results come as a stream: send `Accept: text/event-stream` or "
    "`Accept: multipart/mixed`, or use a WebSocket with graphql-transport-ws."
)


class Streams(Protocol):
    """Answers an operation with a stream of results, in the media type given."""

    async def __call__(
        self,
        request: OperationRequest,
        caller: Caller,
        media_type: str,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Run an operation of any kind and write the whole response.

        The request may still be refused by `prepare`; by GET it is no mutation. The
        body has been received: the next message of `receive` is `http.disconnect`.
        """


class GraphQLEndpoint:
    """The ASGI app at `/graphql`.

    It writes single answers itself. Where a client accepts nothing but a stream, or
    asks for a subscription and accepts one as well, `streams` writes the response.
    """

    def __init__(self, container: Container, streams: Streams | None = None) -> None:
        self._container = container
        self._streams = streams
        self.counts = OperationCounts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = _Headers.of(scope)
        if scope["method"] in _READING and "text/html" in headers.accept:
            await graphiql_page()(scope, receive, send)
            return
        wanted = accepted(headers.accept)
        if self._streams is None:
            wanted = Accepted(wanted.single, None)
        try:
            request = await _read(scope, headers, wanted, receive)
            answer = await self._answer(request, scope["method"], wanted)
        except BadRequest as bad:
            self.counts.refused(Transport.HTTP)
            answer = _refusal(bad, wanted.single or JSON)
        except ClientDisconnect:
            return
        if answer is not None:
            await answer.send(send)
            return
        assert self._streams is not None and wanted.stream is not None
        caller = self._caller()
        await self._streams(request, caller, wanted.stream, scope, receive, send)

    async def _answer(
        self, request: OperationRequest, method: str, wanted: Accepted
    ) -> "_Answer | None":
        """Run an operation that has one answer; None: it is to be streamed."""
        single, began = wanted.single, perf_counter()
        try:
            prepared = prepare(request, _KINDS[method])
        except KindRefused as refused:
            message = f"Send a {refused.kind.value} by POST."
            raise BadRequest(405, message, allow="POST") from None
        except Refused as refused:
            if single is None:
                return None
            self.counts.refused(Transport.HTTP)
            return _refused(refused, single)
        is_subscription = prepared.kind is OperationType.SUBSCRIPTION
        if single is None or (is_subscription and wanted.stream is not None):
            return None
        if is_subscription:
            raise BadRequest(406, _NOT_A_STREAM)
        result = execute(prepared, Context(self._caller(), self._container))
        if not isinstance(result, ExecutionResult):
            result = await result
        body, seconds = encoded(result), perf_counter() - began
        outcome = outcome_of(result.errors)
        self.counts.finished(prepared.kind, Transport.HTTP, outcome, seconds)
        return _Answer(200, single, body)

    def _caller(self) -> Caller:
        return self._container.get(UsersService).local_caller()


class _Headers(NamedTuple):
    """The headers of a request that matter here."""

    accept: str
    content_type: str
    content_encoding: str

    @classmethod
    def of(cls, scope: Scope) -> Self:
        found = {b"accept": "", b"content-type": "", b"content-encoding": ""}
        for name, value in scope["headers"]:
            if name in found:
                before = found[name]
                text = value.decode("latin-1")
                found[name] = f"{before},{text}" if before else text
        return cls(*found.values())


class _Answer(NamedTuple):
    """One whole response."""

    status: int
    media_type: str
    body: bytes
    allow: str | None = None

    async def send(self, send: Send) -> None:
        headers = [*_FIXED_HEADERS[self.media_type]]
        headers.append((b"content-length", str(len(self.body)).encode()))
        if self.allow is not None:
            headers.append((b"allow", self.allow.encode()))
        start = {"type": "http.response.start", "status": self.status}
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


async def _read(
    scope: Scope, headers: _Headers, wanted: Accepted, receive: Receive
) -> OperationRequest:
    """Read what a request asks for, once it is clear that it can be answered."""
    if scope["method"] not in _KINDS:
        raise BadRequest(405, "Send GraphQL by GET or POST.", allow="GET, POST")
    if wanted.single is None and wanted.stream is None:
        raise BadRequest(406, _NOT_ACCEPTABLE)
    if scope["method"] in _READING:
        return from_url(scope["query_string"])
    check_content(headers.content_type, headers.content_encoding)
    return from_body(await _body(receive))


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _refused(refused: Refused, media_type: str) -> _Answer:
    """Answer a well-formed request of which nothing ran, as its media type wants it."""
    status = 200 if media_type == JSON else 400
    body = b'{"errors":' + encoded_errors(refused.errors) + b"}"
    return _Answer(status, media_type, body)


def _refusal(bad: BadRequest, media_type: str) -> _Answer:
    body = b'{"errors":' + encoded_errors([GraphQLError(bad.message)]) + b"}"
    return _Answer(bad.status, media_type, body, bad.allow)
