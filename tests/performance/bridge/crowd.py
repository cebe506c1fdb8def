"""Many sockets that watch jobs, held by another process; the benchmark's end of it."""

import asyncio
import multiprocessing
import subprocess
import sys
from array import array
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from typing import Final

from tests.performance.bridge.orders import (
    Aborted,
    Arrivals,
    Collect,
    Leave,
    Left,
    Order,
    Reached,
    Stall,
    Subscribe,
    Subscribed,
    Told,
    Trouble,
)
from tests.running import ROOT
from workers.embedded.process import ending_with_parent

PATIENCE_SECONDS: Final = 120.0
AT_ONCE: Final = 50
PEERS: Final = "tests.performance.bridge.peers"


@asynccontextmanager
async def crowd() -> AsyncIterator["Crowd"]:
    """Run the process of the sockets until the block's end."""
    ours, theirs = multiprocessing.Pipe()
    own = theirs.fileno()
    process = subprocess.Popen(
        ending_with_parent([sys.executable, "-m", PEERS, str(own)]),
        cwd=ROOT,
        pass_fds=[own],
        start_new_session=True,
    )
    theirs.close()
    found = Crowd(ours)
    try:
        yield found
    finally:
        found.close()
        process.kill()
        process.wait()


class Crowd:
    """What the sockets are ordered to do, and what they have seen."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._changed = asyncio.Event()
        self._trouble = ""
        self._subscribed = 0
        self._reached = 0
        self._arrivals: Arrivals | None = None
        self._left: Left | None = None
        self.aborted = 0
        asyncio.get_running_loop().add_reader(pipe.fileno(), self._hear)

    def close(self) -> None:
        """Give no more orders."""
        asyncio.get_running_loop().remove_reader(self._pipe.fileno())
        self._pipe.close()

    async def subscribe(
        self, port: int, job_ids: Sequence[str], count: int, seen: int
    ) -> None:
        """Open sockets, and wait until all have what a subscription begins with."""
        await self.open(port, job_ids, count, [seen])
        await self._until(lambda: self._subscribed == count)

    async def open(
        self,
        port: int,
        job_ids: Sequence[str],
        count: int,
        seen: Sequence[int],
        after: Sequence[str | None] = (None,),
        at_once: int = AT_ONCE,
        receive_buffer: int | None = None,
    ) -> None:
        """Open sockets, without waiting; see `Subscribe`."""
        self._subscribed = self._reached = self.aborted = 0
        self._order(
            Subscribe(
                port,
                count,
                list(job_ids),
                list(seen),
                list(after),
                at_once,
                receive_buffer,
            )
        )

    async def reach(self, number: int) -> None:
        """Wait until every socket that reads has the event of that number."""
        await self._until(lambda: self._reached >= number)

    async def is_subscribed(self, count: int) -> None:
        """Wait until so many sockets have what a subscription begins with."""
        await self._until(lambda: self._subscribed >= count)

    def stall(self, count: int) -> None:
        """Let so many sockets read nothing any more."""
        self._order(Stall(count))

    async def arrivals(self) -> dict[int, array[float]]:
        """Return when each event has arrived at the sockets since it was last asked."""
        self._arrivals = None
        self._order(Collect())
        await self._until(lambda: self._arrivals is not None)
        assert self._arrivals is not None
        return {n: array("d", data) for n, data in self._arrivals.times.items()}

    async def leave(self) -> int:
        """Close all sockets; return how many events they have received."""
        self._left = None
        self._order(Leave())
        await self._until(lambda: self._left is not None)
        assert self._left is not None
        return self._left.deliveries

    def _order(self, order: Order) -> None:
        self._pipe.send(order)

    def _hear(self) -> None:
        try:
            self._note(self._pipe.recv())
        except (EOFError, OSError):
            self._trouble = "the process of the sockets has ended"
            asyncio.get_running_loop().remove_reader(self._pipe.fileno())
        self._changed.set()

    def _note(self, told: Told) -> None:
        match told:
            case Subscribed(count):
                self._subscribed = count
            case Reached(number):
                self._reached = number
            case Arrivals():
                self._arrivals = told
            case Aborted():
                self.aborted += 1
            case Left():
                self._left = told
            case Trouble(what):
                self._trouble = what

    async def _until(self, holds: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not holds() and not self._trouble:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            self._trouble = (
                f"after {PATIENCE_SECONDS:.0f} s {self._subscribed} sockets have "
                f"subscribed, and all have event {self._reached}"
            )
        assert not self._trouble, self._trouble
