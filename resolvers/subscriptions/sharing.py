"""Executing each event once for all who asked the same, and encoding it once."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Final, Protocol

from graphql import ExecutionResult

from core.container import Container
from core.security import Caller
from events.cursor import encode_cursor
from events.readers.feed_reader import FeedEvent
from events.recorded import Happened
from resolvers.execution.documents import Prepared
from resolvers.execution.encoding import encoded
from resolvers.execution.executor import execute, failure
from resolvers.sink import Port
from resolvers.subscriptions.counts import SharingCounts
from resolvers.subscriptions.holdings import Holding, Holdings
from resolvers.subscriptions.interrupted import is_incomplete
from resolvers.subscriptions.key import SharingKey, sharing_key
from schema.context import Context

# What is reached through an id is as of delivery: a result is not kept for long.
KEPT_SECONDS: Final = 1.0
KEPT_RESULTS: Final = 64
RESUMED_AT_ONCE: Final = 256


class Waiter(Protocol):
    """Somebody who waits for an outcome."""

    def resume(self) -> None:
        """Look again."""


class Outcome:
    """One item's execution result as JSON, or those who wait for it.

    A broken one lacks something that was out of reach.
    """

    __slots__ = ("cursor", "is_broken", "payload", "waiters")

    def __init__(self, cursor: str) -> None:
        self.cursor = cursor
        self.payload: bytes | None = None
        self.is_broken = False
        self.waiters: list[Waiter] = []

    def fill(self, result: ExecutionResult) -> None:
        """Take the result."""
        if is_incomplete(result.errors or ()):
            self.is_broken = True
        else:
            self.payload = encoded(result)


class SharedExecution:
    """One operation, executed for each event that any of its members is sent.

    Its context knows what the members may see, and not who any of them is.
    """

    def __init__(
        self,
        prepared: Prepared,
        viewer: Caller,
        container: Container,
        counts: SharingCounts,
        show: Callable[[Any], Any],
    ) -> None:
        """`show` gives what the operation is executed on; see `EventSource`."""
        self.members = 0
        self.field = _root_field(prepared)
        self.counts = counts
        self._prepared = prepared
        self._viewer = viewer
        self._container = container
        self._show = show
        self._outcomes: OrderedDict[tuple[int, int], Outcome] = OrderedDict()
        self._working: set[asyncio.Task[None]] = set()
        self._forgetting: asyncio.TimerHandle | None = None
        # What most members ask for, a broken one as well: once for all of them.
        self._newest_item: Any = None
        self._newest_outcome = Outcome("")

    def broadcast[M](self, item: Any, ports: Mapping[M, Port]) -> Collection[M]:
        """Send an event to each port; return whose must be sent to singly.

        All deliveries to a crowd pass here: it calls as little as can be.
        """
        if self.members < 2:
            return tuple(ports)
        payload = self.outcome_of(item).payload
        if payload is None:
            return tuple(ports)
        refused = []
        for member, (offer, head) in ports.items():
            try:
                if not offer(head, payload):
                    refused.append(member)
            except Exception:  # which the member meets when it is sent to singly
                refused.append(member)
        self.counts.delivered += len(ports) - len(refused)
        return refused

    def outcome_of(self, item: Any) -> Outcome:
        """Return an item's outcome; that of an event is made once for all members."""
        if item is self._newest_item:
            return self._newest_outcome
        if self.members < 2 or not isinstance(item, Happened | FeedEvent):
            return self._execute(item)
        place = item.event.creation, item.event.sequence
        found = self._outcomes.get(place)
        if found is None or found.is_broken:
            found = self._outcomes[place] = self._execute(item)
            if len(self._outcomes) > KEPT_RESULTS:
                self._outcomes.popitem(last=False)
            if self._forgetting is None:
                loop = asyncio.get_running_loop()
                self._forgetting = loop.call_later(KEPT_SECONDS, self._forget)
        self._newest_item, self._newest_outcome = item, found
        return found

    def _execute(self, item: Any) -> Outcome:
        outcome = Outcome(encode_cursor(item.cursor))
        self.counts.executed += 1
        context = Context(self._viewer, self._container)
        try:
            result = execute(self._prepared, context, self._show(item))
        except Exception as error:  # of this event: it is passed, or nobody passes it
            result = _failed(error)
        if isinstance(result, ExecutionResult):
            self._fill(outcome, result)
        else:
            task = asyncio.create_task(self._finish(outcome, result))
            self._working.add(task)
            task.add_done_callback(self._working.discard)
        return outcome

    def _fill(self, outcome: Outcome, result: ExecutionResult) -> None:
        self.counts.failed += bool(result.errors)
        outcome.fill(result)

    async def _finish(
        self, outcome: Outcome, result: Awaitable[ExecutionResult]
    ) -> None:
        try:
            self._fill(outcome, await result)
        except Exception as error:
            self._fill(outcome, _failed(error))
        waiters, outcome.waiters = outcome.waiters, []
        for place, waiter in enumerate(waiters, start=1):
            waiter.resume()
            if place % RESUMED_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _forget(self) -> None:
        self._forgetting = self._newest_item = None
        self._newest_outcome = Outcome("")
        self._outcomes.clear()


def _failed(error: Exception) -> ExecutionResult:
    return ExecutionResult(None, [failure(error)])


class SharedExecutions:
    """Those of one gateway process."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._by_key: dict[SharingKey, SharedExecution] = {}
        self.counts = SharingCounts()
        self.holdings = Holdings()
        # How many subscriptions there are now, by their field.
        self.subscriptions: Counter[str] = Counter()

    def join(
        self, prepared: Prepared, caller: Caller, show: Callable[[Any], Any]
    ) -> "Membership":
        """Return a share in the execution of all who ask the same, and `show` the same.

        AppError LIMIT_EXCEEDED where the subscription would hold too much memory.
        """
        key = sharing_key(prepared, caller)
        holding = self.holdings.take(prepared, caller)
        found = self._by_key.get(key)
        if found is None:
            viewer = caller.as_viewer()
            found = SharedExecution(
                prepared, viewer, self._container, self.counts, show
            )
            self._by_key[key] = found
        found.members += 1
        self.subscriptions[found.field] += 1
        return Membership(self, key, found, holding)

    def leave(self, key: SharingKey, execution: SharedExecution) -> None:
        """Give a share back; an execution without any is dropped."""
        execution.members -= 1
        self.subscriptions[execution.field] -= 1
        if not execution.members:
            del self._by_key[key]

    def __len__(self) -> int:
        return len(self._by_key)


class Membership:
    """One subscription's share."""

    __slots__ = ("_all", "_holding", "_is_over", "_key", "execution")

    def __init__(
        self,
        executions: SharedExecutions,
        key: SharingKey,
        execution: SharedExecution,
        holding: Holding,
    ) -> None:
        self.execution = execution
        self._holding = holding
        self._all = executions
        self._key = key
        self._is_over = False

    def leave(self) -> None:
        """Give it back, once."""
        if not self._is_over:
            self._is_over = True
            self._all.holdings.leave(self._holding)
            self._all.leave(self._key, self.execution)


def _root_field(prepared: Prepared) -> str:
    """Return the name of a subscription's one field."""
    (details,) = prepared.fields.root.values()
    return details[0].node.name.value
