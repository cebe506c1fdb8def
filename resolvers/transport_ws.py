"""graphql-transport-ws: a context of its own for each operation, errors masked."""

import asyncio
from typing import TYPE_CHECKING, Any, Final, cast

from graphql import GraphQLError
from loguru import logger
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    Message,
    NextMessagePayload,
    SubscribeMessage,
)
from strawberry.types import ExecutionResult
from strawberry.utils.aio import aclosing

from core.errors import AppError, ErrorCode
from resolvers.errors import error_id, formatted
from schema.context import Context

if TYPE_CHECKING:
    from resolvers.view import GraphQLView


# What a WebSocket's closing frame has room for.
MAX_REASON_BYTES: Final = 123


class MaskedOperation(Operation[Context, None]):
    """An operation whose errors are shown as everywhere else."""

    async def send_initial_errors(self, errors: list[GraphQLError]) -> None:
        """Send errors from before the execution."""
        await self.send_operation_message(
            {
                "id": self.id,
                "type": "error",
                "payload": [formatted(error) for error in errors],
            }
        )

    async def send_next(self, execution_result: ExecutionResult) -> None:
        """Send one result, or the error that ended the operation's stream."""
        if _ended_by_error(execution_result):
            await self.send_initial_errors(execution_result.errors or [])
            return
        payload: NextMessagePayload = {"data": execution_result.data}
        if execution_result.errors:
            payload["errors"] = [formatted(e) for e in execution_result.errors]
        if execution_result.extensions:
            payload["extensions"] = execution_result.extensions
        await self.send_operation_message(
            {"id": self.id, "type": "next", "payload": payload}
        )


class TransportWSHandler(BaseGraphQLTransportWSHandler[Context, None]):
    """One connection. A bad message closes it; a bad operation ends that alone."""

    async def handle_message(self, message: Message) -> None:
        """Handle one message, or close with what is wrong with it."""
        if problem := _problem_of(message):
            await self.handle_invalid_message(problem)
            return
        if message["type"] == "connection_init" and message.get("payload") is None:
            message = {"type": "connection_init"}
        await super().handle_message(message)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Start an operation."""
        if not self.connection_acknowledged:
            await self.websocket.close(code=4401, reason="Unauthorized")
            return
        operation_id, payload = message["id"], message["payload"]
        if operation_id in self.operations:
            reason = f"Subscriber for {operation_id} already exists"
            await self.websocket.close(code=4409, reason=_fitting(reason))
            return
        operation = MaskedOperation(
            self,
            operation_id,
            payload["query"],
            payload.get("variables"),
            payload.get("operationName"),
        )
        limit = self.max_subscriptions_per_connection
        if limit is not None and len(self.operations) >= limit:
            self.operations[operation_id] = operation
            await operation.send_initial_errors([_too_many(limit)])
            return
        operation.task = asyncio.create_task(self.run_operation(operation))
        operation.task.add_done_callback(self._task_done)
        self.operations[operation_id] = operation

    async def handle_invalid_message(self, error_message: str) -> None:
        """Close the connection and say what is wrong, as far as there is room."""
        await self.websocket.close(code=4400, reason=_fitting(error_message))

    async def run_operation(self, operation: Operation[Context, None]) -> None:
        """Run an operation to its end, and tell the client of any."""
        try:
            await self._run(operation)
        except Exception as error:
            failure = GraphQLError(str(error), original_error=error)
            logger.opt(exception=error).error("{}", error_id(failure))
            await operation.send_initial_errors([failure])

    async def _run(self, operation: Operation[Context, None]) -> None:
        """Run an operation with a context of its own."""
        view = cast("GraphQLView", self.view)
        results = await self.schema.stream(
            operation.query,
            variable_values=operation.variables,
            context_value=view.new_context(),
            operation_name=operation.operation_name,
        )
        async with aclosing(results):
            await self._send_result_stream(operation, results)
        await operation.send_operation_message({"id": operation.id, "type": "complete"})

    @staticmethod
    def _get_pre_execution_close_reason(error: GraphQLError) -> str | None:
        """Keep the connection: a bad operation hurts no sibling."""
        return None


def _ended_by_error(result: ExecutionResult) -> bool:
    """Tell the failure of a source of events from one of an event's fields."""
    errors = result.errors or []
    return result.data is None and any(error.path is None for error in errors)


def _fitting(reason: str) -> str:
    """Cut a reason for closing at what a frame can hold."""
    whole = reason.encode(errors="replace")
    return whole[:MAX_REASON_BYTES].decode(errors="ignore")


def _too_many(limit: int) -> GraphQLError:
    message = f"At most {limit} operations may run on one connection."
    cause = AppError(ErrorCode.LIMIT_EXCEEDED, message)
    return GraphQLError(message, original_error=cause)


def _problem_of(message: Any) -> str | None:
    """Say what is wrong with a message's form, or None."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "A message is an object with a type"
    if message["type"] not in ("subscribe", "complete"):
        return None
    if not isinstance(message.get("id"), str) or not message["id"]:
        return "The message's id must be a string that is not empty"
    if message["type"] == "complete":
        return None
    payload = message.get("payload")
    if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
        return "The message's payload must be an object with a query"
    if not isinstance(payload.get("variables"), dict | None):
        return "The payload's variables must be an object"
    if not isinstance(payload.get("operationName"), str | None):
        return "The payload's operationName must be a string"
    return None
