"""Events put straight into the real stream, as the relay would put them."""

import asyncio
from collections.abc import Callable

import nats.errors
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from events.recorded import EXPECTED_SEQUENCE
from events.subjects import EVENTS, job_filter
from tests.test_events.bodies import Rows, Written


async def publish(client: Client, rows: Rows, *events: Written) -> int:
    """Move events from the rows' outbox to the stream; return the last sequence."""
    sequence = 0
    for event in events:
        sequence = await send(client, event)
        if event in rows.outbox:
            rows.outbox.remove(event)
    return sequence


async def send(client: Client, event: Written) -> int:
    """Store one event behind its job's event before; wait for a NATS that is away."""
    jetstream = client.jetstream(timeout=2)
    async with asyncio.timeout(20):
        while True:
            try:
                before = await _newest(client, event.job_id)
                answer = await jetstream.publish(
                    event.subject,
                    event.data,
                    stream=EVENTS,
                    headers={
                        EXPECTED_SEQUENCE: str(before),
                        f"{EXPECTED_SEQUENCE}-Subject": job_filter(event.job_id),
                        "Nats-Msg-Id": f"{event.job_id}:{event.job_seq}",
                    },
                )
            except (nats.errors.Error, TimeoutError, OSError):
                await asyncio.sleep(0.05)
            else:
                return answer.seq


async def _newest(client: Client, job_id: str) -> int:
    jetstream = client.jetstream(timeout=2)
    try:
        found = await jetstream.get_msg(EVENTS, subject=job_filter(job_id))
    except NotFoundError as error:
        if error.err_code != 10037:
            raise
        return 0
    assert found.seq is not None
    return found.seq


async def eventually(look: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until `look` says yes; TimeoutError when it never does."""
    async with asyncio.timeout(seconds):
        while not look():
            await asyncio.sleep(0.01)


async def until[T](got: list[T], count: int, seconds: float = 20) -> None:
    """Wait until a list is that long, then a moment for what should not come."""
    await eventually(lambda: len(got) >= count, seconds)
    await asyncio.sleep(0.2)
