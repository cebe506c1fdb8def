"""What a subscription's resolver gives: where its events come from, and how they look."""

from collections.abc import AsyncIterator, Callable
from typing import Any, NoReturn

from events.live.hub import Hub
from events.readers.follower import Follower, Reader, Receiver
from schema.events import Delivery


class EventSource[Item, Shown]:
    """A reader of the log, and what shows its items; Operations follow it.

    `show` depends on the item alone: who watches is not known to it.
    """

    def __init__(
        self,
        hub: Hub,
        reader: Reader[Item],
        show: Callable[[Item], Shown],
        delivery: Delivery,
    ) -> None:
        self.show = show
        self._hub = hub
        self._reader = reader
        self._is_latest = delivery is Delivery.LATEST

    def follower(self, receiver: Receiver[Item]) -> Follower[Item]:
        """Return what moves the items to a receiver, once it is started."""
        return Follower(self._hub, self._reader, receiver, is_latest=self._is_latest)

    def __aiter__(self) -> AsyncIterator[Any]:
        """Be what GraphQL takes for a source of events."""
        return self

    async def __anext__(self) -> NoReturn:
        raise TypeError("a source of events is followed, not iterated")
