"""Keep a process running: start it again whenever it ends."""

import signal
import subprocess
import time
from typing import Protocol

from loguru import logger

from workers.embedded.server import ServerError

FIRST_WAIT_SECONDS = 0.2
LAST_WAIT_SECONDS = 30.0
# Who lives that long has not died at once: the waits begin anew.
STEADY_SECONDS = 10.0


class Managed(Protocol):
    """What can be kept: a process of ours or an embedded server."""

    name: str
    child: subprocess.Popen[bytes] | None

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the process without waiting for its readiness."""

    def stop(self) -> None:
        """End the process and whatever it left."""


class Keeper:
    """Watches one process that is running already."""

    def __init__(self, managed: Managed) -> None:
        self.managed = managed
        self.launched = time.monotonic()
        self.wait = 0.0
        self.due: float | None = None

    def check(self) -> bool:
        """Look once; tell whether the process was started again just now."""
        now = time.monotonic()
        if self.due is not None:
            return now >= self.due and self._launch()
        child = self.managed.child
        code = child.poll() if child is not None else None
        if code is not None:
            self._plan(f"ended ({describe(code)})")
        return False

    def _launch(self) -> bool:
        self.due = None
        self.launched = time.monotonic()
        try:
            self.managed.launch()
        except (ServerError, OSError) as error:
            self._plan(f"could not start ({error})")
            return False
        return True

    def _plan(self, event: str) -> None:
        now = time.monotonic()
        at_once = now - self.launched < STEADY_SECONDS
        longer = min(max(self.wait * 2, FIRST_WAIT_SECONDS), LAST_WAIT_SECONDS)
        self.wait = longer if at_once else FIRST_WAIT_SECONDS
        self.due = now + self.wait
        logger.warning(
            "{} {}, starts again in {:.1f} s", self.managed.name, event, self.wait
        )


def describe(code: int) -> str:
    """Say in words how a process ended: its exit code or the signal's name."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
