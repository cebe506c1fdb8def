"""How late the event loop is: what else waits for it waits so long as well."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from resolvers.counting import Durations

PERIOD_SECONDS: Final = 0.25


class LoopLag:
    """Asks to be called four times a second, and measures how late that is."""

    def __init__(self) -> None:
        self.durations = Durations()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Measure while the block runs."""
        self._wind()
        try:
            yield
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def _wind(self) -> None:
        loop = asyncio.get_running_loop()
        self._due = monotonic() + PERIOD_SECONDS
        self._timer = loop.call_later(PERIOD_SECONDS, self._measure)

    def _measure(self) -> None:
        self.durations.add(max(monotonic() - self._due, 0.0))
        self._wind()
