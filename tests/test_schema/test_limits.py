"""What one operation may ask for."""

from typing import Any

import pytest

from core.container import Container
from core.security import Caller
from resolvers.errors import formatted
from resolvers.root import schema
from schema.context import Context

LAYERS = "layers(first: {layers}) {{ nodes {{ name image {{ url }} }} }}"
DOCUMENTS = "{{ psdDocuments(first: {documents}) {{ nodes {{ " + LAYERS + " }} }} }}"


async def refusal(document: str, **variables: Any) -> tuple[str, str] | None:
    """Return the code and message of an operation that is not run, else None."""
    context = Context(Caller("user_x", True), Container())
    result = await schema.execute(
        document, variable_values=variables, context_value=context
    )
    assert result.errors
    shown = formatted(result.errors[0])
    if result.data is not None or result.errors[0].path is not None:
        return None
    assert shown["extensions"] is not None
    return shown["extensions"]["code"], shown["message"]


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
async def test_too_much_is_refused(document: str, limit: int, what: str) -> None:
    assert await refusal(document) == too_many(limit, what)


async def test_sizes_in_variables_count() -> None:
    document = (
        "query ($n: Int!, $ids: [ID!]!) { nodes(ids: $ids) { ... on PsdDocument "
        "{ layers(first: $n) { nodes { name } } } } }"
    )
    ids = [f"psd_{n:032x}" for n in range(20)]
    assert await refusal(document, n=1000, ids=ids) == too_many(
        10_000, "rows in its answer"
    )


async def test_fragments_in_fragments_end() -> None:
    spreads = "".join(
        f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }} " for n in range(20)
    )
    document = "{ ...f0 } " + spreads + "fragment f20 on Query { __typename }"
    assert await refusal(document) == too_many(10_000, "selections")


async def test_several_operations_need_a_name() -> None:
    assert await refusal("query A { __typename } query B { __typename }") == (
        "BAD_USER_INPUT",
        "The document holds several operations: say which in operationName.",
    )


async def test_an_endless_number_is_refused() -> None:
    assert await refusal("{ files(first: " + "9" * 5000 + ") { totalCount } }") == (
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
async def test_a_page_that_people_need_is_run(document: str) -> None:
    assert await refusal(document) is None
