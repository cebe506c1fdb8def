"""All that was ever stored in the stream, and behind what: the truth to judge by.

A stream that loses its end grows another: what is stored forms a tree.
"""

from collections.abc import Iterator

from events.cursor import Position
from events.readers.feed_reader import owner_of
from events.schemas import EventBody, decode
from events.subjects import without_id
from tests.test_events.bodies import Written


class Stored:
    """One message, and the one that it was stored behind."""

    def __init__(
        self,
        creation: int,
        sequence: int,
        time: int,
        written: Written,
        before: "Stored | None",
    ) -> None:
        self.creation = creation
        self.sequence = sequence
        self.time = time
        self.written = written
        self.before = before
        self.body: EventBody = decode(written.data)
        self.bare_subject = without_id(written.subject)
        self.owner = owner_of(self.body)
        self.is_progress = self.bare_subject.endswith(".progressed")

    @property
    def position(self) -> Position:
        """The place behind it."""
        return Position(self.creation, self.sequence, self.time)

    def ancestors(self) -> Iterator["Stored"]:
        """Yield what lies before it, the newest first."""
        node = self.before
        while node is not None:
            yield node
            node = node.before


class Lineage:
    """The stream's present line, and what has fallen from it."""

    def __init__(self) -> None:
        self.line: dict[int, Stored] = {}
        self._by_time: dict[int, Stored] = {}
        self._by_number: dict[tuple[str, int], Stored] = {}

    def append(self, creation: int, sequence: int, time: int, written: Written) -> None:
        """Store a message behind the present end."""
        before = self.line.get(sequence - 1)
        stored = Stored(creation, sequence, time, written, before)
        self.line[sequence] = self._by_time[time] = stored
        self._by_number[written.job_id, written.job_seq] = stored

    def cut(self, last: int) -> None:
        """Lose what lies behind a sequence."""
        self.line = {seq: one for seq, one in self.line.items() if seq <= last}

    def at(self, position: Position | None) -> Stored | None:
        """Return the message at a position, if it is known which one."""
        if position is None:
            return None
        if position.time is not None:
            return self._by_time.get(position.time)
        there = self.line.get(position.sequence)
        return there if there and there.creation == position.creation else None

    def numbered(self, job_id: str, number: int) -> Stored | None:
        """Return a job's event; the newest where it was stored more than once."""
        return self._by_number.get((job_id, number))

    def behind(self, position: Position) -> list[Stored]:
        """Return what the present line holds behind a sequence."""
        return [one for seq, one in self.line.items() if seq > position.sequence]


def between(position: Position, stored: Stored) -> list[Stored] | None:
    """Return what lies behind a position and before a message, the newest first.

    None where the message was not stored behind that position.
    """
    if position.creation != stored.creation or stored.sequence <= position.sequence:
        return None
    found: list[Stored] = []
    for one in stored.ancestors():
        if one.sequence <= position.sequence:
            same = position.time is None or one.time == position.time
            return found if same else None
        found.append(one)
    return found
