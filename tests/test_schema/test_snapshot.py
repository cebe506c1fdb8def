"""The snapshot in the repository is the schema that is served."""

from pathlib import Path

from resolvers.root import schema

SNAPSHOT = Path(__file__).parents[2] / "schema" / "schema.graphql"


def test_the_snapshot_is_the_schema() -> None:
    assert SNAPSHOT.read_text() == schema.as_str() + "\n", (
        "the schema has changed: `pdm run onemanage schema --write` rewrites "
        "schema/schema.graphql; read the difference before committing it"
    )
