"""What operations are counted by: plain numbers, which /metrics reads when it is asked."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from operator import add
from time import perf_counter
from typing import Final

from graphql import GraphQLError, OperationType

from core.errors import ErrorCode
from resolvers.errors import code_of

# How operations end, beside the code of what went wrong.
OK: Final = "ok"
REFUSED: Final = "refused"
LEFT: Final = "left"
INTERRUPTED: Final = "interrupted"
# The kind of what is refused before anything of it is known.
UNKNOWN_KIND: Final = "unknown"
TIMED_KINDS: Final = (OperationType.QUERY, OperationType.MUTATION)
# Bounds of histograms, in seconds.
BOUNDS: Final = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1),
    *(0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)


class Transport(StrEnum):
    """How an operation came, and how its results go."""

    HTTP = "http"
    WEBSOCKET = "websocket"
    SSE = "sse"
    MULTIPART = "multipart"


class Durations:
    """Seconds by the bounds that they lie within; the last count is of those beyond."""

    __slots__ = ("counts", "sum")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.sum += seconds

    def __add__(self, other: "Durations") -> "Durations":
        found = Durations()
        found.counts = [*map(add, self.counts, other.counts)]
        found.sum = self.sum + other.sum
        return found


class OperationCounts:
    """Operations by how they ended, and those that still send results to a client."""

    def __init__(self) -> None:
        self.ended: Counter[tuple[str, Transport, str]] = Counter()
        self.durations = {kind: Durations() for kind in TIMED_KINDS}
        self.running: Counter[Transport] = Counter()

    def begin(self, transport: Transport) -> "Running":
        """Count an operation that runs from now on until it has ended."""
        return Running(self, transport)

    def refused(self, transport: Transport) -> None:
        """Count a request of which nothing ran."""
        self.ended[UNKNOWN_KIND, transport, REFUSED] += 1

    def finished(
        self, kind: OperationType, transport: Transport, outcome: str, seconds: float
    ) -> None:
        """Count an operation that took so long."""
        self.ended[kind.value, transport, outcome] += 1
        if kind in self.durations and outcome != LEFT:
            self.durations[kind].add(seconds)


class Running:
    """An operation that runs: it ends once, whoever else says so later."""

    __slots__ = ("_began", "_counts", "_is_over", "_transport", "kind")

    def __init__(self, counts: OperationCounts, transport: Transport) -> None:
        self.kind: OperationType | None = None
        self._counts = counts
        self._transport = transport
        self._began = perf_counter()
        self._is_over = False
        counts.running[transport] += 1

    def ended(self, outcome: str) -> None:
        """Count the operation by how it ended."""
        if self._is_over:
            return
        self._is_over = True
        counts, transport = self._counts, self._transport
        counts.running[transport] -= 1
        if self.kind is None:
            counts.ended[UNKNOWN_KIND, transport, outcome] += 1
        else:
            seconds = perf_counter() - self._began
            counts.finished(self.kind, transport, outcome, seconds)


def outcome_of(errors: Sequence[GraphQLError] | None) -> str:
    """Return how a result with these errors ended: ours before those of callers."""
    if not errors:
        return OK
    codes = [code_of(error) for error in errors]
    found = ErrorCode.INTERNAL if ErrorCode.INTERNAL in codes else codes[0]
    return found.value
