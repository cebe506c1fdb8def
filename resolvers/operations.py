"""Running operations for the transports: what each of them gives, and what it gets."""

import asyncio
from typing import Any, Final, NamedTuple, Protocol

import msgspec
from graphql import GraphQLError
from loguru import logger
from strawberry.types import ExecutionResult
from strawberry.utils.aio import aclosing

from core.container import Container
from core.security import Caller
from resolvers.errors import error_id, formatted
from resolvers.root import schema
from schema.context import Context

_encoder: Final = msgspec.json.Encoder()


class OperationRequest(NamedTuple):
    """What a client asks for, as GraphQL over HTTP names it."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] | None = None
    # A subscription's cursor to resume behind, which wins over its argument `after`.
    resume_after: str | None = None


class Sink(Protocol):
    """Where one operation's results go: a client's end of a transport.

    All but `drained` return at once. After `error` or `complete` nothing more is sent.
    """

    def opened(self) -> None:
        """Hear that the operation was accepted, before its first result.

        An operation that has nothing to send completes without it.
        """

    def next(self, result: bytes, cursor: str | None) -> bool:
        """Send one execution result, as JSON; False: no room, and nothing was sent.

        `cursor` is the event's, where the result is one.
        """

    def error(self, errors: bytes) -> None:
        """Send what ended the operation: a JSON list of GraphQL errors."""

    def complete(self) -> None:
        """Send that the operation is over."""

    async def drained(self) -> None:
        """Wait for room."""


class Operation:
    """One that runs."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task = task

    def stop(self) -> None:
        """End it without a word to its sink, as a client that leaves wants it."""
        self._task.cancel()


class Operations:
    """Runs queries, mutations and subscriptions, each result going to a sink."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def start(self, request: OperationRequest, caller: Caller, sink: Sink) -> Operation:
        """Run an operation of any kind until it ends or is stopped."""
        return Operation(asyncio.create_task(self._run(request, caller, sink)))

    async def _run(self, request: OperationRequest, caller: Caller, sink: Sink) -> None:
        context = Context(caller, self._container)
        context.resume_after = request.resume_after
        results = await schema.stream(
            request.query,
            variable_values=request.variables,
            context_value=context,
            operation_name=request.operation_name,
        )
        is_open = False
        async with aclosing(results):
            async for result in results:
                if result.data is None and any(e.path is None for e in result.errors):
                    sink.error(encoded_errors(result.errors))
                    return
                if not is_open:
                    is_open = True
                    sink.opened()
                body = _encode(result)
                while not sink.next(body, context.cursor):
                    await sink.drained()
        sink.complete()


def _encode(result: ExecutionResult) -> bytes:
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [formatted(error) for error in result.errors]
    return _encoder.encode(body)


def encoded_errors(errors: list[GraphQLError]) -> bytes:
    """Return errors as a JSON list, as callers see them."""
    return _encoder.encode([formatted(error) for error in errors])
