"""Whether what a socket receives is every event, once and in order."""

import json
from typing import Final

from tests.performance.bridge.question import OPERATION_ID

SNAPSHOT: Final = "JobSnapshot"


class Disorder(Exception):
    """A socket was told what does not come next."""


class Sequence:
    """The events of one socket's job: `seen` is the number of the last.

    Most messages are told by the few bytes that hold the number; where these are not
    found, the message is read as JSON.
    """

    __slots__ = ("is_open", "seen")

    # As servers write it, with or without spaces.
    _marks = [b'"done":%d,', b'"done": %d,']

    def __init__(self, seen: int) -> None:
        self.seen = seen
        self.is_open = False

    def take(self, data: bytes, start: int, stop: int) -> bool:
        """Take a message of the protocol; False for what is no event.

        Disorder where it is another event than the next, or no event of ours.
        """
        following = self.seen + 1
        for mark in self._marks:
            if data.find(mark % following, start, stop) >= 0:
                self.seen = following
                return True
        self._read(json.loads(data[start:stop]))
        return False

    def _read(self, message: object) -> None:
        """Take a snapshot at the beginning."""
        match message:
            case {
                "type": "next",
                "id": id,
                "payload": {"data": {"jobEvents": {"__typename": kind}}},
            } if (
                id == OPERATION_ID and kind == SNAPSHOT and not self.is_open
            ):
                self.is_open = True
            case _:
                raise Disorder(f"behind event {self.seen} came {message}")
