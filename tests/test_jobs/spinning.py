"""CPU work for a process of the pool."""

import os
import time
from collections.abc import Iterator


def spin(seconds: float) -> Iterator[int]:
    """Yield this process' id, then keep its core busy without a pause."""
    yield os.getpid()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
