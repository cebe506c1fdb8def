"""The schema holds what the contract promises, by meaning; additions are welcome."""

import os
from pathlib import Path

import pytest

from resolvers.root import schema
from tests.test_schema.meaning import Comparison, compare, meaning_of
from tests.test_schema.owed import OWED

ROOT = Path(__file__).parents[2]
CONTRACT = ROOT / "docs" / "contract"
SMALL = """
interface Node { id: ID! }
type Query implements Node { id: ID!  one(first: Int! = 20, key: String): [Kind!]! }
input Given { a: Int! = 1  b: String }
enum Kind { LEFT RIGHT }
union Any = Query
"""


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    """Hold the schema against the contract."""
    contract = meaning_of((CONTRACT / "schema.graphql").read_text())
    return compare(contract, meaning_of(schema.as_str()))


def test_all_that_is_missing_is_owed_by_one_capability(comparison: Comparison) -> None:
    owed = [part for parts in OWED.values() for part in parts]
    assert len(owed) == len(set(owed))
    assert comparison.missing - set(owed) == set(), "missing, and nobody owes it"
    assert set(owed) - comparison.missing == set(), "built: take it out of OWED"


def test_what_is_there_says_what_the_contract_says(comparison: Comparison) -> None:
    assert comparison.different == {}


def test_nothing_is_demanded_beside_the_contract(comparison: Comparison) -> None:
    assert comparison.demanded == set()


def test_the_capabilities_are_the_known_ones() -> None:
    assert set(OWED) <= {
        "jobs",
        "event bridge",
        "PSD",
        "import",
        "analysis and backgrounds",
        "access",
    }


def _changed(before: str, after: str) -> Comparison:
    assert SMALL.count(before) == 1
    changed = SMALL.replace(before, after)
    return compare(meaning_of(SMALL), meaning_of(changed))


@pytest.mark.parametrize(
    ("before", "after", "missing"),
    [
        ("implements Node {", "{", {"Query implements Node"}),
        (", key: String", "", {"Query.one(key:)"}),
        ("one(first: Int! = 20, key: String): [Kind!]!", "", {"Query.one"}),
        (" RIGHT", "", {"Kind.RIGHT"}),
        ("input Given { a: Int! = 1  b: String }", "", {"Given"}),
        ("  b: String", "", {"Given.b"}),
        (
            "union Any = Query",
            "union Any = Other type Other { a: Int }",
            {"Any | Query"},
        ),
    ],
)
def test_what_is_taken_away_is_told(before: str, after: str, missing: set[str]) -> None:
    assert _changed(before, after) == Comparison(missing, {}, set())


@pytest.mark.parametrize(
    ("before", "after", "part", "says"),
    [
        ("[Kind!]!", "[Kind!]", "Query.one", ("[Kind!]!", "[Kind!]")),
        ("[Kind!]!", "[Kind]!", "Query.one", ("[Kind!]!", "[Kind]!")),
        ("Int! = 20", "Int! = 21", "Query.one(first:)", ("Int! = 20", "Int! = 21")),
        ("Int! = 20", "Int = 20", "Query.one(first:)", ("Int! = 20", "Int = 20")),
        ("a: Int! = 1", "a: Int!", "Given.a", ("Int! = 1", "Int!")),
        ("b: String", "b: ID", "Given.b", ("String", "ID")),
        (
            "input Given {",
            "input Given @oneOf {",
            "Given",
            ("GraphQLInputObjectType", "GraphQLInputObjectType @oneOf"),
        ),
    ],
)
def test_what_is_changed_is_told(
    before: str, after: str, part: str, says: tuple[str, str]
) -> None:
    assert _changed(before, after) == Comparison(set(), {part: says}, set())


@pytest.mark.parametrize(
    ("before", "after", "demanded"),
    [
        ("key: String", "key: String, new: Int!", {"Query.one(new:)"}),
        ("b: String", "b: String c: Int!", {"Given.c"}),
        ("key: String", "key: String, new: Int! = 1", set()),
        ("b: String", "b: String c: Int", set()),
        ("enum Kind { LEFT", "enum Kind { MIDDLE LEFT", set()),
        ("{ id: ID!  one", "{ id: ID! two(need: Int!): Int one", set()),
        ("key: String", "key: String = null", set()),
        ("union Any", "input New { need: Int! } union Any", set()),
    ],
)
def test_of_what_is_added_only_demands_are_told(
    before: str, after: str, demanded: set[str]
) -> None:
    assert _changed(before, after) == Comparison(set(), {}, demanded)


def test_the_copy_is_the_contract() -> None:
    given = os.environ.get("ONEMANAGE_CORPUS")
    shared = Path(given).parent if given else ROOT.parent / "shared"
    original = shared / "contract"
    if not original.is_dir():
        pytest.skip(f"no contract at {original}: it lies by ONEMANAGE_CORPUS")
    names = ["event-log.md", "gateway.md", "schema.graphql"]
    for folder in (original, CONTRACT):
        assert sorted(path.name for path in folder.iterdir()) == names
    for name in names:
        assert (CONTRACT / name).read_bytes() == (original / name).read_bytes(), name
