"""Executing what was prepared: a query, a mutation, or one event of a subscription."""

from collections.abc import AsyncIterable, Awaitable
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult, GraphQLError, OperationType
from graphql.execution import (
    Executor,
    create_source_event_stream,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor import StreamUsage
from graphql.pyutils import Path
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from resolvers.errors import log_internal
from resolvers.execution.documents import Prepared


class OperationExecutor(Executor[None]):
    """Executes a prepared operation once."""

    # Gives resolvers Strawberry's info.
    build_resolve_info = StrawberryGraphQLCoreExecutionContext.build_resolve_info

    def __init__(self, prepared: Prepared, context: Any, root_value: Any) -> None:
        super().__init__(
            prepared.schema,
            prepared.chosen.fragments,
            prepared.chosen.details,
            root_value,
            context,
            prepared.operation,
            prepared.values,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
        )
        self.operation_extensions = prepared.extensions
        self._root_fields = prepared.fields.root
        self._relevant_sub_fields = prepared.fields.below

    def run(self) -> ExecutionResult | Awaitable[ExecutionResult]:
        """Execute the operation."""
        kind = self.operation.operation
        root = self.schema.get_root_type(kind)
        assert root is not None
        try:
            data = self.execute_root_grouped_field_set(
                root,
                self.root_value,
                self._root_fields,
                kind is OperationType.MUTATION,
                None,
            )
            if isawaitable(data):
                return self._run_on(data)
        except GraphQLError as error:
            return self._ended(error)
        return ExecutionResult(data, self.collected_errors.errors or None)

    async def _run_on(self, awaited: Awaitable[dict[str, Any]]) -> ExecutionResult:
        try:
            data = await awaited
        except GraphQLError as error:
            return self._ended(error)
        return ExecutionResult(data, self.collected_errors.errors or None)

    def _ended(self, error: GraphQLError) -> ExecutionResult:
        self.collected_errors.add(error, None)
        return ExecutionResult(None, self.collected_errors.errors)

    def get_stream_usage(
        self, field_details_list: FieldDetailsList, path: Path
    ) -> StreamUsage | None:
        """Return None: the schema has no @stream."""
        return None


def execute(
    prepared: Prepared, context: Any, root_value: Any = None
) -> ExecutionResult | Awaitable[ExecutionResult]:
    """Run a query or a mutation, or a subscription for one event (its `root_value`).

    Nothing is awaited where no resolver has to be. Errors of ours are logged.
    """
    result = OperationExecutor(prepared, context, root_value).run()
    if isinstance(result, ExecutionResult):
        log_internal(result.errors or ())
        return result
    return _logged(result)


async def source(prepared: Prepared, context: Any) -> AsyncIterable[Any]:
    """Return a subscription's events as its resolver gives them; GraphQLError if it fails.

    What the iterable itself raises later is for `failure`.
    """
    stream = create_source_event_stream(OperationExecutor(prepared, context, None))
    if isawaitable(stream):
        stream = await stream
    if isinstance(stream, ExecutionResult):
        assert stream.errors
        log_internal(stream.errors)
        raise stream.errors[0]
    return stream


def failure(error: Exception) -> GraphQLError:
    """Return what ended a subscription as a GraphQL error; one of ours is logged."""
    if not isinstance(error, GraphQLError):
        error = GraphQLError(str(error), original_error=error)
    log_internal([error])
    return error


async def _logged(running: Awaitable[ExecutionResult]) -> ExecutionResult:
    result = await running
    log_internal(result.errors or ())
    return result
