"""Running operations for the transports: what each of them gives, and what it gets."""

import asyncio
from copy import copy
from typing import Self, cast

from graphql import OperationType
from strawberry.utils.await_maybe import await_maybe

from core.container import Container
from core.security import Caller
from resolvers.counting import (
    LEFT,
    OK,
    REFUSED,
    OperationCounts,
    Running,
    Transport,
    outcome_of,
)
from resolvers.execution.documents import Prepared, prepare
from resolvers.execution.encoding import encoded, encoded_errors
from resolvers.execution.executor import execute, failure, source
from resolvers.execution.request import OperationRequest, Refused
from resolvers.sink import Sink
from resolvers.subscriptions.member import Member, fail
from resolvers.subscriptions.sharing import SharedExecutions
from resolvers.subscriptions.source import EventSource
from schema.context import Context

__all__ = ["Operation", "OperationRequest", "Operations", "Sink", "encoded_errors"]


class Operation:
    """One that runs: a task while it begins, or is a query or a mutation."""

    __slots__ = ("_member", "_running", "_task")

    def __init__(self, running: Running | None = None) -> None:
        self._running = running
        self._task: asyncio.Task[None] | None = None
        self._member: Member | None = None

    def stop(self) -> None:
        """End it without a word to its sink, as a client that leaves wants it."""
        if self._running is not None:
            self._running.ended(LEFT)
        if self._task is not None:
            self._task.cancel()
        if self._member is not None:
            self._member.stop()

    def run(self, work: "asyncio.Task[None]") -> None:
        """Be a task until it is done."""
        self._task = work
        work.add_done_callback(self._done)

    def follow(self, member: Member) -> None:
        """Be a subscription from now on."""
        self._member = member
        try:
            member.start()
        except BaseException:
            member.stop()
            raise

    def _done(self, _task: "asyncio.Task[None]") -> None:
        self._task = None


class Operations:
    """Runs queries, mutations and subscriptions, each result going to a sink."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._transport = Transport.HTTP
        self.shared = SharedExecutions(container)
        self.counts = OperationCounts()

    def over(self, transport: Transport) -> Self:
        """Return the same operations, counted as those of a transport."""
        found = copy(self)
        found._transport = transport
        return found

    def start(self, request: OperationRequest, caller: Caller, sink: Sink) -> Operation:
        """Run an operation of any kind until it ends or is stopped."""
        running = self.counts.begin(self._transport)
        operation = Operation(running)
        work = self._run(request, caller, sink, operation, running)
        operation.run(asyncio.create_task(work))
        return operation

    async def _run(
        self,
        request: OperationRequest,
        caller: Caller,
        sink: Sink,
        operation: Operation,
        running: Running,
    ) -> None:
        try:
            prepared = prepare(request)
        except Refused as refused:
            running.ended(REFUSED)
            sink.error(encoded_errors(refused.errors))
            return
        running.kind = prepared.kind
        context = Context(caller, self._container)
        context.resume_after = request.resume_after
        try:
            if prepared.kind is OperationType.SUBSCRIPTION:
                member = await self._subscribe(prepared, context, sink, running)
                operation.follow(member)
            else:
                await _answer(prepared, context, sink, running)
        except Exception as error:
            if prepared.kind is OperationType.SUBSCRIPTION:
                fail(sink, error, running)
            else:
                shown = [failure(error)]
                running.ended(outcome_of(shown))
                sink.error(encoded_errors(shown))

    async def _subscribe(
        self, prepared: Prepared, context: Context, sink: Sink, running: Running
    ) -> Member:
        found = await source(prepared, context)
        events = cast("EventSource[object, object]", found)
        membership = self.shared.join(prepared, context.caller, events.show)
        try:
            return Member(events, membership, sink, running)
        except BaseException:
            membership.leave()
            raise


async def _answer(
    prepared: Prepared, context: Context, sink: Sink, running: Running
) -> None:
    result = await await_maybe(execute(prepared, context))
    written = encoded(result)
    running.ended(outcome_of(result.errors))
    sink.opened()
    while not sink.next(written, None):
        await sink.drained()
    sink.complete()
