"""What a transport gives to an operation that runs."""

from collections.abc import Callable
from typing import NamedTuple, Protocol


class Port(NamedTuple):
    """A sink's short way: `offer(head, result)` is its `next`, and calls nothing back.

    It is for use between `opened` and the operation's end only.
    """

    offer: Callable[[bytes, bytes], bool]
    head: bytes


class Sink(Protocol):
    """Where one operation's results go: a client's end of a transport.

    All but `drained` return at once. After `error`, `complete` or `interrupt` nothing
    more is sent.
    """

    def opened(self) -> None:
        """Hear that the operation was accepted, before its first result.

        An operation that has nothing to send completes without it.
        """

    def next(self, result: bytes, cursor: str | None) -> bool:
        """Send one execution result, as JSON; False: no room, and nothing was sent.

        `cursor` is the event's, where the result is one.
        """

    def port(self) -> Port | None:
        """Return the short way to send results to it, where there is one."""

    def error(self, errors: bytes) -> None:
        """Send what ended the operation: a JSON list of GraphQL errors."""

    def complete(self) -> None:
        """Send that the operation is over."""

    def interrupt(self) -> None:
        """Hear that it cannot go on now: the client is to come back and resume."""

    async def drained(self) -> None:
        """Wait for room."""
