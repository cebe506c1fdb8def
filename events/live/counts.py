"""What happens around the hub, counted: plain numbers that only grow."""

from dataclasses import dataclass


@dataclass(slots=True)
class HubCounts:
    """Since the process started; `attachments` counts how often the tail connected.

    A ring replay begins among the ring's events, a log replay reads the stream. `gaps`
    are those that were told, each job's by itself.
    """

    events: int = 0
    attachments: int = 0
    restarts: int = 0
    ring_replays: int = 0
    log_replays: int = 0
    gaps: int = 0
