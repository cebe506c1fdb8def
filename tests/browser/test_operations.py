"""Each operation that the page holds is valid in the schema as it stands."""

from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from resolvers.root import schema

ROOT = Path(__file__).parents[2]
OPERATIONS = sorted((ROOT / "web" / "src").rglob("*.graphql"))


def test_operations_are_found() -> None:
    assert [path.stem for path in OPERATIONS] == [
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
