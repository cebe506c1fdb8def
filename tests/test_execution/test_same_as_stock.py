"""Whatever is asked of whatever there is, the answer is graphql-core's own."""

import asyncio
import inspect
import json
from collections.abc import Iterator
from typing import Any

import graphql
import pytest
from graphql import ExecutionResult, GraphQLError, parse
from hypothesis import given, settings
from hypothesis import strategies as st
from loguru import logger
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from resolvers.execution import lists
from resolvers.execution.documents import Documents, Prepared
from resolvers.execution.executor import execute
from resolvers.execution.request import OperationRequest, Refused
from tests.test_execution.documents_of import documents
from tests.test_execution.worlds import SCHEMA, Query, roots

DOCUMENTS = Documents(SCHEMA._schema)
flags = st.fixed_dictionaries({"yes": st.booleans(), "no": st.booleans()})


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """Leave the many errors, which are meant, out of the log."""
    logger.disable("resolvers")
    yield
    logger.enable("resolvers")


async def stock(prepared: Prepared, root: Query) -> ExecutionResult:
    """Execute as Strawberry does."""
    result = graphql.execute(
        prepared.schema,
        parse(prepared.text),
        root_value=root,
        variable_values=prepared.variables,
        is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
        executor_class=StrawberryGraphQLCoreExecutionContext,
        operation_extensions=None,
    )
    return await result if inspect.isawaitable(result) else result


async def ours(prepared: Prepared, root: Query) -> ExecutionResult:
    """Execute as we do."""
    result = execute(prepared, None, root)
    return await result if inspect.isawaitable(result) else result


async def settled() -> None:
    """Wait for what an error has left running."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)


def shown(error: GraphQLError) -> str:
    return json.dumps([error.formatted, type(error.original_error).__name__])


def seen(result: ExecutionResult) -> tuple[str, list[str]]:
    """Return all of a result, the order of its keys and errors included."""
    return json.dumps(result.data, default=repr), [
        shown(one) for one in result.errors or ()
    ]


def prepare(document: str, variables: dict[str, Any]) -> Prepared | None:
    """Prepare a document; None where it is refused, such as for merging fields."""
    try:
        return DOCUMENTS.prepare(OperationRequest(document, variables))
    except Refused as refused:
        assert "conflict" in str(refused) or "at most" in str(refused)
        return None


@settings(deadline=None, max_examples=200)
@given(documents(SCHEMA._schema), flags, roots)
def test_the_result_is_the_same(
    document: str, variables: dict[str, Any], root: Query
) -> None:
    prepared = prepare(document, variables)
    if prepared is None:
        return

    async def both() -> tuple[Any, Any]:
        results = seen(await stock(prepared, root)), seen(await ours(prepared, root))
        await settled()
        return results

    expected, found = asyncio.run(both())
    assert found == expected


@settings(deadline=None, max_examples=60)
@given(documents(SCHEMA._schema), flags, roots)
def test_rests_change_at_most_which_error_nulls_an_object(
    document: str, variables: dict[str, Any], root: Query
) -> None:
    prepared = prepare(document, variables)
    if prepared is None:
        return

    async def both() -> tuple[Any, Any]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lists, "SLICE", 1)
            found = seen(await ours(prepared, root))
        expected = seen(await stock(prepared, root))
        await settled()
        return expected, found

    (data, errors), (found_data, found_errors) = asyncio.run(both())
    assert found_data == data
    # As with any field that has to be awaited, its siblings' errors come before its own.
    assert bool(errors) == bool(found_errors)
