"""One operation of a valid document: what of it is the same for all who send it."""

from collections.abc import Mapping
from typing import Any, Final

from graphql import (
    DirectiveNode,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    get_variable_values,
    visit,
)
from graphql.execution.collect_fields import (
    CollectedFields,
    FragmentDetails,
    collect_fields,
)
from graphql.execution.values import VariableValues

from resolvers.execution.cost import Cost, Fragments
from resolvers.execution.plans import Plans
from resolvers.execution.request import Refused

MAX_COERCION_ERRORS: Final = 20


class Fields:
    """Which fields an operation selects, memoised while it is executed."""

    def __init__(self, root: CollectedFields) -> None:
        self.root = root.grouped_field_set
        self.below: dict[Any, Any] = {}
        self.plans = Plans()


class Operation:
    """One operation of a valid document."""

    def __init__(
        self, schema: GraphQLSchema, node: OperationDefinitionNode, fragments: Fragments
    ) -> None:
        self.node = node
        self.kind = node.operation
        self.declared = frozenset(
            one.variable.name.value for one in node.variable_definitions or ()
        )
        self.fragments = dict(fragments)
        self._schema = schema
        self._details = {
            name: FragmentDetails(one, None) for name, one in fragments.items()
        }
        self._cost = Cost(schema, node, fragments)
        self._fields: Fields | None = None
        self._is_fixed = not _Conditions.depend_on_variables(node, fragments)

    @property
    def details(self) -> dict[str, FragmentDetails]:
        """Return the fragments as the executor wants them."""
        return self._details

    def declared_of(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of a client's variables that it declares."""
        return {name: variables[name] for name in self.declared & variables.keys()}

    def coerce(self, variables: dict[str, Any]) -> VariableValues:
        """Read variables and check what they make the operation cost."""
        coerced = get_variable_values(
            self._schema,
            self.node.variable_definitions or (),
            variables,
            max_errors=MAX_COERCION_ERRORS,
        )
        if isinstance(coerced, list):
            raise Refused(coerced)
        self._cost.check(coerced.coerced)
        return coerced

    def fields(self, values: VariableValues) -> Fields:
        """Return its fields; the same ones where no variable decides on any."""
        if self._fields is not None:
            return self._fields
        root = self._schema.get_root_type(self.kind)
        assert root is not None
        fields = Fields(
            collect_fields(self._schema, self._details, values, root, self.node)
        )
        if self._is_fixed:
            self._fields = fields
        return fields


class _Conditions(Visitor):
    """Looks for @include and @skip that depend on a variable."""

    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        for argument in node.arguments or ():
            self.found = self.found or isinstance(argument.value, VariableNode)

    @classmethod
    def depend_on_variables(
        cls, operation: OperationDefinitionNode, fragments: Mapping[str, Any]
    ) -> bool:
        visitor = cls()
        for node in (operation, *fragments.values()):
            visit(node, visitor)
        return visitor.found
