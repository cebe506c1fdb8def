"""A receiver of a job's items that writes down what it hears."""

from collections.abc import Callable
from typing import Final

from events.cursor import EventCursor
from events.live.hub import Hub
from events.live.job_lane import ALONE, Seat
from events.readers.follower import Follower
from events.readers.job_reader import JobItem, JobReader, read_row
from tests.test_events.bodies import Rows
from tests.test_events.publishing import eventually
from tests.test_events.reading import word

OPENED: Final = "opened"
COMPLETE: Final = "complete"


class Noting:
    """A receiver that writes down what it hears; `room` is how much it takes."""

    def __init__(self, room: int = 1000) -> None:
        self.room = room
        self.heard: list[str] = []
        self.on_send: Callable[[str], None] | None = None
        self.follower: Follower[JobItem] | None = None

    def send(self, item: JobItem) -> bool:
        if not self.room:
            return False
        self.room -= 1
        self.heard.append(word(item))
        if self.on_send is not None:
            self.on_send(word(item))
        return True

    def seat(self) -> Seat:
        return ALONE

    def opened(self) -> None:
        self.heard.append(OPENED)

    def complete(self) -> None:
        self.heard.append(COMPLETE)

    def fail(self, error: Exception) -> None:
        self.heard.append(f"fail: {error}")

    def make_room(self, room: int) -> None:
        """Take so much more."""
        self.room = room
        assert self.follower is not None
        self.follower.resume()

    def stop(self) -> None:
        """End the subscription."""
        assert self.follower is not None
        self.follower.stop()

    async def hears(self, *heard: str) -> None:
        """Expect all that was ever heard to be this."""
        await eventually(lambda: len(self.heard) >= len(heard))
        assert self.heard == [*heard]


async def watch(
    hub: Hub,
    rows: Rows,
    job: str,
    receiver: Noting,
    after: EventCursor | None = None,
    is_latest: bool = False,
) -> Follower[JobItem]:
    """Begin to move what `jobEvents` tells to a receiver."""
    row = await read_row(hub, rows, job)
    assert row is not None
    reader = JobReader(hub, rows, row, after)
    follower = Follower(hub, reader, receiver, is_latest=is_latest)
    receiver.follower = follower
    follower.start()
    return follower
