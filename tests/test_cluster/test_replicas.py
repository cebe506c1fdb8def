"""Streams whose replicas are raised, by several processes at once."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from nats.aio.client import Client

from core.errors import AppError
from events.streams import ensure_streams
from events.subjects import EVENTS, TASKS
from tests.test_cluster.nodes import Cluster, Overseer
from tests.test_core.work_queue import Queue, Recorder
from tests.test_events.bodies import Rows
from tests.test_events.conftest import connected, fresh_streams
from tests.test_events.outboxes import history, numbers
from tests.test_events.publishing import publish
from tests.test_jobs.plant import until


async def _ensured(client: Client, replicas: int) -> None:
    """Make the streams so, however often NATS does not answer in time."""

    async def look() -> bool:
        try:
            await ensure_streams(client, replicas)
        except TimeoutError:
            return False
        return True

    await until(look)


async def test_what_was_kept_once_is_kept_three_times(
    cluster: Cluster, client: Client
) -> None:
    overseer = Overseer(cluster, client)
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(connected(cluster.url)) for _ in range(4)
        ]
        await asyncio.gather(*(_ensured(one, 1) for one in clients))
        queue = Queue(cluster.url, client, client.jetstream())
        async with queue.worker(Recorder().task):
            await queue.put_job()
            await queue.empties()
        tasks = [await queue.put_job() for _ in range(20)]
        rows = Rows()
        events = history(rows, 10)
        await publish(client, rows, *events)

        await asyncio.gather(*(_ensured(one, 3) for one in clients))
        await overseer.all_is_whole()
        former = {await overseer.leader(TASKS), await overseer.leader(EVENTS)}
        other = next(node for node in cluster.nodes if node not in former)
        await overseer.gather(other, EVENTS, TASKS)

        recorder = Recorder()
        async with queue.worker(recorder.task):
            await recorder.has_run(20)
            await queue.empties()
        assert sorted(recorder.runs) == sorted(tasks)
        assert await numbers(client) == {events[0].job_id: list(range(1, 11))}


async def test_more_replicas_than_servers_are_refused_in_words(
    cluster: Cluster, client: Client
) -> None:
    await _ensured(client, 3)
    with pytest.raises(AppError) as refusal:
        await ensure_streams(client, 5)
    assert refusal.value.message.startswith(
        "NATS has too few servers for ONEMANAGE_NATS_REPLICAS=5: start more, or lower "
        "it (TASKS: no suitable peers for placement"
    )
