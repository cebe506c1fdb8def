"""What one operation may ask for."""

from typing import Any

import pytest
from graphql import get_introspection_query

from resolvers.errors import formatted
from resolvers.execution.documents import prepare
from resolvers.execution.request import OperationRequest, Refused

LAYERS = "layers(first: {layers}) {{ nodes {{ name image {{ url }} }} }}"
PAIRS = "pairs of one field or of fragments"
DOCUMENTS = "{{ psdDocuments(first: {documents}) {{ nodes {{ " + LAYERS + " }} }} }}"


def refusal(document: str, **variables: Any) -> tuple[str, str] | None:
    """Return the code and message of an operation that is not run, else None."""
    try:
        prepare(OperationRequest(document, variables))
    except Refused as refused:
        shown = formatted(refused.errors[0])
        assert shown["extensions"] is not None
        return shown["extensions"]["code"], shown["message"]
    return None


def too_many(limit: int, what: str) -> tuple[str, str]:
    message = f"An operation may have at most {limit} {what}. Ask for less at once."
    return "LIMIT_EXCEEDED", message


@pytest.mark.parametrize(
    ("document", "limit", "what"),
    [
        (DOCUMENTS.format(documents=100, layers=100), 10_000, "rows in its answer"),
        (
            "{ psdDocuments(first: 100) { nodes { layers { nodes { name } } } } }",
            10_000,
            "rows in its answer",
        ),
        (
            '{ job(id: "x") { retryOf ' + "{ retryOf " * 13 + "{ id } " + "}" * 15,
            15,
            "levels",
        ),
        (
            "{ psdDocuments { nodes { tree" + " { children" * 6 + " { name }" + "}" * 9,
            10_000,
            "rows in its answer",
        ),
        ("{ " + " ".join(f"a{n}: __typename" for n in range(16)) + " }", 15, "aliases"),
        (
            "{ " + "viewer { id } " * 21 + "}",
            20,
            "fields at its root",
        ),
    ],
)
def test_too_much_is_refused(document: str, limit: int, what: str) -> None:
    assert refusal(document) == too_many(limit, what)


def test_sizes_in_variables_count() -> None:
    document = (
        "query ($n: Int!, $ids: [ID!]!) { nodes(ids: $ids) { ... on PsdDocument "
        "{ layers(first: $n) { nodes { name } } } } }"
    )
    ids = [f"psd_{n:032x}" for n in range(20)]
    assert refusal(document, n=1000, ids=ids) == too_many(10_000, "rows in its answer")


@pytest.mark.parametrize(
    ("definitions", "variables"),
    [("$n: Int! = 1000", {}), ("$n: Int!", {"n": 1000.0})],
)
def test_a_size_counts_however_it_is_given(
    definitions: str, variables: dict[str, Any]
) -> None:
    document = f"query ({definitions}) {{ " + (
        "psdDocuments(first: 11) { nodes { layers(first: $n) { nodes { name } } } } }"
    )
    assert refusal(document, **variables) == too_many(10_000, "rows in its answer")


def test_an_absent_size_is_the_arguments_default() -> None:
    document = (
        "query ($n: Int) { psdDocuments(first: 100) "
        "{ nodes { layers(first: $n) { nodes { name } } } } }"
    )
    assert refusal(document) == too_many(10_000, "rows in its answer")
    assert refusal(document, n=1) is None


def test_only_the_operation_that_runs_is_paid() -> None:
    big = DOCUMENTS.format(documents=100, layers=100)
    document = f"query Big {big} query Small {{ __typename }}"
    small = OperationRequest(document, operation_name="Small")
    assert prepare(small).operation.name is not None
    with pytest.raises(Refused, match="at most 10000 rows in its answer"):
        prepare(small._replace(operation_name="Big"))


def test_a_long_document_is_not_read() -> None:
    assert refusal("{ __typename }" + " " * 100_000) == (
        "LIMIT_EXCEEDED",
        "A document may have at most 100000 characters. Send long values as variables.",
    )


def test_what_would_take_long_to_validate_is_refused_before() -> None:
    same = "{ " + "viewer { nope } " * 490 + "}"
    assert refusal(same) == too_many(20, "fields at its root")
    repeated = "{ viewer { " + "id " * 101 + "} }"
    assert refusal(repeated) == too_many(5000, PAIRS)
    assert refusal(repeated.replace("id ", "", 1)) is None


def test_pairs_of_all_operations_count_together() -> None:
    two = [f"query {name} {{ viewer {{ " + "id " * 72 + "} }" for name in "AB"]
    with pytest.raises(Refused) as refused:
        prepare(OperationRequest("".join(two), operation_name="A"))
    assert str(refused.value) == too_many(5000, PAIRS)[1]
    prepare(OperationRequest(two[0]))


def test_fragments_at_one_place_are_pairs() -> None:
    def spreads(count: int) -> str:
        fragments = "".join(f" fragment f{n} on User {{ id }}" for n in range(2))
        return "{ viewer { " + "...f0 ...f1 " * (count // 2) + "} }" + fragments

    assert refusal(spreads(102)) == too_many(5000, PAIRS)
    assert refusal(spreads(70)) is None


UNUSED = [
    ("fragment f on User { " + "id " * 101 + "}", 5000, PAIRS),
    (
        "fragment f on Query { " + 'job(id: "x") { retryOf { id ' * 8 + "}" * 17,
        15,
        "levels",
    ),
    (
        "fragment f on User { " + " ".join(f"a{n}: id" for n in range(16)) + " }",
        15,
        "aliases",
    ),
    (
        "fragment f on User { "
        + "...g " * 50
        + "} fragment g on User { "
        + "...h " * 50
        + "} fragment h on User { "
        + "... { ... { ... { ... { ... { id } } } } } }",
        5000,
        PAIRS,
    ),
    # Of two that have one name, only one can be spread.
    (
        "fragment f on User { "
        + "id " * 101
        + "} fragment f on User { id } query Q { viewer { ...f } }",
        5000,
        PAIRS,
    ),
]


@pytest.mark.parametrize(("unused", "limit", "what"), UNUSED, ids=range(len(UNUSED)))
def test_what_no_operation_uses_counts_as_well(
    unused: str, limit: int, what: str
) -> None:
    """Validation walks it."""
    assert refusal("query A { __typename } " + unused) == too_many(limit, what)


def nested(levels: int) -> str:
    """Ask for the schema so many levels below `__schema`."""
    inner = "{ ofType " * (levels - 2) + "{ name " + "}" * (levels + 1)
    return "{ __schema { types " + inner


def test_introspection_has_a_depth_of_its_own() -> None:
    assert refusal(nested(30)) is None
    assert refusal(nested(31)) == too_many(30, "levels of introspection")
    again = "{ __schema { " + "__type { " * 30 + "name" + "}" * 32
    assert refusal(again) == too_many(30, "levels of introspection")
    start = "{ __schema { ...f } } fragment f on __Schema { types "
    as_fragment = nested(31).replace("{ __schema { types ", start)[:-1]
    assert refusal(as_fragment) == too_many(30, "levels of introspection")


@pytest.mark.parametrize(
    ("document", "limit", "what"),
    [
        ("{ __schema { " + "description " * 101 + "} }", 5000, PAIRS),
        (
            "{ __schema { " + " ".join(f"a{n}: description" for n in range(16)) + "} }",
            15,
            "aliases",
        ),
        ('{ __type(name: "Job") { ' + "fields { name } " * 101 + "} }", 5000, PAIRS),
    ],
    ids=range(3),
)
def test_introspection_counts(document: str, limit: int, what: str) -> None:
    assert refusal(document) == too_many(limit, what)


@pytest.mark.parametrize("is_full", [False, True], ids=["plain", "full"])
def test_tools_may_ask_for_the_whole_schema(is_full: bool) -> None:
    document = get_introspection_query(
        descriptions=True,
        specified_by_url=is_full,
        directive_is_repeatable=is_full,
        schema_description=is_full,
        input_value_deprecation=is_full,
        one_of=is_full,
    )
    assert document.count("ofType") == 9
    assert refusal(document) is None


@pytest.mark.parametrize(
    "fragments",
    [
        "{ ...f } fragment f on Query { ...g } fragment g on Query { ...f }",
        "{ ...f } fragment f on Query { viewer { ...f } }",
        "{ ...nowhere }",
    ],
)
def test_what_is_not_valid_is_told_by_validation(fragments: str) -> None:
    refused = refusal(fragments)
    assert refused is not None
    assert refused[0] == "BAD_USER_INPUT"
    assert "ragment" in refused[1]


@pytest.mark.parametrize(
    "operation", ["{ ...f0 }", "{ __typename }"], ids=["used", "unused"]
)
def test_fragments_in_fragments_end(operation: str) -> None:
    spreads = "".join(
        f"fragment f{n} on Job {{ a {{ ...f{n + 1} }} b {{ ...f{n + 1} }} }} "
        for n in range(13)
    )
    document = operation + spreads + "fragment f13 on Job { id }"
    assert refusal(document) == too_many(10_000, "selections")


def test_fragments_that_double_end() -> None:
    spreads = "".join(
        f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }} " for n in range(20)
    )
    document = "{ ...f0 } " + spreads + "fragment f20 on Query { x { y } }"
    assert refusal(document) == too_many(20, "fields at its root")
    unused = document.replace("{ ...f0 }", "{ __typename }")
    assert refusal(unused) == too_many(5000, PAIRS)


def test_several_operations_need_a_name() -> None:
    assert refusal("query A { __typename } query B { __typename }") == (
        "BAD_USER_INPUT",
        "The document holds several operations: say which in operationName.",
    )


def test_an_endless_number_is_refused() -> None:
    assert refusal("{ files(first: " + "9" * 5000 + ") { totalCount } }") == (
        "BAD_USER_INPUT",
        "An integer has at most 20 digits.",
    )


@pytest.mark.parametrize(
    "document",
    [
        DOCUMENTS.format(documents=100, layers=10),
        DOCUMENTS.format(documents=1, layers=1000),
        "{ psdDocuments(first: 3) { nodes { tree { children { children { name } } } } } }",
    ],
)
def test_a_page_that_people_need_is_run(document: str) -> None:
    assert refusal(document) is None
