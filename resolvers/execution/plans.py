"""How the fields that an operation selects of a type are read, found out once.

A field is read straight where it is an attribute of its source, or a function of that
alone (one that changes nothing: it may be called again); a value is completed straight
where its type allows it. Each may turn out unusual, and then goes the way of
graphql-core, which finds the same and tells errors.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, NamedTuple

from graphql import (
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    Undefined,
    is_leaf_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from strawberry.execution import optimized_is_awaitable
from strawberry.types.field import StrawberryField

from resolvers.execution.leaves import UNUSUAL, Complete, leaf

type Read = Callable[[Any], Any]
type CollectFields = Callable[[GraphQLObjectType, FieldDetailsList], GroupedFieldSet]

# A longer list of objects inside of another object is left to those who take a rest.
_MOST_INSIDE: Final = 20
# What a field weighs, by how it is read.
_ATTRIBUTE: Final = 1
_FUNCTION: Final = 5
_LONG_WAY: Final = 50
_NOT_STRAIGHT: Final = (None, _LONG_WAY)
_NO_OBJECTS: Final = (type(None), type(Undefined))
_STRAWBERRYS: Final = "strawberry.schema.schema_converter"


class FieldPlan(NamedTuple):
    """How one field is read and completed; `read` is None where only the long way is."""

    name: str
    details: FieldDetailsList
    definition: GraphQLField | None
    read: Read | None
    complete: Complete
    weight: int


class ObjectPlan:
    """How the selected fields of an object type are read."""

    def __init__(self, type_: GraphQLObjectType, fields: list[FieldPlan]) -> None:
        self.type = type_
        self.fields = fields
        self.weight = sum(one.weight for one in fields)
        is_straight = all(one.complete is not _unusual for one in fields)
        self.is_plain = is_straight and _can_tell(type_)
        self._steps = [(one.name, one.read, one.complete) for one in fields]
        self._is_type_of: Any = type_.is_type_of
        self._usual: dict[type, bool] = {}

    def build(self, source: Any) -> Any:
        """Return a plain object's data, or UNUSUAL: then nothing of it was done."""
        try:
            if not self._is_usual(source):
                return UNUSUAL
            data = {}
            for name, read, complete in self._steps:
                value = complete(read(source))  # type: ignore[misc]
                if value is UNUSUAL:
                    return UNUSUAL
                data[name] = value
        except Exception:
            return UNUSUAL
        return data

    def _is_usual(self, source: Any) -> bool:
        kind = type(source)
        usual = self._usual.get(kind)
        if usual is None:
            is_object = not issubclass(kind, (Exception, *_NO_OBJECTS))
            usual = is_object and not optimized_is_awaitable(source)
            self._usual[kind] = usual
        return usual and (
            self._is_type_of is None or self._is_type_of(source, None) is True
        )


class Plans:
    """The plans of one operation, made when they are first needed."""

    def __init__(self) -> None:
        self._objects: dict[int, tuple[GroupedFieldSet, ObjectPlan]] = {}
        self._fields: dict[int, FieldPlan] = {}

    def object(
        self, type_: GraphQLObjectType, fields: GroupedFieldSet, planner: "Planner"
    ) -> ObjectPlan:
        """Return how a type's selected fields are read."""
        known = self._objects.get(id(fields))
        if known is None:
            plan = planner.plan(type_, fields)
            # What is known by its identity is kept with it.
            self._objects[id(fields)] = known = (fields, plan)
            self._fields |= {id(one.details): one for one in plan.fields}
        return known[1]

    def field(self, details: FieldDetailsList) -> FieldPlan | None:
        """Return how a field is read, if its object has been planned."""
        return self._fields.get(id(details))


class Planner:
    """Makes plans for an execution, whose fields `collect` finds."""

    def __init__(self, schema: GraphQLSchema, collect: CollectFields) -> None:
        self._schema = schema
        self._collect = collect

    def plan(self, type_: GraphQLObjectType, fields: GroupedFieldSet) -> ObjectPlan:
        """Plan the selected fields of a type."""
        return ObjectPlan(
            type_,
            [self._field(type_, name, details) for name, details in fields.items()],
        )

    def _field(
        self, type_: GraphQLObjectType, name: str, details: FieldDetailsList
    ) -> FieldPlan:
        node = details[0].node
        definition = self._schema.get_field(type_, node.name.value)
        if node.name.value == "__typename":
            return FieldPlan(name, details, None, lambda _: type_.name, _same, 1)
        read, weight = _reading(definition) if not node.arguments else _NOT_STRAIGHT
        if read is None or definition is None:
            return FieldPlan(name, details, definition, None, _unusual, _LONG_WAY)
        complete = self._completing(definition.type, details)
        weight = _LONG_WAY if complete is _unusual else weight
        return FieldPlan(name, details, definition, read, complete, weight)

    def _completing(
        self, type_: GraphQLOutputType, details: FieldDetailsList
    ) -> Complete:
        if isinstance(type_, GraphQLNonNull):
            return self._completing_some(type_.of_type, details)
        return _or_null(self._completing_some(type_, details))

    def _completing_some(
        self, type_: GraphQLOutputType, details: FieldDetailsList
    ) -> Complete:
        if isinstance(type_, GraphQLList):
            return _each(
                self._completing(type_.of_type, details), _objects_in(type_.of_type)
            )
        if is_leaf_type(type_):
            return leaf(type_)
        if is_object_type(type_):
            plan = self.plan(type_, self._collect(type_, details))
            return plan.build if plan.is_plain else _unusual
        return _unusual


def _reading(definition: GraphQLField | None) -> tuple[Read | None, int]:
    """Return how a field is read straight, and what that weighs."""
    extensions = definition.extensions if definition is not None else {}
    field = extensions.get("strawberry-definition")
    if type(field) is not StrawberryField or field.extensions:
        return _NOT_STRAIGHT
    assert definition is not None
    if getattr(definition.resolve, "__module__", None) != _STRAWBERRYS:
        return _NOT_STRAIGHT
    if field.base_resolver is not None:
        return _called(field), _FUNCTION
    if field.default_resolver is not getattr or definition.args:
        return _NOT_STRAIGHT
    return attrgetter(field.python_name), _ATTRIBUTE


def _called(field: StrawberryField) -> Read | None:
    """Return a field's resolver where it is a function of the source alone."""
    resolver = field.base_resolver
    assert resolver is not None
    others = (
        resolver.info_parameter or resolver.parent_parameter or resolver.root_parameter
    )
    if resolver.is_async or resolver.arguments or others:
        return None
    called: Any = resolver.wrapped_func
    return called if resolver.self_parameter else None


def _can_tell(type_: GraphQLObjectType) -> bool:
    """Tell whether a type knows its objects without asking for an execution's info."""
    asked = type_.is_type_of
    return asked is None or getattr(asked, "__module__", None) == _STRAWBERRYS


def _objects_in(type_: GraphQLOutputType) -> bool:
    inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    return not is_leaf_type(inner)


def _or_null(complete: Complete) -> Complete:
    if complete is _unusual:
        return _unusual
    return lambda value: None if value is None else complete(value)


def _each(complete: Complete, are_objects: bool) -> Complete:
    if complete is _unusual:
        return _unusual

    def complete_each(values: Any) -> Any:
        if type(values) is not list or (are_objects and len(values) > _MOST_INSIDE):
            return UNUSUAL
        completed = [complete(value) for value in values]
        return UNUSUAL if UNUSUAL in completed else completed

    return complete_each


def _same(value: Any) -> Any:
    return value


def _unusual(_value: Any) -> Any:
    return UNUSUAL
