"""Running operations for the transports: what each of them gives, and what it gets."""

import asyncio
from typing import cast

from graphql import OperationType
from strawberry.utils.await_maybe import await_maybe

from core.container import Container
from core.security import Caller
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

    __slots__ = ("_member", "_task")

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._member: Member | None = None

    def stop(self) -> None:
        """End it without a word to its sink, as a client that leaves wants it."""
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
        member.start()

    def _done(self, _task: "asyncio.Task[None]") -> None:
        self._task = None


class Operations:
    """Runs queries, mutations and subscriptions, each result going to a sink."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._shared = SharedExecutions(container)

    def start(self, request: OperationRequest, caller: Caller, sink: Sink) -> Operation:
        """Run an operation of any kind until it ends or is stopped."""
        operation = Operation()
        work = self._run(request, caller, sink, operation)
        operation.run(asyncio.create_task(work))
        return operation

    async def _run(
        self,
        request: OperationRequest,
        caller: Caller,
        sink: Sink,
        operation: Operation,
    ) -> None:
        try:
            prepared = prepare(request)
        except Refused as refused:
            sink.error(encoded_errors(refused.errors))
            return
        context = Context(caller, self._container)
        context.resume_after = request.resume_after
        try:
            if prepared.kind is OperationType.SUBSCRIPTION:
                member = await self._subscribe(prepared, context, sink)
                operation.follow(member)
            else:
                await _answer(prepared, context, sink)
        except Exception as error:
            if prepared.kind is OperationType.SUBSCRIPTION:
                fail(sink, error)
            else:
                sink.error(encoded_errors([failure(error)]))

    async def _subscribe(
        self, prepared: Prepared, context: Context, sink: Sink
    ) -> Member:
        found = await source(prepared, context)
        events = cast("EventSource[object, object]", found)
        membership = self._shared.join(prepared, context.caller)
        return Member(events, membership, sink)


async def _answer(prepared: Prepared, context: Context, sink: Sink) -> None:
    result = encoded(await await_maybe(execute(prepared, context)))
    sink.opened()
    while not sink.next(result, None):
        await sink.drained()
    sink.complete()
