"""npm's graphql-ws client, as it is, against the running gateway."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.node import HERE, node
from tests.integration.gateway_process import READY, gateway_process
from tests.running import Running
from workers.embedded.state import free_port

pytestmark = pytest.mark.timeout(180)

SEEN = {"results": [{"data": {"__typename": "Query"}}]}


class Script:
    """The script as it runs: what it saw, one thing after another."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def sees(self) -> Any:
        """Return the next thing that it saw."""
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 60)
        assert line, "it saw no more"
        return json.loads(line)


@asynccontextmanager
async def _script(base_url: str, check: str) -> AsyncIterator[Script]:
    """Run one check of the script, to its end."""
    url = base_url.replace("http", "ws", 1) + "/graphql"
    process = await asyncio.create_subprocess_exec(
        *(node(), HERE / "graphql_ws.mjs", url, check),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield Script(process)
        rest, errors = await asyncio.wait_for(process.communicate(), 60)
        assert (rest, errors, process.returncode) == (b"", b"", 0)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _bad(message: str, code: str = "BAD_USER_INPUT") -> dict[str, Any]:
    error = {"message": message, "extensions": {"code": code}}
    return {"results": [], "error": [error]}


async def test_operations(running: Running) -> None:
    async with _script(running.base_url, "operations") as script:
        assert await script.sees() == SEEN
        assert await script.sees() == {"results": [{"data": {}}]}
        assert await script.sees() == {"results": [{"data": {"b": "Query"}}]}
        mutation = {"data": {"__typename": "Mutation"}}
        assert await script.sees() == {"results": [mutation]}
        syntax = "Syntax Error: Expected Name, found <EOF>."
        assert await script.sees() == _bad(syntax)
        assert await script.sees() == _bad("There is no such job.", "NOT_FOUND")


async def test_a_hundred_operations_share_a_socket(running: Running) -> None:
    async with _script(running.base_url, "multiplexing") as script:
        answers = [{f"a{number}": "Query"} for number in range(20)]
        assert await script.sees() == {"sockets": 1, "answers": answers}
        assert await script.sees() == {"right": 100}


async def test_its_pings_are_answered(running: Running) -> None:
    async with _script(running.base_url, "pings") as script:
        assert await script.sees() == {"received": True, "payload": None}


async def test_it_does_not_come_back_after_a_bad_message(running: Running) -> None:
    async with _script(running.base_url, "fatal") as script:
        error = {"code": 4400, "reason": "WebSocket message must be valid JSON"}
        assert await script.sees() == {"sockets": 1, "error": error}


async def test_it_comes_back_when_the_server_goes_down(
    migrated_url: str, nats_url: str, tmp_path: Path
) -> None:
    port = free_port()
    first = gateway_process(migrated_url, nats_url, tmp_path, port=port)
    second = gateway_process(migrated_url, nats_url, tmp_path, port=port)
    with first as gateway:
        await gateway.logs(READY)
        async with _script(gateway.base_url, "reconnect") as script:
            assert await script.sees() == SEEN
            gateway.program.terminate()
            assert await script.sees() == {"closed": 1012, "reason": "Going down"}
            await gateway.ended()
            with second as again:
                await again.logs(READY)
                assert await script.sees() == SEEN
                assert await script.sees() == {
                    "closed": 1000,
                    "reason": "Normal Closure",
                }


async def test_it_comes_back_when_there_is_a_place(
    migrated_url: str, nats_url: str, tmp_path: Path
) -> None:
    serving = gateway_process(
        migrated_url, nats_url, tmp_path, {"CONNECTIONS_PER_USER": "1"}
    )
    with serving as gateway:
        await gateway.logs(READY)
        async with _script(gateway.base_url, "overloaded") as script:
            assert await script.sees() == SEEN
            reason = "At most 1 connections of one user may be open"
            assert await script.sees() == {"closed": 1013, "reason": reason}
            assert await script.sees() == SEEN
