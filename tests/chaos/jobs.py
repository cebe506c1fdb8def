"""The kinds of jobs that clients start, through the public API or as a service does."""

from collections.abc import Sequence
from random import Random
from typing import Any, Final, NamedTuple

from tests.chaos.facts import Expected


class Kind(NamedTuple):
    """What a client asks for: the parse of a file, or a task of the tests."""

    name: str
    weight: int
    expected: Expected = Expected.WORKS
    design: str | None = None
    export_layers: bool = True
    priority: str = "INTERACTIVE"
    task: str | None = None
    seconds: tuple[float, float] = (0.0, 0.0)


KINDS: Final = (
    Kind("parse, 1 layer", 4, design="one layer"),
    Kind("parse, 24 layers of noise", 4, design="many layers", priority="BULK"),
    Kind("parse, the sample's 94 layers", 2, design="sample"),
    Kind("structure only", 2, design="sample", export_layers=False),
    Kind("parse, corrupt", 2, Expected.CORRUPT, design="corrupt"),
    Kind("sleep", 4, task="tests.sleep", seconds=(0.2, 8.0)),
    Kind("spin in a process", 2, task="tests.spin", seconds=(0.2, 5.0)),
    Kind("poison", 1, Expected.POISON, task="tests.poison"),
)

# Poison takes most of a minute, which the short form gives to first jobs alone.
SHORT_KINDS: Final = tuple(
    kind for kind in KINDS if kind.expected is not Expected.POISON
)

_PAYLOAD: Final = "{ job { id status } cursor userErrors { code message } }"
PARSE: Final = f"""
mutation ($input: ParsePsdInput!) {{ answer: parsePsd(input: $input) {_PAYLOAD} }}
"""
CANCEL: Final = f"mutation ($id: ID!) {{ answer: cancelJob(id: $id) {_PAYLOAD} }}"
RETRY: Final = f"mutation ($id: ID!) {{ answer: retryJob(id: $id) {_PAYLOAD} }}"


def drawn(random: Random, kinds: Sequence[Kind]) -> Kind:
    """Draw a kind by its weight."""
    (kind,) = random.choices(kinds, [kind.weight for kind in kinds])
    return kind


def parse_input(kind: Kind, file_id: str, key: str) -> dict[str, Any]:
    """Return the input of a `parsePsd` that asks for a kind."""
    return {
        "fileId": file_id,
        "reuse": False,
        "exportLayers": kind.export_layers,
        "priority": kind.priority,
        "waitMs": 0,
        "idempotencyKey": key,
    }
