"""What shared executions do, counted: plain numbers that only grow."""

from dataclasses import dataclass


@dataclass(slots=True)
class SharingCounts:
    """Since the process started.

    `deferred` counts how often a client had no room, and its subscription stopped.
    """

    delivered: int = 0
    deferred: int = 0
    executed: int = 0
    failed: int = 0
