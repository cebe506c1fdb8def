"""How far a connection is read, and how long an application waits for a body."""

import asyncio
from collections.abc import Callable
from typing import Literal

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class PacedFlow(FlowControl):
    """Reads no further while many requests wait, nor from what is closing."""

    is_crowded = False

    def pause_reading(self) -> None:
        """Read nothing for now."""
        if not self._transport.is_closing():
            super().pause_reading()

    def resume_reading(self) -> None:
        """Read on, if that may be."""
        if self.read_paused and not (self.is_crowded or self._transport.is_closing()):
            super().resume_reading()


class Arrival(asyncio.Event):
    """That more of a body has come; who waits for it does not wait for ever.

    It takes the place of a request's `message_event`. After so many seconds, in which
    nothing came though the application waits, `give_up` is called, which ends the waiting.
    """

    def __init__(
        self, cycle: RequestResponseCycle, seconds: float, give_up: Callable[[], None]
    ) -> None:
        super().__init__()
        self._cycle = cycle
        self._seconds = seconds
        self._give_up = give_up
        if cycle.message_event.is_set():
            self.set()

    async def wait(self) -> Literal[True]:
        """Wait for more, or for the client's end."""
        if self.is_set() or not self._cycle.more_body:
            return await super().wait()
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._seconds, self._give_up)
        try:
            return await super().wait()
        finally:
            timer.cancel()
