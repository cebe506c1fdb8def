"""The loops that tests of the HTTP side run on."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

type LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, LoopFactory]:
    """Run what hangs on a transport's buffer on both loops, the rest on the server's."""
    factories: dict[str, LoopFactory] = {"uvloop": uvloop.new_event_loop}
    if "interruptions" in item.nodeid:
        factories["asyncio"] = asyncio.new_event_loop
    return factories
