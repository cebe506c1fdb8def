"""Things that happen to a job on a real stream, and what a client is to be told."""

from typing import Final

from nats.aio.client import Client

from core.base import utc_now
from events.cursor import EventCursor, Position
from events.live.hub import Hub
from events.subjects import EVENTS, Transition
from tests.test_events.bodies import Rows
from tests.test_events.publishing import eventually, publish

NOWHERE: Final = Position(0, -1, None)
# Of no stream that there is.
FOREIGN: Final = Position(1, 2, 3)


async def happen(client: Client, rows: Rows, job: str, count: int) -> None:
    """Have that many things happen to a job, and to another one in between."""
    other = rows.add()
    for _ in range(count):
        await publish(client, rows, rows.emit(job), rows.emit(other))


async def end(client: Client, rows: Rows, job: str) -> None:
    """Have a job succeed."""
    await publish(client, rows, rows.emit(job, Transition.COMPLETED))


async def caught_up(hub: Hub) -> None:
    """Wait until the hub has seen all that the log holds."""
    last = (await hub.log.state()).last
    await eventually(lambda: (hub.position or NOWHERE).sequence >= last)


async def deafen(client: Client) -> None:
    """Take the hub's consumer away: what comes now is delivered later."""
    jetstream = client.jetstream(timeout=5)
    for info in await jetstream.consumers_info(EVENTS):
        await jetstream.delete_consumer(EVENTS, info.name)


async def lose(client: Client, rows: Rows, job: str) -> None:
    """Publish a job's next event and lose it before anyone has seen it."""
    sequence = await publish(client, rows, rows.emit(job))
    assert await client.jetstream(timeout=5).delete_msg(EVENTS, sequence)


def mutation_cursor(hub: Hub, job: str) -> EventCursor:
    """Return the cursor of the mutation that starts a job now."""
    return EventCursor(utc_now(), hub.position, job, 0)


def words(first: int, last: int) -> list[str]:
    """Return what a subscription tells of the events from first to last."""
    return [f"event {number}" for number in range(first, last + 1)]
