"""Clients that read nothing: they delay nobody, cost little, and are let go."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from nats.aio.client import Client
from websockets.frames import Opcode

from events.streams import ensure_streams
from events.subjects import EVENTS, Transition
from tests.integration.gateway_process import READY, GatewayProcess, gateway_process
from tests.integration.raw_sockets import RawSocket, frame, raw_socket, text
from tests.integration.sockets import Socket, dial
from tests.test_events.bodies import Rows
from tests.test_events.conftest import connected

pytestmark = pytest.mark.timeout(180)

WATCH = "subscription { events { cursor subject eventId at payload } }"
LIMIT_SECONDS = 3
LET_GO = "read nothing for 3 s"
MIB = 1024 * 1024
PROMPT_SECONDS = 2.0  # a delivery takes milliseconds; the machine may be busy


@pytest.fixture(scope="module")
def gateway(
    migrated_url: str, nats_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """Start a gateway that lets slow clients go after three seconds."""
    asyncio.run(_make_streams(nats_url))
    limit = {"SLOW_CLIENT_SECONDS": str(LIMIT_SECONDS)}
    directory = tmp_path_factory.mktemp("slow")
    with gateway_process(migrated_url, nats_url, directory, limit) as process:
        asyncio.run(process.logs(READY))
        yield process


async def _make_streams(nats_url: str) -> None:
    async with connected(nats_url) as client:
        await ensure_streams(client, 1)


@pytest.fixture
async def serving(gateway: GatewayProcess) -> AsyncIterator[GatewayProcess]:
    """Give the gateway without any clients; nothing may trouble it."""
    await gateway.has_sockets(0)
    gateway.forget_log()
    yield gateway
    assert gateway.troubles() == []


@pytest.fixture
async def client(nats_url: str) -> AsyncIterator[Client]:
    """Give a connection to NATS."""
    async with connected(nats_url) as client:
        yield client


async def _publish(client: Client, count: int) -> None:
    """Have that many jobs queued: events of some 800 bytes each."""
    rows, jetstream = Rows(), client.jetstream(timeout=10)
    events = [rows.emit(rows.add(), Transition.QUEUED) for _ in range(count)]
    for some in (events[at : at + 200] for at in range(0, count, 200)):
        await asyncio.gather(
            *(jetstream.publish(e.subject, e.data, stream=EVENTS) for e in some)
        )


async def _stalled(stack: AsyncExitStack, serving: GatewayProcess) -> RawSocket:
    """Open a subscription of which nothing will be read."""
    connecting = raw_socket(serving.base_url, receive_buffer=4096)
    socket = await stack.enter_async_context(connecting)
    await socket.init()
    await socket.subscribe("stalled", WATCH)
    await _begun(socket)
    return socket


async def _begun(socket: RawSocket) -> None:
    """Wait until a subscription that was asked for has begun."""
    await socket.subscribe("probe", "{ __typename }")
    assert (await socket.message())["type"] == "next"
    assert (await socket.message())["type"] == "complete"


async def _reading(stack: AsyncExitStack, serving: GatewayProcess) -> Socket:
    socket = await stack.enter_async_context(dial(serving.base_url))
    await socket.init()
    await socket.subscribe("reads", WATCH)
    await socket.subscribe("probe", "{ __typename }")
    assert (await socket.receive())["type"] == "next"
    assert (await socket.receive())["type"] == "complete"
    return socket


async def _received(socket: Socket, count: int) -> list[str]:
    found = []
    for _ in range(count):
        message = await socket.receive()
        found.append(message["payload"]["data"]["events"]["eventId"])
    return found


async def test_one_that_reads_nothing_delays_nobody_and_is_let_go(
    serving: GatewayProcess, client: Client
) -> None:
    count = 2000
    async with AsyncExitStack() as stack:
        readers = [await _reading(stack, serving) for _ in range(3)]
        # What is published is kept for all, and grows whoever reads.
        before = serving.memory()
        await _publish(client, count)
        for reader in readers:
            await _received(reader, count)
        grown_alone = serving.memory() - before
        stalled = [await _stalled(stack, serving) for _ in range(10)]
        await _publish(client, 1)
        for reader in readers:
            await _received(reader, 1)
        before = serving.memory()
        receiving = [asyncio.create_task(_received(one, count)) for one in readers]
        began = time.monotonic()
        await _publish(client, count)
        published = time.monotonic() - began
        first, *others = await asyncio.gather(*receiving)
        assert time.monotonic() - began < published + PROMPT_SECONDS
        assert len(set(first)) == count
        assert others == [first, first]
        # Ten times what was published would be 16 MiB and more on top.
        grown = serving.memory() - before
        assert grown < grown_alone + 5 * MIB, (grown, grown_alone)
        async with asyncio.timeout(60):
            while serving.log().count(LET_GO) < len(stalled):
                await asyncio.sleep(0.05)
        await serving.has_sockets(len(readers))
        for socket in stalled:
            assert await socket.closing() is None  # they never got as far as that
        await _publish(client, 1)
        for reader in readers:
            await _received(reader, 1)


async def test_one_that_reads_again_is_told_to_come_back(
    serving: GatewayProcess, client: Client
) -> None:
    async with AsyncExitStack() as stack:
        stalled = await _stalled(stack, serving)
        await _publish(client, 1500)
        await serving.logs(LET_GO)
        assert await stalled.closing() == (1013, "Nothing was read for 3 s")


async def test_one_that_reads_slowly_stays_and_misses_nothing(
    serving: GatewayProcess, client: Client
) -> None:
    count = 1500
    async with AsyncExitStack() as stack:
        slow = await _stalled(stack, serving)
        await _publish(client, count)
        found = []
        began = time.monotonic()
        for number in range(count):
            # Less than the limit in each wait, more than it in all of them.
            if number % 200 == 0:
                await asyncio.sleep(LIMIT_SECONDS / 4)
            message = await slow.message()
            found.append(message["payload"]["data"]["events"]["eventId"])
        assert time.monotonic() - began > LIMIT_SECONDS
        assert len(set(found)) == count
        await slow.subscribe("after", "{ __typename }")
        assert (await slow.message())["id"] == "after"
    assert LET_GO not in serving.log()


def _operation(query: str) -> Callable[[int], bytes]:
    def message(number: int) -> bytes:
        payload = {"query": query}
        id = f"{number:09}"
        return text({"type": "subscribe", "id": id, "payload": payload})

    return message


FLOODS: dict[str, Callable[[int], bytes]] = {
    "pings": lambda _: text({"type": "ping", "payload": {"x": "y" * 50}}),
    "large pings": lambda _: text({"type": "ping", "payload": {"x": "y" * 100_000}}),
    "ping frames": lambda _: frame(Opcode.PING, b"x" * 100),
    "bad operations": _operation("{ wrong }"),
    "queries": _operation("{ __schema { types { name description } } }"),
}


@pytest.mark.parametrize("name", FLOODS)
async def test_a_flood_from_one_that_reads_nothing_is_held_back(
    name: str, serving: GatewayProcess
) -> None:
    async with AsyncExitStack() as stack:
        connecting = raw_socket(serving.base_url, receive_buffer=4096)
        flooding = await stack.enter_async_context(connecting)
        await flooding.init()
        before = serving.memory()
        sent = 0
        with pytest.raises((TimeoutError, ConnectionError)):
            while sent < 100 * MIB:
                frames = [FLOODS[name](sent + n) for n in range(100)]
                async with asyncio.timeout(1):
                    await flooding.send(*frames)
                sent += sum(map(len, frames))
        grown = serving.memory() - before
        assert grown < 10 * MIB, grown
        await serving.logs(LET_GO)
        await serving.has_sockets(0)
