"""One subscription: what its follower reads goes to its sink, without a task."""

import asyncio
from typing import Any

from events.follower import Follower
from resolvers.execution.encoding import encoded_errors
from resolvers.execution.executor import failure
from resolvers.sink import Sink
from resolvers.subscriptions.sharing import Membership, Outcome
from resolvers.subscriptions.source import EventSource


class Member:
    """Receives one follower's items, has them executed with others', and sends them."""

    __slots__ = (
        "_draining",
        "_follower",
        "_is_open",
        "_membership",
        "_pending",
        "_show",
        "_sink",
        "__weakref__",
    )

    def __init__(
        self, source: EventSource[Any, Any], membership: Membership, sink: Sink
    ) -> None:
        self._membership = membership
        self._sink = sink
        self._show = source.show
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
        outcome = self._outcome(item)
        if outcome.payload is None:
            outcome.waiters.append(self)
            return False
        self.opened()
        if not self._sink.next(outcome.payload, outcome.cursor):
            if self._draining is None:
                self._draining = asyncio.create_task(self._drain())
            return False
        self._pending = None
        return True

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
        self._sink.complete()

    def fail(self, error: Exception) -> None:
        """Tell the sink what ended it."""
        self._leave()
        self._sink.error(encoded_errors([failure(error)]))

    def _outcome(self, item: Any) -> Outcome:
        if self._pending is None or self._pending[0] is not item:
            execution = self._membership.execution
            self._pending = item, execution.outcome_of(item, self._show)
        return self._pending[1]

    async def _drain(self) -> None:
        await self._sink.drained()
        self._draining = None
        self.resume()

    def _leave(self) -> None:
        self._membership.leave()
        if self._draining is not None:
            self._draining.cancel()
            self._draining = None
