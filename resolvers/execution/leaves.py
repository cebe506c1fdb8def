"""Completing a leaf at once: what its type would send, or that it is unusual."""

from collections.abc import Callable
from math import isfinite
from typing import Any, Final

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
    Undefined,
)
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema_converter import CustomGraphQLEnumType

# A value that is to go the long way, which knows errors, awaitables and odd types.
UNUSUAL: Final = object()

type Complete = Callable[[Any], Any]


def leaf(type_: GraphQLLeafType) -> Complete:
    """Return how a type's values that are no null are completed."""
    if type_ in _BUILTIN:
        return _BUILTIN[type_]
    if isinstance(type_, CustomGraphQLEnumType):
        return _enum(type_)
    return _any_leaf(type_)


def _text(value: Any) -> Any:
    return value if type(value) is str else UNUSUAL


def _boolean(value: Any) -> Any:
    return value if value is True or value is False else UNUSUAL


def _integer(value: Any) -> Any:
    is_one = type(value) is int and GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT
    return value if is_one else UNUSUAL


def _number(value: Any) -> Any:
    return value if type(value) is float and isfinite(value) else UNUSUAL


_BUILTIN: Final[dict[GraphQLLeafType, Complete]] = {
    GraphQLString: _text,
    GraphQLID: _text,
    GraphQLBoolean: _boolean,
    GraphQLInt: _integer,
    GraphQLFloat: _number,
}


def _enum(type_: CustomGraphQLEnumType) -> Complete:
    members: Any = type_.wrapped_cls
    names = {member: _any_leaf(type_)(member) for member in members}

    def complete(value: Any) -> Any:
        return names[value] if type(value) is members else UNUSUAL

    return complete


def _any_leaf(type_: GraphQLLeafType | GraphQLEnumType) -> Complete:
    coerce = type_.coerce_output_value

    def complete(value: Any) -> Any:
        if value is None or value is Undefined or isinstance(value, Exception):
            return UNUSUAL
        if optimized_is_awaitable(value):
            return UNUSUAL
        coerced = coerce(value)
        return UNUSUAL if coerced is None or coerced is Undefined else coerced

    return complete
