"""What is done to which process, and when: all of it from one seed."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from random import Random
from typing import Final, NamedTuple


class Act(StrEnum):
    """What is done to a process. KILL is `kill -9` and a start some seconds later."""

    KILL = "kill -9"
    FREEZE = "freeze"
    STOP = "stop in order"


class FaultClass(NamedTuple):
    """A kind of fault: `seconds` is how long the process is away, at least and most."""

    act: Act
    target: str
    seconds: tuple[float, float]

    @property
    def name(self) -> str:
        """What the report calls it."""
        return f"{self.act.value}: {self.target}"


class Fault(NamedTuple):
    """One fault: `pause` seconds behind the one before, on a replica, for `seconds`."""

    kind: FaultClass
    pause: float
    replica: int
    seconds: float


# A frozen worker is away for longer than its leases (10 and 12 s).
WORKER_FREEZE: Final = FaultClass(Act.FREEZE, "worker", (22.0, 28.0))
CLASSES: Final = (
    FaultClass(Act.KILL, "gateway", (0.0, 4.0)),
    FaultClass(Act.KILL, "worker", (0.0, 4.0)),
    FaultClass(Act.KILL, "relay", (0.0, 4.0)),
    FaultClass(Act.KILL, "event_consumer", (0.0, 4.0)),
    FaultClass(Act.KILL, "maintenance", (0.0, 4.0)),
    FaultClass(Act.KILL, "nats", (0.0, 5.0)),
    FaultClass(Act.KILL, "postgres", (0.0, 5.0)),
    FaultClass(Act.FREEZE, "gateway", (2.0, 12.0)),
    WORKER_FREEZE,
    FaultClass(Act.FREEZE, "relay", (2.0, 12.0)),
    FaultClass(Act.FREEZE, "nats", (2.0, 8.0)),
    FaultClass(Act.FREEZE, "postgres", (2.0, 8.0)),
    FaultClass(Act.STOP, "worker", (0.0, 3.0)),
)
# What the short form does: once each, in an order of the seed's.
SHORT: Final = tuple(
    one._replace(seconds=(14.0, 14.0)) if one is WORKER_FREEZE else one
    for one in CLASSES
    if one.act is Act.KILL or one.target == "worker"
)
LONG_PAUSE_SECONDS: Final = 22.0
SHORT_PAUSE_SECONDS: Final = 4.5


def short_schedule(seed: int) -> list[Fault]:
    """Return one fault of each class that the short form has."""
    return _drawn(Random(seed), SHORT, SHORT_PAUSE_SECONDS)


def long_schedule(seed: int, minutes: float) -> list[Fault]:
    """Return faults for so many minutes: as many of each class, one more of some."""
    random = Random(seed)
    number = max(len(CLASSES), round(minutes * 60 / LONG_PAUSE_SECONDS))
    whole, rest = divmod(number, len(CLASSES))
    kinds = [*CLASSES * whole, *random.sample(CLASSES, rest)]
    return _drawn(random, kinds, minutes * 60 / number)


def of_each(faults: Sequence[Fault]) -> Counter[str]:
    """Count the faults of each class."""
    return Counter(fault.kind.name for fault in faults)


def _drawn(random: Random, kinds: Sequence[FaultClass], pause: float) -> list[Fault]:
    return [
        Fault(
            kind,
            pause * random.uniform(0.5, 1.5),
            random.randrange(2),
            random.uniform(*kind.seconds),
        )
        for kind in random.sample(kinds, len(kinds))
    ]
