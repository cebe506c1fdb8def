"""What an operation costs: the rows of all lists that it may return, added up."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
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
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

from resolvers.execution.limits import MAX_COST, at_most

# What a list without a size of its own is taken for, such as a group's children.
LIST_ROWS: Final = 5

type Fragments = Mapping[str, FragmentDefinitionNode]


class _Size(NamedTuple):
    """A size that a variable gives, and the one where it is absent."""

    variable: str
    absent: int

    def of(self, variables: Mapping[str, Any]) -> int:
        value = variables.get(self.variable, self.absent)
        if isinstance(value, list):
            value = len(value)
        return max(value, 1) if isinstance(value, int) else LIST_ROWS


class _Rows(NamedTuple):
    """How many rows there may be: a number times the sizes of variables."""

    number: int
    sizes: tuple[_Size, ...]

    def times(self, own: "int | _Size") -> "_Rows":
        if isinstance(own, int):
            return _Rows(self.number * own, self.sizes)
        return _Rows(self.number, (*self.sizes, own))


class Cost:
    """A valid operation's cost, measured once and evaluated for each request's sizes."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Fragments,
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        # By the sizes that are multiplied; of a list whose own size is a variable's
        # that one is the key's second part, as a list of one row costs nothing.
        self._terms: Counter[tuple[tuple[_Size, ...], _Size | None]] = Counter()
        root = schema.get_root_type(operation.operation)
        assert root is not None
        self._walk(operation.selection_set, root, _Rows(1, ()))

    def check(self, variables: Mapping[str, Any]) -> None:
        """Raise LIMIT_EXCEEDED where coerced variables make it too much."""
        cost = 0
        for (sizes, own), number in self._terms.items():
            last = own.of(variables) if own is not None else 1
            if own is not None and last == 1:
                continue
            for size in sizes:
                number *= size.of(variables)
            cost += number * last
        at_most(MAX_COST, cost, "rows in its answer")

    def _walk(
        self, selections: SelectionSetNode, parent: GraphQLNamedType, rows: _Rows
    ) -> None:
        for field, owner in self._fields(selections, parent):
            name = field.name.value
            if name.startswith("__") or field.selection_set is None:
                continue
            definition = owner.fields[name]  # type: ignore[attr-defined]
            own = self._rows_of(field, definition, owner)
            below = rows.times(own)
            if isinstance(own, _Size):
                self._terms[rows.sizes, own] += rows.number
            elif own > 1:
                self._terms[rows.sizes, None] += below.number
            inner = get_named_type(definition.type)
            if is_composite_type(inner):
                self._walk(field.selection_set, inner, below)

    def _fields(
        self, selections: SelectionSetNode, parent: GraphQLNamedType
    ) -> Iterator[tuple[FieldNode, GraphQLNamedType]]:
        """Yield the fields below a selection, each with the type that has it."""
        for one in selections.selections:
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
    ) -> int | _Size:
        """Return how many rows a field may return for each one of its owner."""
        given = {one.name.value: one.value for one in field.arguments or ()}
        if "first" in definition.args:
            default = _number(definition.args["first"].default_value)
            return _size_of(given["first"], default) if "first" in given else default
        if "ids" in given:
            return _size_of(given["ids"], 1)
        if owner.name.endswith("Connection"):
            return 1  # its `first` has been counted
        is_list = is_list_type(get_nullable_type(definition.type))
        return LIST_ROWS if is_list else 1


def _size_of(value: Any, absent: int) -> int | _Size:
    """Read the size that an argument's literal or variable gives."""
    match value:
        case VariableNode():
            return _Size(value.name.value, absent)
        case ListValueNode():
            return max(len(value.values), 1)
        case IntValueNode():
            return max(int(value.value), 1)
        case _:
            return absent


def _number(first: Any) -> int:
    return max(first, 1) if isinstance(first, int) else LIST_ROWS
