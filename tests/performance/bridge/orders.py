"""What passes between the benchmark and the process that holds its sockets."""

from typing import NamedTuple


class Subscribe(NamedTuple):
    """Open sockets, one after the other, `at_once` of them under way at a time.

    Socket number k watches the k-th job, taken in turns, `after` the k-th cursor where
    there are any, and has seen the k-th of `seen`.
    """

    port: int
    sockets: int
    job_ids: list[str]
    seen: list[int]
    after: list[str | None]
    at_once: int
    receive_buffer: int | None


class Stall(NamedTuple):
    """Let so many sockets read nothing any more."""

    sockets: int


class Collect(NamedTuple):
    """Hand over when events have arrived, and forget it."""


class Leave(NamedTuple):
    """Close all sockets."""


type Order = Subscribe | Stall | Collect | Leave


class Subscribed(NamedTuple):
    """So many sockets have seen what a subscription begins with."""

    sockets: int


class Reached(NamedTuple):
    """Every socket that reads has the event of that number."""

    number: int


class Arrivals(NamedTuple):
    """When each event arrived, by its number: doubles, `time.monotonic` at a socket."""

    times: dict[int, bytes]


class Aborted(NamedTuple):
    """A stalled socket was cut off by the server."""


class Left(NamedTuple):
    """All sockets are closed; `deliveries` were seen, each in its order."""

    deliveries: int


class Trouble(NamedTuple):
    """A socket was told what it must not be told, or was cut off."""

    what: str


type Told = Subscribed | Reached | Arrivals | Aborted | Left | Trouble
