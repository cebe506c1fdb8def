"""Executing what was prepared: a query, a mutation, or one event of a subscription."""

from collections.abc import AsyncIterable, Awaitable, Iterable
from inspect import isawaitable
from typing import Any

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    OperationType,
    get_nullable_type,
    is_object_type,
)
from graphql.execution import (
    Executor,
    create_source_event_stream,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.execution.executor import StreamUsage
from graphql.pyutils import Path
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from resolvers.errors import log_internal
from resolvers.execution.documents import Prepared
from resolvers.execution.leaves import UNUSUAL
from resolvers.execution.lists import ListRun
from resolvers.execution.plans import FieldPlan, Planner


class OperationExecutor(Executor[None]):
    """Executes a prepared operation once."""

    # Gives resolvers Strawberry's info.
    build_resolve_info: Any = StrawberryGraphQLCoreExecutionContext.build_resolve_info

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
        self._plans = prepared.fields.plans
        self._planner = Planner(prepared.schema, self._fields_below)

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

    def _fields_below(
        self, type_: GraphQLObjectType, details: FieldDetailsList
    ) -> GroupedFieldSet:
        return self.collect_subfields(type_, details).grouped_field_set

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: None,
    ) -> Any:
        """Execute an object's fields, at once where all of them are plain."""
        plan = self._plans.object(parent_type, grouped_field_set, self._planner)
        if plan.is_plain:
            data = plan.build(source_value)
            if data is not UNUSUAL:
                return data
        return super().execute_fields(
            parent_type, source_value, path, grouped_field_set, position_context
        )

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: None,
    ) -> Any:
        """Execute one field, straight where it can be."""
        field = self._plans.field(field_details_list)
        if field is None or field.read is None or field.definition is None:
            return super().execute_field(
                parent_type, source, field_details_list, path, position_context
            )
        type_ = field.definition.type
        try:
            value = field.read(source)
        except Exception as error:
            self.handle_field_error(error, type_, field_details_list, path)
            return None
        try:
            completed = field.complete(value)
        except Exception:
            completed = UNUSUAL
        if completed is not UNUSUAL:
            return completed
        return self._complete(field.definition, parent_type, field, path, value)

    def _complete(
        self,
        definition: GraphQLField,
        parent_type: GraphQLObjectType,
        field: FieldPlan,
        path: Path,
        value: Any,
    ) -> Any:
        """Complete a field's value as graphql-core's `execute_field` does it."""
        type_, details = definition.type, field.details
        nodes = [one.node for one in details]
        info = self.build_resolve_info(definition, nodes, parent_type, path)
        if self.is_awaitable(value):
            return self.complete_awaitable_value(
                type_, details, info, path, value, None
            )
        try:
            completed = self.complete_value(type_, details, info, path, value, None)
        except Exception as error:
            self.handle_field_error(error, type_, details, path)
            return None
        if self.is_awaitable(completed):
            return self._completed(completed, type_, details, path)
        return completed

    async def _completed(
        self,
        completing: Awaitable[Any],
        type_: GraphQLOutputType,
        details: FieldDetailsList,
        path: Path,
    ) -> Any:
        try:
            return await completing
        except Exception as error:
            self.handle_field_error(error, type_, details, path)
            return None

    def complete_iterable_value(
        self,
        item_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Iterable[Any],
        position_context: None,
    ) -> Any:
        """Complete a list; a long one of objects in slices, with rests between them."""
        object_type = get_nullable_type(item_type)
        if type(items) is not list or not is_object_type(object_type):
            return super().complete_iterable_value(
                item_type, field_details_list, info, path, items, position_context
            )
        fields = self.collect_subfields(object_type, field_details_list)
        plan = self._plans.object(object_type, fields.grouped_field_set, self._planner)
        run = ListRun(self, plan, item_type, field_details_list, info, path, items)
        return run.complete()

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

    That, and what the iterable itself raises later, is for `failure`, which logs it.
    """
    stream = create_source_event_stream(OperationExecutor(prepared, context, None))
    if isawaitable(stream):
        stream = await stream
    if isinstance(stream, ExecutionResult):
        assert stream.errors
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
