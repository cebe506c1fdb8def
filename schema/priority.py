"""How soon a job is run, as its mutation asks for it."""

from enum import Enum

import strawberry


@strawberry.enum(
    description="Which jobs go first: INTERACTIVE ones, which somebody waits for. BULK "
    "ones go when no INTERACTIVE one waits for a worker."
)
class JobPriority(Enum):
    """Which jobs go first."""

    INTERACTIVE = "INTERACTIVE"
    BULK = "BULK"
