"""Delivery: what one who falls behind is spared, and what nobody is."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest

from core.security import Caller
from events.cursor import decode_cursor
from events.schemas import decode, encode
from events.subjects import EVENTS, Transition
from tests.integration.people import Stage
from tests.integration.raw_sockets import RawSocket, raw_socket
from tests.test_events.bodies import Rows, Written

pytestmark = pytest.mark.timeout(120)

FEED = """
subscription {
  jobFeed%s { __typename cursor job { id kind status createdAt startedAt cursor
    progress { fraction stage done total etaSeconds message } } }
}
"""
JOBS, STEPS = 4, 500


def _progressed(written: Written) -> Written:
    """Put into an event's body what a worker would have told."""
    body = decode(written.data)
    assert body.job
    told = msgspec.structs.replace(body, progress=body.job.progress)
    return msgspec.structs.replace(written, data=encode(told))


def _written(owner: Caller) -> list[Written]:
    """Return events of some jobs in turn: progress, now and then a retry, an end."""
    rows = Rows()
    jobs = [rows.add(owner.user_id) for _ in range(JOBS)]
    kinds = [
        Transition.STARTED if step % 50 == 0 else Transition.PROGRESSED
        for step in range(STEPS)
    ]
    return [
        _progressed(rows.emit(job_id, kind))
        for kind in (*kinds, Transition.COMPLETED)
        for job_id in jobs
    ]


async def _stalled(
    stack: AsyncExitStack, stage: Stage, arguments: str
) -> Callable[[int], Awaitable[list[Any]]]:
    """Subscribe, and read nothing until the answer is called: up to so many ends."""
    connecting = raw_socket(stage.gateway.base_url, receive_buffer=4096)
    socket = await stack.enter_async_context(connecting)
    await socket.init()
    await socket.subscribe("feed", FEED % arguments)
    await socket.subscribe("probe", "{ __typename }")
    assert (await socket.message())["id"] == "probe"
    assert (await socket.message())["type"] == "complete"

    async def read(ends: int) -> list[Any]:
        return await _read(socket, ends)

    return read


async def _read(socket: RawSocket, ends: int) -> list[Any]:
    seen: list[Any] = []
    while sum(event["__typename"] == "JobSucceeded" for event in seen) < ends:
        message = await socket.message()
        assert message["type"] == "next", message
        seen.append(message["payload"]["data"]["jobFeed"])
    return seen


async def test_one_who_falls_behind_is_spared_stale_progress_and_nothing_else(
    stage: Stage,
) -> None:
    one = await stage.member()
    stage.gateway.call_as(one)
    written = _written(one)
    async with AsyncExitStack() as stack:
        arguments = ("", "(delivery: LATEST)", "(delivery: ALL)")
        readers = [await _stalled(stack, stage, given) for given in arguments]
        jetstream = stage.site.client.jetstream(timeout=10)
        for event in written:
            await jetstream.publish(event.subject, event.data, stream=EVENTS)
        unsaid, latest, whole = [await read(JOBS) for read in readers]
    assert [_number(event) for event in whole] == [
        (event.job_id, event.job_seq) for event in written
    ]
    for spared in (unsaid, latest):
        assert len(spared) < len(whole) / 2
        # The same sequence, less some.
        rest = iter(whole)
        assert all(event in rest for event in spared)
        assert _told(spared) == _told(whole)


def _number(event: Any) -> tuple[str, int]:
    cursor = decode_cursor(event["cursor"])
    assert cursor.job_id == event["job"]["id"]
    return event["job"]["id"], cursor.job_seq


def _told(events: list[Any]) -> list[Any]:
    """Leave progress out."""
    return [event for event in events if event["__typename"] != "JobProgressed"]
