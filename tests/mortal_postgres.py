"""A PostgreSQL of one's own, to be killed, frozen, thawed and started again."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.programs import kill_tree, send, tree
from workers.embedded.postgres import PostgresServer


class MortalPostgres(PostgresServer):
    """One that tests take away from those who use it."""

    def kill(self) -> None:
        """Kill the server with all its processes."""
        assert self.child is not None
        kill_tree(self.child)

    async def restart(self) -> None:
        """Start the dead server again, without holding up the event loop."""
        self.launch()  # by this thread: the server ends with the thread that starts it
        async with asyncio.timeout(60):
            while not await asyncio.to_thread(self.is_ready):
                await asyncio.sleep(0.05)

    def freeze(self) -> None:
        """Stop all its processes where they stand, the one that starts others first."""
        assert self.child is not None
        send(tree(self.child.pid), signal.SIGSTOP)

    def thaw(self) -> None:
        """Let all its processes go on."""
        assert self.child is not None
        send(reversed(tree(self.child.pid)), signal.SIGCONT)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Be frozen for the block."""
        self.freeze()
        try:
            yield
        finally:
            self.thaw()
