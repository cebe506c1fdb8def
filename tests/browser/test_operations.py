"""Each operation that the page or docs/import.md holds is valid in the schema."""

import re
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from resolvers.root import schema

ROOT = Path(__file__).parents[2]
OPERATIONS = sorted((ROOT / "web" / "src").rglob("*.graphql"))
EXAMPLES = re.findall(
    r"```graphql\n(.+?)```", (ROOT / "docs" / "import.md").read_text("utf-8"), re.DOTALL
)


def test_operations_are_found() -> None:
    assert [path.stem for path in OPERATIONS] == [
        "operations",
        "operations",
        "designs",
        "jobs",
        "upload",
        "watch",
        "create-upload",
        "parse-psd",
        "watch-job",
    ]


@pytest.mark.parametrize("path", OPERATIONS, ids=lambda path: path.stem)
def test_operation_is_valid(path: Path) -> None:
    graph = build_schema(schema.as_str())
    assert validate(graph, parse(path.read_text("utf-8"))) == []


@pytest.mark.parametrize("example", range(4))
def test_example_of_an_import_is_valid(example: int) -> None:
    assert len(EXAMPLES) == 4
    graph = build_schema(schema.as_str())
    assert validate(graph, parse(EXAMPLES[example])) == []
