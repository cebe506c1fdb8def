"""What one operation may ask for: checked before anything of it runs."""

from collections.abc import Iterator
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
    validate,
    visit,
)
from strawberry.extensions import SchemaExtension

from core.errors import AppError, ErrorCode

MAX_TOKENS: Final = 2000
MAX_DEPTH: Final = 15
MAX_ALIASES: Final = 15
MAX_ROOT_FIELDS: Final = 20
MAX_COST: Final = 10_000
# With fragments spread out: a few of them may hold each other a million times.
MAX_SELECTIONS: Final = 10_000
MAX_DIGITS: Final = 20
# What a list without a size of its own is taken for, such as a group's children.
LIST_ROWS: Final = 5


class OperationLimits(SchemaExtension):
    """Refuses operations that are ambiguous, too deep, too wide or too costly."""

    def on_operation(self) -> Iterator[None]:
        """Bound the parser."""
        self.execution_context.parse_options["max_tokens"] = MAX_TOKENS
        yield

    def on_validate(self) -> Iterator[None]:
        """Validate the document; measure it where it is valid."""
        context = self.execution_context
        document = context.graphql_document
        assert document is not None
        schema: GraphQLSchema = context.schema._schema
        try:
            _check_form(document, context._provided_operation_name)
            errors = validate(schema, document, context.validation_rules)
            if not errors:
                _Measure(schema, document, context.variables or {}).check()
        except AppError as error:
            errors = [GraphQLError(error.message, original_error=error)]
        context.pre_execution_errors = errors
        yield


class _Digits(Visitor):
    """Refuses integers that no argument takes: reading them costs time."""

    def enter_int_value(self, node: IntValueNode, *_: Any) -> None:
        if len(node.value) > MAX_DIGITS:
            raise AppError(
                ErrorCode.BAD_USER_INPUT, f"An integer has at most {MAX_DIGITS} digits."
            )


def _check_form(document: DocumentNode, operation_name: str | None) -> None:
    operations = [
        one for one in document.definitions if isinstance(one, OperationDefinitionNode)
    ]
    if operation_name is None and len(operations) > 1:
        raise AppError(
            ErrorCode.BAD_USER_INPUT,
            "The document holds several operations: say which in operationName.",
        )
    visit(document, _Digits())


class _Measure:
    """Adds up the rows of all lists that a valid document's operations may return."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, variables: dict[str, Any]
    ) -> None:
        self._schema = schema
        self._document = document
        self._variables = variables
        self._fragments = {
            one.name.value: one
            for one in document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        self._cost = 0
        self._selections = 0
        self._aliases = 0

    def check(self) -> None:
        """Raise LIMIT_EXCEEDED where an operation asks for too much."""
        for one in self._document.definitions:
            if isinstance(one, OperationDefinitionNode):
                root = self._schema.get_root_type(one.operation)
                assert root is not None
                fields = list(self._fields(one.selection_set, root))
                _at_most(MAX_ROOT_FIELDS, len(fields), "fields at its root")
                self._walk(one.selection_set, root, 1, 1)

    def _walk(
        self,
        selections: SelectionSetNode,
        parent: GraphQLNamedType,
        rows: int,
        depth: int,
    ) -> None:
        _at_most(MAX_DEPTH, depth, "levels")
        for field, owner in self._fields(selections, parent):
            self._aliases += field.alias is not None
            _at_most(MAX_ALIASES, self._aliases, "aliases")
            name = field.name.value
            if name.startswith("__") or field.selection_set is None:
                continue
            definition = owner.fields[name]  # type: ignore[attr-defined]
            inner = get_named_type(definition.type)
            own = self._rows_of(field, definition, owner)
            below = rows * own
            self._cost += below if own > 1 else 0
            _at_most(MAX_COST, self._cost, "rows in its answer")
            if is_composite_type(inner):
                self._walk(field.selection_set, inner, below, depth + 1)

    def _fields(
        self, selections: SelectionSetNode, parent: GraphQLNamedType
    ) -> Iterator[tuple[FieldNode, GraphQLNamedType]]:
        """Yield the fields below a selection, each with the type that has it."""
        for one in selections.selections:
            self._selections += 1
            _at_most(MAX_SELECTIONS, self._selections, "selections")
            if isinstance(one, FieldNode):
                yield one, parent
            else:
                inner, condition = self._inside(one)
                named = self._schema.type_map[condition] if condition else parent
                yield from self._fields(inner, named)

    def _inside(self, spread: SelectionNode) -> tuple[SelectionSetNode, str | None]:
        if isinstance(spread, InlineFragmentNode):
            condition = spread.type_condition
            return spread.selection_set, condition.name.value if condition else None
        fragment = self._fragments[spread.name.value]  # type: ignore[attr-defined]
        return fragment.selection_set, fragment.type_condition.name.value

    def _rows_of(
        self, field: FieldNode, definition: GraphQLField, owner: GraphQLNamedType
    ) -> int:
        """Return how many rows a field may return for each one of its owner."""
        given = {one.name.value: one.value for one in field.arguments or ()}
        if "first" in definition.args:
            default = definition.args["first"].default_value
            first = self._value(given["first"]) if "first" in given else default
            return max(first, 1) if isinstance(first, int) else LIST_ROWS
        if "ids" in given:
            ids = self._value(given["ids"])
            return max(len(ids), 1) if isinstance(ids, list) else 1
        if owner.name.endswith("Connection"):
            return 1  # its `first` has been counted
        is_list = is_list_type(get_nullable_type(definition.type))
        return LIST_ROWS if is_list else 1

    def _value(self, node: Any) -> Any:
        if isinstance(node, VariableNode):
            return self._variables.get(node.name.value)
        if isinstance(node, ListValueNode):
            return list(node.values)
        return int(node.value) if isinstance(node, IntValueNode) else None


def _at_most(limit: int, found: int, what: str) -> None:
    if found > limit:
        raise AppError(
            ErrorCode.LIMIT_EXCEEDED,
            f"An operation may have at most {limit} {what}. Ask for less at once.",
        )
