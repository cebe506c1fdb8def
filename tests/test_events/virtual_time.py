"""An event loop whose clock jumps to the next timer instead of waiting for it."""

import asyncio
import selectors
from collections.abc import Callable


class _Jumper(selectors.SelectSelector):
    """Lets time pass where a selector would wait; no file ever becomes ready."""

    def __init__(self) -> None:
        super().__init__()
        self.advance: Callable[[float], None] | None = None

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everything waits, and nothing is timed")
        if self.advance is not None:
            self.advance(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs hours of timers in no time; nothing in it may do real input or output."""

    def __init__(self) -> None:
        jumper = _Jumper()
        self._now = 0.0
        super().__init__(jumper)
        jumper.advance = self._advance

    def time(self) -> float:
        """Return the virtual seconds since the loop was made."""
        return self._now

    def _advance(self, seconds: float) -> None:
        self._now += max(seconds, 0.0)
