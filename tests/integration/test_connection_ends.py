"""How connections end: by the server, by clients that vanish, and by limits."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode

from tests.integration.gateway_process import READY, GatewayProcess, gateway_process
from tests.integration.raw_sockets import RawSocket, frame, raw_socket, text
from tests.integration.sockets import dial
from workers.supervisor.commands import GATEWAY_GRACE

pytestmark = pytest.mark.timeout(180)

WATCH = 'subscription { events(subject: "nothing.>") { cursor } }'
BIG = "{ __schema { types { name description fields { name description } } } }"
INIT = text({"type": "connection_init"})
CONNECTIONS, OPERATIONS = 30, 5


@pytest.fixture
async def serving(
    migrated_url: str, nats_url: str, tmp_path: Path
) -> AsyncIterator[GatewayProcess]:
    """Serve by a process with low limits."""
    limits = {
        "CONNECTIONS_PER_USER": str(CONNECTIONS),
        "OPERATIONS_PER_CONNECTION": str(OPERATIONS),
        "CONNECTION_INIT_SECONDS": "1",
    }
    with gateway_process(migrated_url, nats_url, tmp_path, limits) as process:
        await process.logs(READY)
        yield process


async def _subscribed(stack: AsyncExitStack, url: str, **options: Any) -> RawSocket:
    own = await stack.enter_async_context(raw_socket(url, **options))
    await own.init()
    await own.subscribe("1", WATCH)
    await own.subscribe("2", "{ __typename }")
    assert (await own.message())["type"] == "next"
    assert (await own.message())["type"] == "complete"
    return own


async def test_at_the_end_of_the_server_all_are_told(serving: GatewayProcess) -> None:
    url = serving.base_url
    async with AsyncExitStack() as stack:
        sockets = [await _subscribed(stack, url) for _ in range(20)]
        # These read nothing of what they asked for, and never answer a goodbye.
        for _ in range(3):
            stalled = await _subscribed(stack, url, receive_buffer=4096)
            for number in range(OPERATIONS - 1):
                await stalled.subscribe(f"big {number}", BIG)
        unopened = await stack.enter_async_context(raw_socket(url))
        loop = asyncio.get_running_loop()
        serving.program.terminate()
        began = loop.time()
        endings = [asyncio.create_task(one.closing()) for one in [*sockets, unopened]]
        assert await serving.ended() == -signal.SIGTERM
        assert loop.time() - began < GATEWAY_GRACE
        assert set(await asyncio.gather(*endings)) == {(1012, "Going down")}
    assert serving.troubles() == []


async def _nothing(_own: RawSocket) -> None: ...


async def _opened(own: RawSocket) -> None:
    await own.init()


async def _amid_a_frame(own: RawSocket) -> None:
    await own.init()
    await own.send(text({"type": "ping"})[:-3])


async def _amid_an_operation(own: RawSocket) -> None:
    await own.send(INIT)
    await own.subscribe("1", WATCH)
    await own.subscribe("2", BIG)


async def _behind_a_bad_message(own: RawSocket) -> None:
    await own.send(INIT, text(b"?"))


async def _behind_a_goodbye(own: RawSocket) -> None:
    await own.send(INIT, frame(Opcode.CLOSE))


async def _behind_no_frame(own: RawSocket) -> None:
    await own.send(INIT, b"\xff\xff")


async def _amid_many_operations(own: RawSocket) -> None:
    await own.send(INIT)
    for number in range(50):
        await own.subscribe(str(number), (BIG, WATCH, "{", "{ wrong }")[number % 4])


MOMENTS = [
    _nothing,
    _opened,
    _amid_a_frame,
    _amid_an_operation,
    _behind_a_bad_message,
    _behind_a_goodbye,
    _behind_no_frame,
    _amid_many_operations,
]


async def test_clients_that_vanish_leave_no_trace(serving: GatewayProcess) -> None:
    for _ in range(5):
        for moment in MOMENTS:
            for is_reset in (False, True):
                async with raw_socket(serving.base_url) as own:
                    await moment(own)
                    if is_reset:
                        own.reset_on_close()
    await serving.has_sockets(0)
    # All places are free again.
    async with AsyncExitStack() as stack:
        for _ in range(CONNECTIONS):
            await _subscribed(stack, serving.base_url)
    await serving.has_sockets(0)
    assert serving.troubles() == []


async def test_limits(serving: GatewayProcess) -> None:
    url = serving.base_url
    await _one_connection_too_many(url)
    await serving.has_sockets(0)
    await _one_operation_too_many(url)
    async with dial(url) as silent:
        assert await silent.closing() == (4408, "Connection initialisation timeout")
    assert serving.troubles() == []


async def _one_connection_too_many(url: str) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(CONNECTIONS - 1):
            await _subscribed(stack, url)
        async with dial(url) as last:
            await last.init()
            async with dial(url) as further:
                await further.send({"type": "connection_init"})
                reason = f"At most {CONNECTIONS} connections of one user may be open"
                assert await further.closing() == (1013, reason)
        await _eventually_opens(url)


async def _eventually_opens(url: str) -> None:
    """Try until there is a place, as a client does that was told to come back."""
    async with asyncio.timeout(20):
        while True:
            async with dial(url) as again:
                await again.send({"type": "connection_init"})
                with suppress(ConnectionClosed):
                    assert await again.receive() == {"type": "connection_ack"}
                    return


async def _one_operation_too_many(url: str) -> None:
    message = f"At most {OPERATIONS} operations may run on one connection."
    error = {"message": message, "extensions": {"code": "LIMIT_EXCEEDED"}}
    async with dial(url) as own:
        await own.init()
        for number in range(OPERATIONS):
            await own.subscribe(str(number), WATCH)
        await own.subscribe("further", "{ __typename }")
        expected = {"id": "further", "type": "error", "payload": [error]}
        assert await own.receive() == expected
        await own.send({"type": "complete", "id": "0"})
        await own.subscribe("further", "{ __typename }")
        assert (await own.receive())["type"] == "next"
        assert await own.receive() == {"id": "further", "type": "complete"}
