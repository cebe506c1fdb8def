"""One result to a crowd: each port is offered it once, and who missed it is named."""

import asyncio
from types import SimpleNamespace
from typing import Any

from core.base import utc_now
from core.container import Container
from events.cursor import EventCursor
from events.readers.feed_reader import FeedEvent
from resolvers.sink import Port
from resolvers.subscriptions.sharing import Outcome, SharedExecution, SharedExecutions
from tests.test_execution.test_holdings import ONE, prepared

HEAD = b"head"


class Offered:
    """A channel that takes what it has room for."""

    def __init__(self, room: bool = True, error: Exception | None = None) -> None:
        self.taken: list[tuple[bytes, bytes]] = []
        self._room = room
        self._error = error

    def offer(self, head: bytes, result: bytes) -> bool:
        if self._error is not None:
            raise self._error
        if self._room:
            self.taken.append((head, result))
        return self._room


def execution(members: int, payload: bytes | None) -> tuple[SharedExecution, list[Any]]:
    """Return one with so many members, whose every item has that result."""
    shared = SharedExecutions(Container())
    for _ in range(members):
        found = shared.join(prepared(id="job_1"), ONE, str).execution
    asked: list[Any] = []

    def outcome_of(item: Any) -> Outcome:
        asked.append(item)
        outcome = Outcome("cursor")
        outcome.payload = payload
        return outcome

    found.outcome_of = outcome_of  # type: ignore[method-assign]
    return found, asked


def ports(*channels: Offered) -> dict[int, Port]:
    return {n: Port(one.offer, HEAD + b"%d" % n) for n, one in enumerate(channels)}


def test_each_port_is_offered_the_result_once_and_the_rest_are_named() -> None:
    crowd = (
        Offered(),
        Offered(room=False),
        Offered(),
        Offered(error=RuntimeError("closed")),
        Offered(),
    )
    shared, asked = execution(5, b"{}")
    assert shared.broadcast("item", ports(*crowd)) == [1, 3]
    assert asked == ["item"]
    assert [one.taken for one in crowd] == [
        [(b"head0", b"{}")],
        [],
        [(b"head2", b"{}")],
        [],
        [(b"head4", b"{}")],
    ]
    assert shared.counts.delivered == 3


def test_nobody_is_sent_what_is_not_made_yet() -> None:
    crowd = Offered(), Offered()
    shared, _ = execution(2, None)
    assert shared.broadcast("item", ports(*crowd)) == (0, 1)
    assert [one.taken for one in crowd] == [[], []]
    assert shared.counts.delivered == 0


def test_one_alone_is_sent_to_singly_so_that_its_result_is_made_once() -> None:
    alone = Offered()
    shared, asked = execution(1, b"{}")
    assert shared.broadcast("item", ports(alone)) == (0,)
    assert (alone.taken, asked) == ([], [])


def test_a_broken_result_is_made_once_for_all_who_meet_it() -> None:
    shared, _ = execution(200, None)
    del shared.outcome_of
    made: list[Any] = []

    def broken(item: Any) -> Outcome:
        made.append(item)
        outcome = Outcome("cursor")
        outcome.is_broken = True
        return outcome

    shared._execute = broken  # type: ignore[method-assign]
    place: Any = SimpleNamespace(creation=1, sequence=7)
    item, again = (FeedEvent(place, EventCursor(utc_now())) for _ in range(2))
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(_meet(shared, item, again))
    finally:
        loop.close()
    # Whoever reads the event anew has it made anew.
    assert made == [item, again]


async def _meet(shared: SharedExecution, *items: FeedEvent) -> None:
    for item in items:
        crowd = ports(*(Offered() for _ in range(200)))
        for _ in shared.broadcast(item, crowd):
            assert shared.outcome_of(item).is_broken
