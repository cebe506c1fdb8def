"""Documents are read once, and what is refused says what to mend."""

from collections.abc import Iterator

import graphql
import pytest
from graphql import OperationType
from hypothesis import given
from hypothesis import strategies as st

from resolvers.execution import documents
from resolvers.execution.documents import Documents
from resolvers.execution.lru import LruCache
from resolvers.execution.request import KindRefused, OperationRequest, Refused
from resolvers.root import schema

VIEWER = "query Me { viewer { id } }"


class Counted:
    """Counts how often documents are parsed and validated."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.parsed = 0
        self.validated = 0

        def counted_parse(*args: object, **options: object) -> object:
            self.parsed += 1
            return graphql.parse(*args, **options)  # type: ignore[arg-type]

        def counted_validate(*args: object) -> object:
            self.validated += 1
            return graphql.validate(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(documents, "parse", counted_parse)
        monkeypatch.setattr(documents, "validate", counted_validate)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counted]:
    """Count from here on."""
    yield Counted(monkeypatch)


def refusal(request: OperationRequest) -> str:
    """Return the first message of a request that is refused."""
    with pytest.raises(Refused) as refused:
        Documents(schema._schema).prepare(request)
    return refused.value.errors[0].message


def test_a_thousand_cost_one_parse_and_one_validation(counted: Counted) -> None:
    own = Documents(schema._schema)
    document = "query ($id: ID!) { job(id: $id) { id } }"
    prepared = [
        own.prepare(OperationRequest(document, {"id": str(n)})) for n in range(1000)
    ]
    assert (counted.parsed, counted.validated) == (1, 1)
    assert [one.values.coerced["id"] for one in prepared[:2]] == ["0", "1"]
    assert len({id(one.operation) for one in prepared}) == 1


@pytest.mark.parametrize(
    ("document", "validations"), [("{ nope }", 1), ("{", 0), ("", 0)]
)
def test_a_refusal_is_kept_as_well(
    document: str, validations: int, counted: Counted
) -> None:
    own = Documents(schema._schema)
    messages = set()
    for _ in range(3):
        with pytest.raises(Refused) as refused:
            own.prepare(OperationRequest(document))
        messages.add(str(refused.value))
    assert len(messages) == 1
    assert counted.parsed == (1 if document else 0)
    assert counted.validated == validations


def test_an_operation_is_chosen_by_name() -> None:
    both = VIEWER + " subscription All { events { cursor } }"
    own = Documents(schema._schema)
    all_events = own.prepare(OperationRequest(both, operation_name="All"))
    assert all_events.kind is OperationType.SUBSCRIPTION
    assert own.prepare(OperationRequest(VIEWER)).kind is OperationType.QUERY
    assert own.prepare(OperationRequest(VIEWER, operation_name="")).operation


@pytest.mark.parametrize(
    ("document", "name", "message"),
    [
        ("", None, "The query is missing: send a GraphQL document."),
        ("{", None, "Syntax Error: Expected Name, found <EOF>."),
        ("{ zzz }", None, "Cannot query field 'zzz' on type 'Query'."),
        (VIEWER, "Other", "The document has no operation named 'Other'."),
        (
            "query A { __typename } query B { __typename }",
            None,
            "The document holds several operations: say which in operationName.",
        ),
        (
            "{a" * 900,
            None,
            "Syntax Error: Document is nested too deeply. Parsing aborted.",
        ),
        (
            "query ($n: Int!) { psdDocuments(first: $n) { totalCount } }",
            None,
            "Variable '$n' has invalid value: "
            "Expected a value of non-null type 'Int!' to be provided.",
        ),
    ],
    ids=range(7),
)
def test_a_refusal_says_what_to_mend(
    document: str, name: str | None, message: str
) -> None:
    assert refusal(OperationRequest(document, operation_name=name)) == message


def test_a_kind_may_be_refused() -> None:
    with pytest.raises(KindRefused) as refused:
        Documents(schema._schema).prepare(
            OperationRequest("subscription { events { cursor } }"),
            frozenset({OperationType.QUERY}),
        )
    assert refused.value.kind is OperationType.SUBSCRIPTION
    assert str(refused.value) == "A subscription is not served here."


def test_fields_are_shared_unless_a_variable_decides() -> None:
    own = Documents(schema._schema)

    def twice(document: str) -> tuple[object, object]:
        requests = [OperationRequest(document, {"a": a}) for a in (True, False)]
        first, second = (own.prepare(one) for one in requests)
        return first.fields, second.fields

    first, second = twice("query ($a: Boolean!) { viewer { id @include(if: $a) } }")
    assert first is not second
    first, second = twice("{ viewer { id @skip(if: true) } }")
    assert first is second


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40)), max_size=60))
def test_a_cache_never_holds_more_than_it_may(uses: list[tuple[int, int]]) -> None:
    cache: LruCache[int, int] = LruCache(most_entries=4, most_bytes=100)
    kept: dict[int, int] = {}
    for key, size in uses:
        cache.put(key, size, size)
        kept.pop(key, None)
        kept[key] = size
        while len(kept) > 4 or sum(kept.values()) > 100:
            kept.pop(next(iter(kept)))
    assert len(cache) == len(kept)
    assert cache.bytes == sum(kept.values())
    assert all(cache.get(key) == size for key, size in kept.items())


def test_what_is_used_stays() -> None:
    cache: LruCache[str, str] = LruCache(most_entries=2, most_bytes=10)
    cache.put("a", "A", 1)
    cache.put("b", "B", 1)
    assert cache.get("a") == "A"
    cache.put("c", "C", 1)
    assert [cache.get(key) for key in "abc"] == ["A", None, "C"]
    cache.put("big", "", 11)
    assert [cache.get(key) for key in ("a", "c", "big")] == ["A", "C", None]
