"""How a server without an event log hears of events: a line of JSON on its input."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

_READ_BYTES: Final = 65_536


@contextmanager
def told(hear: Callable[[dict[str, Any]], None]) -> Iterator[None]:
    """Call `hear` with each event while the block lasts."""
    loop = asyncio.get_running_loop()
    descriptor = sys.stdin.fileno()
    rest = b""

    def read() -> None:
        nonlocal rest
        data = os.read(descriptor, _READ_BYTES)
        if not data:
            loop.remove_reader(descriptor)
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            hear(json.loads(line))

    loop.add_reader(descriptor, read)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
