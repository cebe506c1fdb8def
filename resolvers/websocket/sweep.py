"""One timer for all connections."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

PERIOD_SECONDS: Final = 1.0


class Member(Protocol):
    """Who is to be called."""

    def tick(self) -> None:
        """Do what is due; called once a second."""


class Sweep:
    """Calls its members once a second, for as long as there are any."""

    def __init__(self) -> None:
        self._members: set[Member] = set()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._members)

    @contextmanager
    def including(self, member: Member) -> Iterator[None]:
        """Call a member while the block runs."""
        self._members.add(member)
        if self._timer is None:
            self._wind()
        try:
            yield
        finally:
            self._members.discard(member)
            if not self._members and self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _wind(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(PERIOD_SECONDS, self._call)

    def _call(self) -> None:
        self._wind()
        for member in list(self._members):
            member.tick()
