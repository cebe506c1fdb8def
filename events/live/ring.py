"""The newest events, kept for those who lag behind: bounded by bytes and by age."""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from events.cursor import Position
from events.recorded import Recorded

MAX_BYTES: Final = 48 * 1024 * 1024
MAX_AGE_SECONDS: Final = 900.0
# What an event costs beside its body: the decoded one, the objects around it.
OVERHEAD_BYTES: Final = 3000


class Mark(NamedTuple):
    """A place in the ring: all up to `sequence` has been read. A new log, a new epoch."""

    epoch: int
    sequence: int


class Ring:
    """A stretch of the event log without a hole: all that lies behind `floor`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._events: deque[Recorded] = deque()
        self._arrivals: deque[float] = deque()
        self._bytes = 0
        self._by_id: dict[str, list[Recorded]] = {}
        self.epoch = 0
        self.floor: Position | None = None
        self.end: Position | None = None

    def __len__(self) -> int:
        return len(self._events)

    @property
    def bytes(self) -> int:
        """What the events here take, as it is counted against the bound."""
        return self._bytes

    def reset(self, position: Position) -> None:
        """Begin anew behind a position, empty."""
        self._events.clear()
        self._arrivals.clear()
        self._by_id.clear()
        self._bytes = 0
        self.epoch += 1
        self.floor = self.end = position

    def append(self, event: Recorded) -> None:
        """Add the log's next event; drop what is too old or too much."""
        now = self._clock()
        self._events.append(event)
        self._arrivals.append(now)
        self._by_id.setdefault(event.trailing_id, []).append(event)
        self._bytes += len(event.data) + OVERHEAD_BYTES
        self.end = event.position
        while self._bytes > MAX_BYTES or self._arrivals[0] < now - MAX_AGE_SECONDS:
            self._drop_oldest()

    @property
    def mark(self) -> Mark:
        """The ring's present end."""
        return Mark(self.epoch, self.end.sequence if self.end is not None else 0)

    @property
    def bottom(self) -> Mark:
        """Before all that is in the ring."""
        return Mark(self.epoch, self.floor.sequence if self.floor is not None else 0)

    def reaches(self, mark: Mark) -> bool:
        """Tell whether all that lies behind a mark is here."""
        return mark.epoch == self.epoch and mark >= self.bottom

    def covers(self, position: Position | None) -> bool:
        """Tell whether a position holds, and all that lies behind it is here."""
        floor, end = self.floor, self.end
        if position is None or floor is None or end is None:
            return False
        if position.creation != end.creation:
            return False
        if not floor.sequence <= position.sequence <= end.sequence:
            return False
        time = self._time_at(position.sequence)
        return position.time is None or time is None or position.time == time

    def next_that(
        self, wants: Callable[[Recorded], bool], after: int
    ) -> Recorded | None:
        """Return the first event behind a sequence that is wanted."""
        for place in range(self._place_behind(after), len(self._events)):
            if wants(self._events[place]):
                return self._events[place]
        return None

    def next_of(self, job_id: str, after: int) -> Recorded | None:
        """Return the first event of a job behind a sequence."""
        mine = self._by_id.get(job_id)
        if not mine or mine[-1].sequence <= after:
            return None
        if len(mine) == 1:
            return mine[0]
        return mine[bisect_right(mine, after, key=_sequence)]

    def newest_of(self, job_id: str) -> int:
        """Return the sequence of a job's last event here, 0 where there is none."""
        mine = self._by_id.get(job_id)
        return mine[-1].sequence if mine else 0

    def _place_behind(self, sequence: int) -> int:
        return bisect_right(self._events, sequence, key=_sequence)

    def _time_at(self, sequence: int) -> int | None:
        assert self.floor is not None
        if sequence == self.floor.sequence:
            return self.floor.time
        place = self._place_behind(sequence) - 1
        if place < 0 or self._events[place].sequence != sequence:
            return None
        return self._events[place].time

    def _drop_oldest(self) -> None:
        event = self._events.popleft()
        self._arrivals.popleft()
        self._bytes -= len(event.data) + OVERHEAD_BYTES
        self.floor = event.position
        job_id = event.trailing_id
        mine = self._by_id[job_id]
        del mine[0]
        if not mine:
            del self._by_id[job_id]


def _sequence(event: Recorded) -> int:
    return event.sequence
