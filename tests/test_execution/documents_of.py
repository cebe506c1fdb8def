"""Documents that are valid for a schema, drawn at random."""

from typing import Any, Final

from graphql import (
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
)
from hypothesis import strategies as st

_CONDITIONS: Final = ["", "", "", " @include(if: $yes)", " @skip(if: $no)"]
_SHAPES: Final = ["{}", "{}", "{}", "... {{ {} }}", "... @skip(if: $no) {{ {} }}"]


@st.composite
def documents(draw: st.DrawFn, schema: GraphQLSchema) -> str:
    """Draw an operation with the variables `$yes` and `$no`."""
    root = schema.query_type
    assert root is not None
    body = draw(_selections(schema, root, 3))
    return (
        "query ($yes: Boolean!, $no: Boolean!) { __typename @include(if: $yes) "
        f"__typename @skip(if: $no) {body} }}"
    )


@st.composite
def _selections(
    draw: st.DrawFn, schema: GraphQLSchema, type_: GraphQLNamedType, depth: int
) -> str:
    if isinstance(type_, GraphQLUnionType | GraphQLInterfaceType):
        return draw(_by_type(schema, type_, depth))
    assert isinstance(type_, GraphQLObjectType)
    return draw(_fields(schema, type_, depth))


@st.composite
def _by_type(draw: st.DrawFn, schema: GraphQLSchema, type_: Any, depth: int) -> str:
    parts = ["__typename"]
    if isinstance(type_, GraphQLInterfaceType):
        parts += draw(st.sampled_from([[], ["name"]]))
    for possible in schema.get_possible_types(type_):
        if draw(st.booleans()):
            inner = draw(_fields(schema, possible, depth))
            parts.append(f"... on {possible.name} {{ {inner} }}")
    return " ".join(parts)


@st.composite
def _fields(
    draw: st.DrawFn, schema: GraphQLSchema, type_: GraphQLObjectType, depth: int
) -> str:
    names = [
        name
        for name, field in type_.fields.items()
        if depth > 0 or is_leaf_type(get_named_type(field.type))
    ]
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=5))
    parts = [draw(_field(schema, type_, name, depth)) for name in chosen]
    if draw(st.booleans()):
        parts.append("__typename")
    return draw(st.sampled_from(_SHAPES)).format(" ".join(parts))


@st.composite
def _field(
    draw: st.DrawFn,
    schema: GraphQLSchema,
    type_: GraphQLObjectType,
    name: str,
    depth: int,
) -> str:
    inner = get_named_type(type_.fields[name].type)
    condition = draw(st.sampled_from(_CONDITIONS))
    # An alias of its own for each owner, so that the same in two types never collides.
    alias = draw(st.sampled_from(["", "", f"{name}_{type_.name}: "]))
    text = f"{alias}{name}{condition}"
    if is_leaf_type(inner):
        return text
    return f"{text} {{ {draw(_selections(schema, inner, depth - 1))} }}"
