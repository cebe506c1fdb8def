"""The schema as a text: ``python -m resolvers.snapshot [--write]``."""

import sys
from pathlib import Path

from resolvers.root import schema

SNAPSHOT = Path(__file__).parent.parent / "schema" / "schema.graphql"


def printed() -> str:
    """Return the whole schema in the schema definition language."""
    return f"{schema.as_str().strip()}\n"


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        SNAPSHOT.write_text(printed(), encoding="utf-8")
    else:
        sys.stdout.write(printed())
