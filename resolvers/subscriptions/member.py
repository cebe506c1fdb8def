"""One subscription: what its follower reads goes to its sink, without a task."""

import asyncio
from typing import Any

from core.outages import outages
from events.live.job_lane import ALONE, Seat
from events.readers.follower import Follower
from resolvers.counting import INTERRUPTED, OK, Running, outcome_of
from resolvers.execution.encoding import encoded_errors
from resolvers.execution.executor import failure
from resolvers.sink import Sink
from resolvers.subscriptions.interrupted import Interrupted, is_interruption
from resolvers.subscriptions.sharing import Membership, Outcome
from resolvers.subscriptions.source import EventSource


class Member:
    """Receives one follower's items, has them executed with others', and sends them."""

    __slots__ = (
        "_draining",
        "_execution",
        "_follower",
        "_is_open",
        "_membership",
        "_pending",
        "_running",
        "_sink",
        "__weakref__",
    )

    def __init__(
        self,
        source: EventSource[Any, Any],
        membership: Membership,
        sink: Sink,
        running: Running,
    ) -> None:
        self._membership = membership
        self._execution = membership.execution
        self._sink = sink
        self._running = running
        self._is_open = False
        self._pending: tuple[Any, Outcome] | None = None
        self._draining: asyncio.Task[None] | None = None
        self._follower: Follower[Any] = source.follower(self)

    def start(self) -> None:
        """Begin to read."""
        self._follower.start()

    def stop(self) -> None:
        """Leave without a word to the sink."""
        self._follower.stop()
        self._leave()

    def send(self, item: Any) -> bool:
        """Send an item's result; False while that is made, or there is no room."""
        execution = self._execution
        outcome = self._outcome(item)
        if outcome.payload is None:
            if outcome.is_broken:
                raise Interrupted
            outcome.waiters.append(self)
            return self._hold(item, outcome)
        if not self._is_open:
            self.opened()
        if self._sink.next(outcome.payload, outcome.cursor):
            execution.counts.delivered += 1
            self._pending = None
            return True
        if self._draining is None:
            execution.counts.deferred += 1
            self._draining = asyncio.create_task(self._drain())
        return self._hold(item, outcome)

    def seat(self) -> Seat:
        """Return its place among those who share its execution."""
        port = self._sink.port()
        return ALONE if port is None else Seat(self._execution, port)

    def resume(self) -> None:
        """Go on where it stopped."""
        self._follower.resume()

    def opened(self) -> None:
        """Tell the sink, once."""
        if not self._is_open:
            self._is_open = True
            self._sink.opened()

    def complete(self) -> None:
        """Tell the sink that all has been sent."""
        self._leave()
        self._running.ended(OK)
        self._sink.complete()

    def fail(self, error: Exception) -> None:
        """Tell the sink what ended it, or that it is to be resumed."""
        self._leave()
        fail(self._sink, error, self._running)

    def _outcome(self, item: Any) -> Outcome:
        if self._pending is not None and self._pending[0] is item:
            return self._pending[1]
        return self._execution.outcome_of(item)

    def _hold(self, item: Any, outcome: Outcome) -> bool:
        self._pending = item, outcome
        return False

    async def _drain(self) -> None:
        await self._sink.drained()
        self._draining = None
        self.resume()

    def _leave(self) -> None:
        self._membership.leave()
        if self._draining is not None:
            self._draining.cancel()
            self._draining = None


def fail(sink: Sink, error: Exception, running: Running) -> None:
    """Tell a subscription's sink of an error, or that it is to be resumed."""
    if is_interruption(error):
        if not isinstance(error, Interrupted):  # that one was told where it was met
            outages.met("subscriptions", error)
        running.ended(INTERRUPTED)
        sink.interrupt()
        return
    shown = [failure(error)]
    running.ended(outcome_of(shown))
    sink.error(encoded_errors(shown))
