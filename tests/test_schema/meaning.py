"""A schema as the set of what it says, so that two can be compared by meaning."""

from collections.abc import Iterator
from typing import NamedTuple

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    NullValueNode,
    build_schema,
    is_introspection_type,
    is_specified_scalar_type,
    print_ast,
)


class Part(NamedTuple):
    """A part of a schema: what it belongs to, what is said of it, and whether a
    caller must give it.
    """

    owner: str
    says: str = ""
    required: bool = False


type Meaning = dict[str, Part]


class Comparison(NamedTuple):
    """What a schema lacks of another, says otherwise, and demands beside it."""

    missing: set[str]
    different: dict[str, tuple[str, str]]
    demanded: set[str]


def meaning_of(sdl: str) -> Meaning:
    """Return each part of a schema by its name.

    Such as ``Job.error``, ``Query.files(first:)``, ``JobKind.PSD_PARSE``,
    ``Job implements Node``, ``JobResult | PsdDocument``. A default of null says
    nothing: an argument that may be null may be left out.
    """
    parts: Meaning = {}
    for found in build_schema(sdl).type_map.values():
        if not is_introspection_type(found) and not is_specified_scalar_type(found):
            parts[found.name] = Part("", _kind_of(found))
            parts |= dict(_parts_of(found))
    return parts


def compare(wanted: Meaning, given: Meaning) -> Comparison:
    """Hold a schema against another: additions are welcome unless callers must know.

    Of a type or field that is missing nothing but its own name is told.
    """
    absent = wanted.keys() - given.keys()
    added = given.keys() - wanted.keys()
    return Comparison(
        missing={name for name in absent if wanted[name].owner not in absent},
        different={
            name: (wanted[name].says, given[name].says)
            for name in wanted.keys() & given.keys()
            if wanted[name].says != given[name].says
        },
        demanded={
            name
            for name in added
            if given[name].required and given[name].owner in wanted
        },
    )


def _kind_of(found: GraphQLNamedType) -> str:
    one_of = isinstance(found, GraphQLInputObjectType) and found.is_one_of
    return type(found).__name__ + (" @oneOf" if one_of else "")


def _parts_of(found: GraphQLNamedType) -> Iterator[tuple[str, Part]]:
    name = found.name
    match found:
        case GraphQLObjectType() | GraphQLInterfaceType():
            yield from _fields_of(found)
        case GraphQLInputObjectType():
            for field, value in found.fields.items():
                yield f"{name}.{field}", _input(name, value)
        case GraphQLEnumType():
            for one in found.values:
                yield f"{name}.{one}", Part(name)
        case GraphQLUnionType():
            for member in found.types:
                yield f"{name} | {member.name}", Part(name)


def _fields_of(
    found: GraphQLObjectType | GraphQLInterfaceType,
) -> Iterator[tuple[str, Part]]:
    for interface in found.interfaces:
        yield f"{found.name} implements {interface.name}", Part(found.name)
    for field, value in found.fields.items():
        name = f"{found.name}.{field}"
        yield name, Part(found.name, str(value.type))
        for argument, given in value.args.items():
            yield f"{name}({argument}:)", _input(name, given)


def _input(owner: str, value: GraphQLArgument | GraphQLInputField) -> Part:
    node, says = value.ast_node, str(value.type)
    assert node is not None
    default = node.default_value
    if default is None or isinstance(default, NullValueNode):
        return Part(owner, says, required=says.endswith("!"))
    return Part(owner, f"{says} = {print_ast(default)}")
