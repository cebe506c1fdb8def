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
        if not self.is_crowded and not self._transport.is_closing():
            super().resume_reading()


class Arrival(asyncio.Event):
    """That more of a body has come; who waits for it does not wait for ever.

    It takes the place of a request's `message_event`. After so many seconds, in which
    nothing came though the application waits, `give_up` is called.
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
        if self._cycle.more_body:
            try:
                async with asyncio.timeout(self._seconds):
                    return await super().wait()
            except TimeoutError:
                self._give_up()
        return await super().wait()
