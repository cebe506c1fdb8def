"""Running operations for the transports: what each of them gives, and what it gets."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import AsyncExitStack, aclosing
from typing import Protocol

from graphql import ExecutionResult, OperationType
from strawberry.utils.await_maybe import await_maybe

from core.container import Container
from core.security import Caller
from resolvers.execution.documents import Prepared, prepare
from resolvers.execution.encoding import encoded, encoded_errors
from resolvers.execution.executor import execute, failure, source
from resolvers.execution.request import OperationRequest, Refused
from schema.context import Context

__all__ = ["Operation", "OperationRequest", "Operations", "Sink", "encoded_errors"]


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
        try:
            prepared = prepare(request)
        except Refused as refused:
            sink.error(encoded_errors(refused.errors))
            return
        try:
            async with aclosing(_results(prepared, context)) as results:
                await _send(results, sink)
        except Exception as error:
            sink.error(encoded_errors([failure(error)]))
        else:
            sink.complete()


async def _results(
    prepared: Prepared, context: Context
) -> AsyncGenerator[ExecutionResult, None]:
    if prepared.kind is not OperationType.SUBSCRIPTION:
        yield await await_maybe(execute(prepared, context))
        return
    events = await source(prepared, context)
    async with AsyncExitStack() as stack:
        if isinstance(events, AsyncGenerator):
            await stack.enter_async_context(aclosing(events))
        async for event in events:
            context.forget_loaded()
            yield await await_maybe(execute(prepared, context, event))


async def _send(results: AsyncIterable[ExecutionResult], sink: Sink) -> None:
    is_open = False
    async for result in results:
        if not is_open:
            is_open = True
            sink.opened()
        body = encoded(result)
        while not sink.next(body, None):
            await sink.drained()
